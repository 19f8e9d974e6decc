"""The stub authenticator app: the current code of the invented operator."""

import base64
import re

import pytest
from django.test import Client

from portal.demo import people
from portal.identity.models import StaffTotp, User
from tests.identity.staff.staff_door import give_code, give_password

pytestmark = pytest.mark.django_db


def test_what_the_page_shows_opens_the_staffs_door(client):
    user = User.objects.create_staff(people.STAFF_USERNAME, people.STAFF_PASSWORD)
    StaffTotp.enrol(user, base64.b32decode(people.STAFF_TOTP_SECRET))
    page = client.get("/prova/app/").content.decode()
    first, second = re.search(r"<span>(\d{3})</span><span>(\d{3})</span>", page).groups()
    staff = Client()
    give_password(staff, people.STAFF_PASSWORD, people.STAFF_USERNAME)
    assert give_code(staff, first + second).status_code == 302


def test_the_staffs_door_leads_to_it_in_the_demonstration_only(client, settings):
    assert "/prova/app/" in client.get("/operatori/accesso/").content.decode()
    settings.DEMO = False
    assert "/prova/app/" not in client.get("/operatori/accesso/").content.decode()
