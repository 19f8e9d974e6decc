"""The access decorators: each kind of person at each kind of page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.identity.roles import StaffRole
from tests.conftest import sign_in
from tests.identity import door

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.identity.guarded_urls")]

PERSON, FRESH, STAFF, SECURITY = "/guarded/person/", "/guarded/fresh/", "/guarded/staff/", "/guarded/sicurezza/"


@pytest.mark.parametrize(
    ("page", "to"),
    [
        (PERSON, "/accesso/?next=%2Fguarded%2Fperson%2F%3Fa%3D1"),
        (FRESH, "/accesso/?next=%2Fguarded%2Ffresh%2F%3Fa%3D1"),
        (STAFF, "/operatori/accesso/?next=%2Fguarded%2Fstaff%2F%3Fa%3D1"),
    ],
)
def test_nobody_is_sent_to_the_right_door_and_back(client, page, to):
    response = client.get(page, {"a": "1"})
    assert (response.status_code, response["Location"]) == (302, to)


def test_a_person_opens_the_pages_of_people_and_not_those_of_the_staff(anna_client):
    assert anna_client.get(PERSON).status_code == 200
    assert anna_client.get(STAFF).status_code == 403


def test_a_stranger_with_an_identity_opens_no_page_of_the_staff(dario_client):
    assert dario_client.get(STAFF).status_code == 403


def test_the_staff_open_their_pages_and_not_those_of_people(carla_client):
    assert carla_client.get(STAFF).status_code == 200
    assert carla_client.get(PERSON).status_code == 403
    assert carla_client.get(FRESH).status_code == 403


def test_the_staff_without_a_role_open_no_page(operator):
    page = operator().get(STAFF)
    assert page.status_code == 403
    assert "«lettura»" in page.content.decode()


@pytest.mark.parametrize("role", StaffRole.values)
def test_every_role_may_look(operator, role):
    assert operator(role).get(STAFF).status_code == 200


@pytest.mark.parametrize("role", StaffRole.values)
def test_only_the_role_that_a_page_names_opens_it(operator, role):
    page = operator(role).get(SECURITY)
    assert page.status_code == (200 if role == "sicurezza" else 403)
    assert ("«sicurezza»" in page.content.decode()) == (role != "sicurezza")


def test_a_role_taken_away_is_gone_at_the_next_page(carla, carla_client):
    carla.groups.clear()
    assert carla_client.get(STAFF).status_code == 403


def test_the_password_alone_opens_no_page_of_the_staff(carla):
    client = Client()
    client.force_login(carla, backend="portal.identity.backends.StaffBackend")
    assert client.get(STAFF).status_code == 403


def test_an_identity_shown_ten_minutes_ago_is_still_fresh(anna):
    client = sign_in(Client(), anna, at=timezone.now() - timedelta(minutes=9, seconds=50))
    assert client.get(FRESH).status_code == 200


def test_after_ten_minutes_the_identity_is_asked_for_again(anna):
    client = sign_in(Client(), anna, at=timezone.now() - timedelta(minutes=10, seconds=1))
    response = client.get(FRESH)
    assert response["Location"] == "/accesso/?next=%2Fguarded%2Ffresh%2F&di-nuovo=1"
    page = client.get(response["Location"]).content.decode()
    assert page.count('value="/guarded/fresh/"') == 3


def test_having_shown_the_identity_again_one_is_back_on_the_page(anna):
    client = sign_in(Client(), anna, at=timezone.now() - timedelta(hours=2))
    assert client.get(FRESH).status_code == 302
    response = door.enter(client, next_url=FRESH)
    assert client.get(response["Location"]).content == b"dentro"


def test_a_form_sent_too_late_goes_back_to_the_page_that_held_it(anna):
    client = sign_in(Client(), anna, at=timezone.now() - timedelta(hours=2))
    response = client.post(FRESH, headers={"referer": "http://testserver/servizi/4512/?x=1"})
    assert response["Location"] == "/accesso/?next=%2Fservizi%2F4512%2F&di-nuovo=1"


def test_a_form_sent_from_another_site_does_not_choose_where_one_lands(anna):
    client = sign_in(Client(), anna, at=timezone.now() - timedelta(hours=2))
    response = client.post(FRESH, headers={"referer": "https://example.org/servizi/"})
    assert "example" not in response["Location"]


def test_a_person_who_is_disabled_is_out_at_the_next_page(anna, anna_client):
    anna.is_active = False
    anna.save()
    assert anna_client.get(PERSON).status_code == 302


def test_staff_who_are_disabled_are_out_at_the_next_page(carla, carla_client):
    carla.is_active = False
    carla.save()
    assert carla_client.get(STAFF).status_code == 302
