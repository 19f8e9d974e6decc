"""The lock order is the same in docs/architecture.md and in tests/lock_order.py, and the watcher reports violations."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection, transaction

from pharmacies.models import Pharmacy
from portal.database import claims
from portal.outbox.models import OutgoingMail
from tests.conftest import make_pharmacy
from tests.lock_order import ORDER, watched

PAGE = Path(__file__).resolve().parent.parent / "docs" / "architecture.md"
ON_POSTGRESQL = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite locks the whole database at once")


def test_the_page_says_the_order_that_the_tests_hold() -> None:
    assert tuple(re.findall(r"^\| \d+ \| [^|]+ \| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)) == ORDER


@pytest.fixture
def faults(monkeypatch, lock_faults) -> Callable[[], list[str]]:
    """The faults in this test's own statements, which count as the portal's; reading clears them."""
    monkeypatch.setattr("tests.lock_order._where", lambda: "here")

    def seen() -> list[str]:
        reported = list(lock_faults)
        lock_faults.clear()
        return reported

    return seen


@ON_POSTGRESQL
def test_a_pharmacy_after_a_letter_is_seen(db, san_marco, faults) -> None:
    letter = _letter()
    with transaction.atomic():
        OutgoingMail.objects.filter(pk=letter).update(attempts=1)
        Pharmacy.objects.hold(san_marco.pk)
    assert faults() == ["here locks pharmacies_pharmacy while it holds outbox_outgoingmail"]


@ON_POSTGRESQL
def test_the_same_in_two_transactions_is_no_fault(db, san_marco, faults) -> None:
    letter = _letter()
    with transaction.atomic():
        OutgoingMail.objects.filter(pk=letter).update(attempts=1)
    with transaction.atomic():
        Pharmacy.objects.hold(san_marco.pk)
    assert faults() == []


@ON_POSTGRESQL
def test_a_row_that_is_held_may_be_changed_later(db, san_marco, faults) -> None:
    letter = _letter()
    with transaction.atomic():
        Pharmacy.objects.hold(san_marco.pk)
        OutgoingMail.objects.filter(pk=letter).update(attempts=1)
        Pharmacy.objects.filter(pk=san_marco.pk).update(cap="38100")
    assert faults() == []


@ON_POSTGRESQL
def test_many_rows_at_once_are_seen_unless_they_were_held_by_key(db, san_marco, al_redentore, faults) -> None:
    with transaction.atomic():
        claims.hold(Pharmacy.objects.all())
        Pharmacy.objects.update(cap="38100")
    assert faults() == []
    with transaction.atomic():
        Pharmacy.objects.update(cap="38100")
    assert faults() == ["here changes 2 rows of pharmacies_pharmacy in no order"]


@ON_POSTGRESQL
def test_a_lock_that_stops_foreign_keys_is_seen(db, san_marco, faults) -> None:
    with transaction.atomic():
        list(Pharmacy.objects.select_for_update())
    assert [fault for fault in faults() if "NO KEY" in fault]


def test_on_sqlite_nothing_is_watched(db) -> None:
    with watched() as found, transaction.atomic():
        make_pharmacy("1", "San Marco")
    assert found == []


def _letter() -> int:
    from tests.races.world import NOW

    return OutgoingMail.objects.create(
        kind=OutgoingMail.Kind.NOTICE, recipient="a@alfa.example", subject="", message_id="<1@x>", created_at=NOW,
        give_up_at=NOW, next_attempt_at=NOW,
    ).pk  # fmt: skip
