"""The brake on logins begun: per place and in all, with Retry-After; those under way go on."""

import pytest
from django.test import Client
from django.utils import timezone

from portal.identity.models import LoginTransaction
from portal.identity.people import login_brake
from tests.identity import door

pytestmark = pytest.mark.django_db

START = "/accesso/spid/avvia/"


@pytest.fixture(autouse=True)
def _low(settings):
    settings.LOGINS_FROM_A_PLACE, settings.LOGINS_IN_ALL = 3, 5


def begin(address: str) -> int:
    return Client(REMOTE_ADDR=address).post(START).status_code


def test_a_place_that_begins_too_many_waits_and_the_others_do_not():
    assert [begin("192.0.2.1") for _ in range(4)] == [302, 302, 302, 429]
    assert begin("192.0.2.2") == 302
    assert LoginTransaction.objects.count() == 4


def test_the_refusal_says_when_to_come_back_in_words_and_in_the_header():
    for _ in range(3):
        begin("192.0.2.1")
    answer = Client(REMOTE_ADDR="192.0.2.1").post(START)
    assert 0 < int(answer["Retry-After"]) <= 300
    assert "Troppi accessi cominciati" in answer.content.decode()


def test_one_ipv6_line_is_one_place():
    assert [begin(f"2001:db8:1:2::{n}") for n in range(4)][-1] == 429


def test_all_together_have_a_limit_too():
    assert [begin(f"192.0.2.{n}") for n in range(6)] == [302] * 5 + [429]


def test_after_the_window_it_is_free_again(time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    for _ in range(3):
        begin("192.0.2.1")
    at = login_brake.not_before("192.0.2.1", timezone.now())
    assert at == timezone.now() + login_brake.WINDOW
    time_machine.move_to(at, tick=False)
    assert begin("192.0.2.1") == 302


def test_a_login_under_way_ends_well_while_its_place_is_braked(anna):
    client = Client(REMOTE_ADDR="192.0.2.1")
    fields = door.begin(client)
    for _ in range(4):
        begin("192.0.2.1")
    client.post(door.answer_url(), fields)
    assert door.signed_in(client)


def test_the_place_is_not_written_in_clear():
    begin("192.0.2.1")
    assert "192.0.2.1" not in str(LoginTransaction.objects.values().get())
