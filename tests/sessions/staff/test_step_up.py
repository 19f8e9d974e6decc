"""Grave acts of the staff ask for the second factor again when the last is older than ten minutes."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from portal.identity.models import LoginRecord, StaffTotp, User
from portal.identity.staff_step_up import StepUp
from portal.journal.models import Entry
from tests.conftest import sign_in_staff
from tests.identity.staff.staff_door import code_at, give_code, give_password
from tests.sessions.staff.test_who_may_do_what import addresses, patterns

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PAGE, NEW = "/operatori/accesso/conferma/", "/operatori/utenti/nuovo/"
SECRET = b"0" * 20  # of the app of sign_in_staff
OLGA = {"username": "olga", "given_name": "Olga", "family_name": "Blu", "roles": ["lettura"], "territory": "042"}
GUARDED = {
    "identity:operator": StepUp.PAGE, "identity:operator_new": StepUp.PAGE, "identity:operator_disable": StepUp.PAGE,
    "identity:operator_enable": StepUp.PAGE, "identity:operator_reset": StepUp.PAGE,
    "identity:staff_mailbox": StepUp.PAGE, "identity:staff_passkeys": StepUp.PAGE,
    "staff:person_stop": StepUp.PAGE, "staff:person_readmit": StepUp.PAGE, "staff:person_sessions": StepUp.PAGE,
    "identity:staff_passkey_remove": StepUp.PAGE, "staff:bulk": StepUp.PAGE, "staff:retry_job": StepUp.PAGE,
    "staff:sheet": StepUp.FILE, "staff:utenze_sheet": StepUp.FILE, "staff:job_sheet": StepUp.FILE,
    "staff:invite_sheet": StepUp.FILE, "staff:without_id_sheet": StepUp.FILE, "staff:outbox_csv": StepUp.FILE, "staff:journal_csv": StepUp.FILE,
    "staff:context": StepUp.PAGE, "staff:add_context": StepUp.PAGE, "staff:context_types": StepUp.PAGE,
    "staff:context_date": StepUp.PAGE, "staff:without_id_warn": StepUp.PAGE,
    "staff:new_certificate": StepUp.PAGE, "staff:retire_certificate": StepUp.PAGE,
}  # fmt: skip


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def late(carla_client, clock) -> Client:
    """Carla's browser ten minutes and a second after the login."""
    clock.shift(timedelta(minutes=10, seconds=1))
    return carla_client


def now_code() -> str:
    return code_at(datetime.now(UTC), SECRET)


def confirm(client: Client, redirect: object, code: str | None = None):
    """Gives the code on the page to which `asked` redirects."""
    page = client.get(redirect["Location"])
    wanted = re.search(r'name="next" value="([^"]*)"', page.content.decode())[1].replace("&amp;", "&")
    return client.post(PAGE, {"code": code or now_code(), "next": wanted})


def test_every_grave_page_is_guarded_and_no_other():
    found = {name: step_up for name, _, view in patterns() if (step_up := getattr(view, "staff_step_up", None))}
    assert found == GUARDED


def test_late_each_of_them_asks_at_the_page_and_at_its_post_and_does_nothing(late, san_marco):
    walked = 0
    for name, address in addresses():
        if name in GUARDED:
            for answer in (late.get(address), late.post(address, {"motivo": "prova", "conferma": "sì"})):
                assert answer.status_code == 302, name
                assert answer["Location"].startswith(f"{PAGE}?next="), name
                walked += 1
    assert walked == 2 * len(GUARDED)
    assert not Entry.objects.exists()


def test_ten_minutes_after_the_login_none_asks(carla_client, clock, san_marco):
    clock.shift(timedelta(minutes=10))
    for name, address in addresses():
        if name in GUARDED:
            assert PAGE not in carla_client.get(address).get("Location", ""), name


