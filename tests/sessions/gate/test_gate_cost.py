"""A gate call's queries and writes, and the batched count of uses."""

from datetime import timedelta
from time import monotonic

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sessions.gate import grace, uses
from sessions.ids import issuing
from sessions.models import IdSessione
from tests.sessions.conftest import MORNING
from tests.sessions.gate.gate_door import BASIC_REFUSED, GATE, PASSED, UNKNOWN, USUAL, basic, knock, reply_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _it_is_morning_and_nothing_is_counted(time_machine):
    time_machine.move_to(MORNING, tick=False)
    uses.forget()
    yield
    uses.forget()


@pytest.fixture
def issued(utenza, certified, context) -> issuing.Issued:
    return issuing.issue(utenza, context, MORNING)


@pytest.fixture
def plain(issued) -> str:
    return issued.plain


@pytest.fixture(autouse=True)
def _the_dates_were_just_read(monkeypatch):
    """Every EVERY seconds one call of a process also reads whether a context has a date to come: not the cost of a call."""
    monkeypatch.setattr(grace, "_refresh_at", monotonic() + 1000)


def queries_of(act) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        act()
    return [query["sql"].split()[0].lower() for query in captured]


def test_after_the_first_use_a_call_is_one_read_and_no_slow_hash(plain, settings):
    reply_of(plain)
    settings.PASSWORD_HASHERS = ["tests.identity.counting_hasher.NoHasherAtAll"]
    assert queries_of(lambda: reply_of(plain)) == ["select"]
    assert queries_of(lambda: reply_of(plain, None)) == ["select"]


def test_a_call_without_an_id_asks_the_database_nothing(utenza):
    assert queries_of(lambda: reply_of(None)) == []
    assert queries_of(lambda: reply_of("x" * 36, parameters=USUAL)) == []


def test_the_first_use_proves_the_password_once_and_leaves_its_fingerprint(plain):
    reply_of(plain)
    kept = bytes(IdSessione.objects.get().fingerprint)
    assert len(kept) == 32
    reply_of(plain)
    assert bytes(IdSessione.objects.get().fingerprint) == kept


def test_a_changed_password_voids_the_fingerprint(utenza, plain):
    reply_of(plain)
    utenza.set_password("nuova password", MORNING)
    utenza.save()
    assert reply_of(plain, basic(password="SALVE")) == BASIC_REFUSED
    assert reply_of(plain, basic(password="nuova password")) == PASSED
    assert queries_of(lambda: reply_of(plain, basic(password="nuova password"))) == ["select"]


def test_nothing_of_a_call_is_logged(plain, caplog):
    caplog.set_level("DEBUG")
    for password in ("SALVE", "sbagliata"):
        knock(plain, basic(password=password))
    knock(UNKNOWN)
    for secret in (plain, plain[-12:], "SALVE", "sbagliata", basic()):
        assert secret not in caplog.text


def test_the_address_has_no_secret_and_no_slash_at_its_end(plain):
    assert reverse("a2f:gate") == GATE


# --- the uses


def test_uses_are_added_up_and_written_down_together(plain):
    for _ in range(3):
        reply_of(plain)
    assert IdSessione.objects.get().uses == 0
    assert uses.write_down() == 1
    row = IdSessione.objects.get()
    assert (row.uses, row.last_used_at) == (3, MORNING)
    reply_of(plain)
    assert (uses.write_down(), uses.write_down(), IdSessione.objects.get().uses) == (1, 0, 4)


def test_an_older_count_written_later_does_not_move_the_last_use_back(plain, issued):
    uses.count(issued.id_sessione.pk, MORNING)
    uses.write_down()
    uses.count(issued.id_sessione.pk, MORNING - timedelta(seconds=9))
    uses.write_down()
    row = IdSessione.objects.get()
    assert (row.uses, row.last_used_at) == (2, MORNING)
