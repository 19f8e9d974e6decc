"""A letter about two pharmacies that share a mailbox counts for each."""

from datetime import timedelta

import pytest

from pharmacies.models import Pharmacy
from portal.outbox.models import OutgoingMail
from sessions.ids import issuing
from sessions.reminders import sending
from tests.sessions.conftest import MORNING
from tests.sessions.reminders.test_reminders_together import END, MIN, H, bruno_utenza, letters, shared  # noqa: F401  fixtures

TODAY = END.date()


@pytest.fixture
def letter(utenza, bruno_utenza, context) -> OutgoingMail:  # noqa: F811
    issuing.issue(utenza, context, MORNING)
    issuing.issue(bruno_utenza, context, MORNING + 10 * MIN)
    assert sending.send_due(END - H) == 1
    (found,) = letters()
    return found


def in_the_list(desk, query: str = "") -> int:
    """The number of letters in the sheet of «Posta in uscita»."""
    sheet = b"".join(desk.get(f"/operatori/posta/csv/?{query}").streaming_content).decode()
    return len(sheet.strip().splitlines()) - 1


def test_the_staff_find_it_at_both_pharmacies(operator, letter, san_marco, al_redentore) -> None:
    desk = operator("assistenza")
    for pharmacy in (san_marco, al_redentore):
        cancel = f"/operatori/stato-sessioni/{pharmacy.code}/messaggi/{letter.pk}/annulla/"
        assert letter in desk.get(f"/operatori/stato-sessioni/{pharmacy.code}/").context["letters"]
        assert desk.get(cancel).status_code == 200
        assert in_the_list(desk, f"tipo=reminder&farmacia={pharmacy.code}") == 1


@pytest.mark.parametrize(("region", "sees"), [("042", 1), ("010", 1), ("020", 0)])
def test_an_operator_of_either_region_sees_it(operator, letter, al_redentore, region, sees) -> None:
    Pharmacy.objects.filter(pk=al_redentore.pk).update(region_code="010")
    assert in_the_list(operator("lettura", limited_to=[region]), "tipo=reminder") == sees


@pytest.mark.parametrize(("closed", "leaves"), [("4512", True), ("1877", True), ("both", False)])
def test_it_waits_only_while_both_are_closed(letter, closed, leaves) -> None:
    found = Pharmacy.objects.all() if closed == "both" else Pharmacy.objects.filter(code=closed)
    found.update(closed_on=TODAY - timedelta(days=1))
    due = OutgoingMail.objects.due(END - H).filter(pk=letter.pk)
    assert due.exists() is leaves
