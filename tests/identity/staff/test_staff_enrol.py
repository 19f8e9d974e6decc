"""Enrolment of an operator: an app, a new password, recovery codes shown once; and the recovery of a lost telephone."""

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from portal.identity.models import StaffRecoveryCode, StaffTotp, User
from portal.journal.models import Entry
from tests.identity import door
from tests.identity.staff.staff_door import LOGIN, PASSWORD, SECRET, code_at, give_code, give_password

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.identity.guarded_urls")]

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ENROL, RECOVERY, OWN = "/operatori/accesso/attiva/", "/operatori/accesso/recupero/", "/operatori/mio-accesso/"
STAFF = "/guarded/staff/"
CODE_SHAPE = r"\b[2-9A-Z]{5}-[2-9A-Z]{5}\b"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def secret_on(page: str) -> bytes:
    return base64.b32decode(re.search(r'class="mono secret">(\w+)<', page)[1])


def enrol(client: Client, **fields: str) -> str:
    """Submits password, QR and first code; returns the page with the recovery codes."""
    give_password(client, next=STAFF)
    secret = secret_on(client.get(ENROL).content.decode())
    return client.post(ENROL, {"code": code_at(datetime.now(UTC), secret), **fields}).content.decode()


def codes_on(page: str) -> list[str]:
    return re.findall(CODE_SHAPE, page)


def test_the_qr_is_drawn_on_the_server_and_carries_nothing_that_the_policy_stops(client, carla):
    give_password(client)
    page = client.get(ENROL).content.decode()
    drawing = re.search(r"<svg[^>]*>.*?</svg>", page.split('class="qr-box"')[1], re.DOTALL)[0]
    assert "style" not in drawing
    assert "http" not in drawing.replace("http://www.w3.org/2000/svg", "")


def test_the_page_needs_the_password_first(client, carla):
    assert client.get(ENROL, follow=True).redirect_chain[-1][0] == LOGIN


def test_the_first_code_makes_the_app_the_second_factor_and_lets_in(client, carla):
    page = enrol(client)
    assert len(set(codes_on(page))) == 10
    assert f'href="{STAFF}"' in page
    assert client.get(STAFF).status_code == 200
    assert Entry.objects.get().verb == "staff.enrolled"


def test_the_recovery_codes_are_nowhere_in_the_database(client, carla):
    codes = codes_on(enrol(client))
    kept = " ".join(StaffRecoveryCode.objects.values_list("code_hash", flat=True))
    assert not [code for code in codes if code in kept or code.replace("-", "") in kept]


def test_a_wrong_first_code_shows_the_same_secret_again_and_lets_nobody_in(client, carla):
    give_password(client)
    before = secret_on(client.get(ENROL).content.decode())
    wrong = "000000" if code_at(NOON, before) != "000000" else "000001"
    page = client.post(ENROL, {"code": wrong}).content.decode()
    assert secret_on(page) == before
    assert not StaffTotp.objects.filter(confirmed=True).exists()
    assert not door.signed_in(client)


def test_who_has_an_app_cannot_enrol_another(client, carla):
    StaffTotp.enrol(carla, SECRET)
    give_password(client)
    assert client.get(ENROL)["Location"] == "/operatori/accesso/codice/"
    assert client.post(ENROL, {"code": "123456"}).status_code == 302
    assert StaffTotp.objects.count() == 1


def test_who_was_given_the_password_must_choose_another(client, carla):
    User.objects.filter(pk=carla.pk).update(password_given_at=NOON)
    for choice, sentence in (("", "Scegli la tua password"), (PASSWORD, "provvisoria"), ("corta", "12")):
        assert sentence in enrol(Client(), new_password=choice)
    assert not StaffTotp.objects.filter(confirmed=True).exists()
    assert codes_on(enrol(client, new_password="tutta mia e lunga"))
    carla.refresh_from_db()
    assert carla.check_password("tutta mia e lunga")
    assert carla.password_given_at is None
    assert client.get(STAFF).status_code == 200


def test_a_given_password_opens_nothing_after_three_days(client, carla, clock):
    User.objects.filter(pk=carla.pk).update(password_given_at=NOON)
    clock.shift(timedelta(days=3))
    assert "non corretti" in give_password(client).content.decode()


# --- a lost telephone


@pytest.fixture
def codes(carla) -> list[str]:
    StaffTotp.enrol(carla, SECRET)
    return StaffRecoveryCode.renew(carla, NOON)


def test_a_recovery_code_opens_once(codes):
    for lets_in in (True, False):
        client = Client()
        give_password(client, next=STAFF)
        client.post(RECOVERY, {"code": codes[0].lower()})
        assert door.signed_in(client) is lets_in
    assert Entry.objects.get().verb == "staff.recovered"


def test_a_recovery_code_alone_is_not_enough(client, codes):
    assert client.post(RECOVERY, {"code": codes[0]}, follow=True).redirect_chain[-1][0] == LOGIN
    assert not door.signed_in(client)


def test_a_wrong_recovery_code_makes_one_wait_as_a_wrong_code_of_the_app_does(client, codes, carla):
    give_password(client)
    assert "non è corretto" in client.post(RECOVERY, {"code": "AAAAA-AAAAA"}).content.decode()
    assert "non è stato controllato" in client.post(RECOVERY, {"code": codes[0]}).content.decode()
    assert "non è stato controllato" in give_code(client, code_at(NOON)).content.decode()
    assert not door.signed_in(client)


def test_the_recovery_code_of_somebody_else_opens_nothing(client, codes):
    other = User.objects.create_staff("olga", PASSWORD)
    other_codes = StaffRecoveryCode.renew(other, NOON)
    give_password(client)
    client.post(RECOVERY, {"code": other_codes[0]})
    assert not door.signed_in(client)


def test_new_codes_take_the_place_of_the_old_for_who_shows_the_app_again(client, codes, clock):
    give_password(client)
    give_code(client, code_at(NOON))
    clock.shift(60)
    assert not codes_on(client.post(f"{OWN}codici/", {"code": "000000"}).content.decode())
    clock.shift(60)
    page = client.post(f"{OWN}codici/", {"code": code_at(NOON + timedelta(minutes=2))}).content.decode()
    assert len(codes_on(page)) == 10
    assert not set(codes_on(page)) & set(codes)
    assert StaffRecoveryCode.objects.count() == 10
