"""The letter about a login from a browser never seen: to whom, how often, and who does not want it."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from pharmacies.models import MailCertification
from portal.identity.models import PersonSession, User
from portal.identity.people import devices
from portal.outbox.models import OutgoingMail
from tests.conftest import make_pharmacy, make_titolare
from tests.identity import door
from tests.pharmacies.letters import text_of

pytestmark = pytest.mark.django_db


def browser() -> Client:
    return Client(headers={"user-agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"}, REMOTE_ADDR="192.0.2.17")


def letters() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(subject__startswith="Accesso da un browser nuovo").order_by("pk"))


def test_the_pharmacy_is_told_once_of_a_browser_never_seen(certified):
    client = browser()
    door.enter(client)
    (letter,) = letters()
    assert letter.recipient == certified.address
    client.post("/uscita/")
    door.enter(client)
    assert len(letters()) == 1
    assert PersonSession.objects.exclude(told_at=None).count() == 1


def test_another_browser_within_a_week_is_not_told_again(certified):
    door.enter(browser())
    door.enter(browser())
    assert len(letters()) == 1
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        door.enter(browser())
    assert len(letters()) == 2


def test_a_person_who_does_not_want_it_is_not_told(certified):
    client = browser()
    door.enter(client)
    client.post("/miei-accessi/avvisi/", {"avvisi": "0"})
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        door.enter(browser())
        assert len(letters()) == 1


def test_a_mailbox_of_two_pharmacies_gets_one_letter_that_names_both(anna, certified):
    other = make_pharmacy("23456", "Farmacia Al Ponte")
    make_titolare(anna, other)
    MailCertification.objects.create(
        pharmacy=other, address=certified.address, address_key=certified.address_key, requested_by=anna, certified_at=timezone.now(),
        requested_at=timezone.now(),
    )  # fmt: skip
    door.enter(browser())
    (letter,) = letters()
    text = text_of(letter)
    assert "Al Ponte" in text
    assert "San Marco" in text


def test_without_an_address_nobody_is_told_and_the_next_one_may_be(anna):
    door.enter(browser())
    assert letters() == []
    assert not PersonSession.objects.exclude(told_at=None).exists()


@pytest.mark.parametrize("value", ["", "x", "WyJhIl0:1abc:def"])
def test_a_changed_cookie_is_a_browser_never_seen(certified, value):
    client = browser()
    client.cookies[devices.cookie_name()] = value
    door.enter(client)
    assert len(letters()) == 1


def test_a_browser_knows_the_people_who_came_in_and_no_others(anna, certified, rf):
    client = browser()
    door.enter(client)
    request = rf.get("/")
    request.COOKIES = {name: morsel.value for name, morsel in client.cookies.items()}
    assert devices.knows(request, anna)
    assert not devices.knows(request, User.objects.for_person("VRDLGI80A01H501X", "Luigi", "Verdi"))
