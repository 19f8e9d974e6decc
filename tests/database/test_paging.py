"""Long downloads are read page by page: each row once, in the order of the list, without a cursor on the server."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from portal.database import paging
from portal.database.paging import in_pages
from portal.journal.models import Entry, record
from portal.outbox.models import OutgoingMail
from sessions.staff.lists.letter_listing import LetterListing, LetterState

ROOT = Path(__file__).resolve().parent.parent.parent
SECOND = timedelta(seconds=1)
FEW = {"pharmacies/models/office_import.py": "one row for each imported file"}


@pytest.fixture(autouse=True)
def _short_pages(monkeypatch) -> None:
    monkeypatch.setattr(paging, "AT_ONCE", 3)


@pytest.fixture
def letters(db) -> None:
    """Ten refused and ten waiting; three of a kind share each instant."""
    now = timezone.now()
    OutgoingMail.objects.bulk_create(
        OutgoingMail(
            kind="notice", recipient=f"{number}@altrove.it", domain="altrove.it", subject="Avviso",
            message_id=f"<{number}@prova>", created_at=now - number // 3 * SECOND, give_up_at=now, next_attempt_at=now,
            failed_at=None if number % 2 else now - number // 3 * SECOND, last_answer="550 no",
        )
        for number in range(20)
    )  # fmt: skip


@pytest.mark.parametrize("state", ["", LetterState.WAITING, LetterState.REFUSED])
def test_every_letter_comes_once_in_the_order_of_the_pages(letters, carla, state) -> None:
    listing = LetterListing(carla, state)
    expected = list(listing._ordered(None, backwards=False))
    assert list(listing.every()) == expected
    assert len(expected) == (10 if state else 20)


def test_the_export_of_the_journal_holds_every_entry_once(operator) -> None:
    client, now = operator("sicurezza"), timezone.now()
    for number in range(10):
        record("hours.set", now=now - number // 3 * SECOND, about="4512", hours=f"prova {number}")
    said = b"".join(client.get(reverse("staff:journal_csv")).streaming_content).decode()
    numbers = [line.rsplit(";", 1)[1].strip('"\r') for line in said.splitlines()[1:]]
    at_most = Entry.objects.exclude(verb="journal.exported").order_by("-at", "-pk").values_list("pk", flat=True)
    assert [number for number in numbers if int(number) in set(at_most)] == [str(pk) for pk in at_most]
    assert len(numbers) == len(set(numbers)) >= 10


@pytest.mark.parametrize("rows", [0, 2, 3, 7])
def test_a_page_that_is_full_is_followed_by_another(db, rows, django_assert_num_queries) -> None:
    for number in range(rows):
        record("hours.set", now=timezone.now(), about="4512", hours=f"prova {number}")
    after = Entry.objects.order_by("pk")
    with django_assert_num_queries(rows // 3 + 1):
        found = list(in_pages(lambda last: after.filter(pk__gt=last.pk) if last else after))
    assert found == list(after)


def test_no_cursor_stays_on_the_server() -> None:
    if connection.vendor == "postgresql":
        assert connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]
    calls = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for folder in ("portal", "pharmacies", "sessions")
        for path in (ROOT / folder).rglob("*.py")
        if str(path.relative_to(ROOT)) not in FEW
        if "management" not in path.parts and "migrations" not in path.parts
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "iterator"
    ]
    assert calls == []  # without a cursor, iterator() loads the whole result: see in_pages()