def test_the_login_counts_as_the_second_factor(carla, clock):
    StaffTotp.enrol(carla, SECRET)
    client = Client()
    give_password(client)
    give_code(client, now_code())
    assert client.get(NEW).status_code == 200
    clock.shift(timedelta(minutes=10, seconds=1))
    assert client.get(NEW)["Location"] == f"{PAGE}?next=%2Foperatori%2Futenti%2Fnuovo%2F"


def test_after_the_code_the_operator_is_on_the_page_and_is_not_asked_for_ten_minutes(late, clock):
    assert confirm(late, late.get(f"{NEW}?a=1"))["Location"] == f"{NEW}?a=1"
    assert late.get(NEW).status_code == 200
    clock.shift(timedelta(minutes=10, seconds=1))
    assert late.get(NEW).status_code == 302


def test_a_form_sent_too_late_waits_and_is_sent_by_a_button(late):
    page = confirm(late, late.post(NEW, OLGA | {"roles": ["lettura", "assistenza"]})).content.decode()
    assert not User.objects.filter(username="olga").exists()
    assert f'action="{NEW}"' in page
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.split("<main")[1])
    posted: dict[str, list[str]] = {}
    for name, value in fields:
        posted.setdefault(name, []).append(value)
    assert "Olga" in posted["given_name"]
    late.post(NEW, posted)
    assert User.objects.get(username="olga").roles == {"lettura", "assistenza"}


def test_the_waiting_form_is_of_its_page_only_and_is_used_once(late):
    late.post(NEW, OLGA)
    answer = late.post(PAGE, {"code": now_code(), "next": "/operatori/contesti/nuovo/"})
    assert answer["Location"] == "/operatori/contesti/nuovo/"


def test_after_the_code_of_a_download_the_operator_is_on_the_page_with_the_link(late):
    referer = {"referer": "http://testserver/operatori/posta/?stato=rifiutati"}
    redirect = late.get("/operatori/posta/csv/?stato=rifiutati", headers=referer)
    assert confirm(late, redirect)["Location"] == "/operatori/posta/?stato=rifiutati"
    assert late.get("/operatori/posta/csv/")["Content-Type"].startswith("text/csv")


def test_another_site_does_not_choose_where_the_operator_lands(late):
    redirect = late.get("/operatori/posta/csv/", headers={"referer": "https://example.org/"})
    assert "example" not in redirect["Location"]
    for elsewhere in ("https://example.org/", "//example.org", "/\\example.org"):
        assert late.post(PAGE, {"code": "000000", "next": elsewhere}).content.decode().count("example.org") == 0


def test_a_wrong_code_is_traced_makes_wait_and_opens_nothing(late, carla, clock):
    wrong = next(code for code in ("000000", "000001") if code != now_code())
    page = confirm(late, late.get(NEW), wrong).content.decode()
    assert "Il codice non è corretto" in page
    assert "non è stato controllato" in confirm(late, late.get(NEW)).content.decode()
    assert late.get(NEW).status_code == 302
    outcomes = LoginRecord.objects.order_by("pk").values_list("outcome", "user")
    assert list(outcomes) == [("wrong-code", carla.pk), ("code-too-soon", carla.pk)]


def test_the_role_is_asked_before_the_code(operator, clock):
    client = operator("lettura")
    clock.shift(timedelta(hours=1))
    client.get("/operatori/mio-accesso/")
    client = operator("assistenza")
    clock.shift(timedelta(minutes=11))
    assert client.get(NEW).status_code == 403


def test_a_session_that_began_an_hour_ago_is_not_recent(carla):
    client = sign_in_staff(Client(), carla)
    session = client.session
    session["session_started"] = (NOON - timedelta(hours=1)).timestamp()
    session.save()
    assert client.get(NEW).status_code == 302


def test_the_code_of_another_operator_does_not_help(late):
    other = User.objects.create_staff("ugo", "una password lunga")
    StaffTotp.enrol(other, b"1" * 20)
    confirm(late, late.get(NEW), code_at(datetime.now(UTC), b"1" * 20))
    assert late.get(NEW).status_code == 302
