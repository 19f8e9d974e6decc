"""The subject tells today's letters apart: kind of prescription and until when, before the name of the pharmacy."""

from datetime import UTC, datetime, timedelta

import pytest

from sessions.letters import subjects
from sessions.models import Context, IdSessione

MORNING = datetime(2026, 11, 30, 7, 5, 40, tzinfo=UTC)  # 08:05 of a Monday in Italy
SSN = Context(contesto="RICETTA-DEM", applicazione="EROGATORE", title="Ricetta SSN")
WHITE = Context(contesto="RICETTA-BIANCA", applicazione="EROGATORE", title="Ricetta bianca")
CODES = Context(contesto="TOKEN-SAR", applicazione="EROGATORE")
H = timedelta(hours=1)


def ending(after: timedelta, context: Context = SSN) -> IdSessione:
    return IdSessione(context=context, requested_at=MORNING, expires_at=MORNING + after)


@pytest.mark.parametrize(
    ("rows", "subject"),
    [
        ([ending(9 * H, WHITE)], "ID SESSIONE ricetta bianca, vale fino alle 17:05"),
        ([ending(16 * H)], "ID SESSIONE ricetta SSN, vale fino alle 00:05 di martedì"),
        ([ending(10 * H, CODES)], "ID SESSIONE TOKEN-SAR EROGATORE, vale fino alle 18:05"),
        (
            [ending(9 * H), ending(9 * H, WHITE)],
            "2 ID SESSIONE (ricetta SSN e ricetta bianca), valgono fino alle 17:05",
        ),
        (
            [ending(9 * H), ending(8 * H, WHITE)],
            "2 ID SESSIONE (ricetta SSN e ricetta bianca), il primo vale fino alle 16:05",
        ),
        ([ending(9 * H), ending(9 * H)], "2 ID SESSIONE (ricetta SSN), valgono fino alle 17:05"),
    ],
)
def test_a_letter_with_ids_says_the_kind_and_until_when(rows, subject):
    assert subjects.of_issued(rows, MORNING) == subject


@pytest.mark.parametrize(
    ("rows", "subject"),
    [
        ([ending(9 * H)], "ID SESSIONE ricetta SSN, scade alle 17:05"),
        ([ending(9 * H), ending(9 * H + timedelta(seconds=10), WHITE)], "2 ID SESSIONE scadono alle 17:05"),
        ([ending(9 * H), ending(9 * H + timedelta(minutes=20))], "2 ID SESSIONE in scadenza, il primo alle 17:05"),
    ],
)
def test_a_reminder_says_when_the_first_ends(rows, subject):
    assert subjects.of_expiring(rows, MORNING) == subject


def test_an_end_in_the_hour_that_comes_twice_says_which_of_the_two_it_is():
    end = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    row = IdSessione(context=SSN, requested_at=end - 16 * H, expires_at=end)
    assert subjects.of_expiring([row], end - H) == "ID SESSIONE ricetta SSN, scade alle 02:30 (ora solare)"
    assert subjects.of_expired(row, end + 9 * H) == "ID SESSIONE ricetta SSN, scaduto alle 02:30 (ora solare)"


def test_a_revocation_says_which_or_how_many():
    assert subjects.of_revoked([ending(H, WHITE)]) == "ID SESSIONE ricetta bianca revocato"
    assert subjects.of_revoked([ending(H), ending(H)]) == "2 ID SESSIONE revocati"
