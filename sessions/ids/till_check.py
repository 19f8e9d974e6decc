"""«Errore 9101?»: finds out why a till refuses an id, of the ids of one pharmacy only. Nothing tells a code of another pharmacy
from one that nobody issued.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from django.db import transaction

from pharmacies.models import Pharmacy, Utenza
from portal.identity.models import User
from portal.journal.models import Entry, record
from portal.secrets.codes import digest
from portal.secrets.sealing import unseal
from portal.values.pasted import LONGEST, id_sessione, plain_text
from sessions.models import Context, IdSessione, State

VERB = "id.checked"
OF_A_PERSON, OF_A_PHARMACY, WITHIN = 10, 30, timedelta(minutes=15)  # checks
_RUN = re.compile(r"[0-9a-z]+")


class Why(Enum):
    """The reasons for which a till may refuse the pasted text."""

    NOT_OURS = "not ours"  # of another pharmacy, or of nobody: the answer is the same
    MISTYPED = "mistyped"
    VALID = "valid"
    OTHER_KIND = "other kind"
    OTHER_UTENZA = "other utenza"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REVOKED = "revoked"
    ADDRESS_ENDED = "address ended"
    UTENZA_STOPPED = "utenza stopped"
    PHARMACY_CLOSED = "pharmacy closed"


@dataclass(frozen=True)
class TillFinding:
    """`row`: the id that the text is, or the live one that it is a misspelling of; None for NOT_OURS."""

    why: Why
    row: IdSessione | None = None


@transaction.atomic
def check(
    pharmacy: Pharmacy, text: str, by: User, now: datetime, context: Context | None = None, utenza: Utenza | None = None
) -> TillFinding | datetime:
    """Looks at a pasted text under the rate limit, and writes a line of the journal without the text.

    `context` and `utenza` of the till, when the person knows them. Returns the instant (UTC) of the next check when
    the person or the pharmacy has made too many.
    """
    Pharmacy.objects.hold(pharmacy.pk)
    if wait := _next_check_at(pharmacy, by, now):
        return wait
    record(VERB, now=now, actor=by, about=pharmacy.code)
    return find(pharmacy, text, now, context, utenza)


def find(
    pharmacy: Pharmacy, text: str, now: datetime, context: Context | None = None, utenza: Utenza | None = None
) -> TillFinding:
    """The finding about this text. The same queries and comparisons run whatever the text is."""
    typed = id_sessione(text)
    ids = pharmacy.ids.with_what_ends_them().select_related("replaced_by")
    row = ids.filter(digest=digest(typed[:LONGEST])).first()
    near = _misspelt(list(ids.live(now).filter(sealed__isnull=False).order_by("pk")), text)
    if row is not None:
        return TillFinding(_why(row, now, context, utenza), row)
    return TillFinding(Why.MISTYPED, near) if near is not None else TillFinding(Why.NOT_OURS)


def _next_check_at(pharmacy: Pharmacy, by: User, now: datetime) -> datetime | None:
    made = Entry.objects.filter(verb=VERB, about=pharmacy.code, at__gt=now - WITHIN).order_by("-at", "-pk")
    for checks, limit in ((made.filter(actor=by), OF_A_PERSON), (made, OF_A_PHARMACY)):
        oldest = checks.values_list("at", flat=True)[limit - 1 : limit].first()
        if oldest is not None:
            return oldest + WITHIN
    return None


def _why(row: IdSessione, now: datetime, context: Context | None, utenza: Utenza | None) -> Why:
    state = row.state(now)
    if state is State.SCADUTO:
        return Why.EXPIRED
    if state is not State.REVOCATO:
        if context is not None and context != row.context:
            return Why.OTHER_KIND
        return Why.OTHER_UTENZA if utenza is not None and utenza != row.utenza else Why.VALID
    ended = row.ended_early_at(now)
    if row.revoked_at == ended:
        return Why.REPLACED if row.replaced_by_id else Why.REVOKED
    if row.certification.revoked_at == ended:
        return Why.ADDRESS_ENDED
    return Why.UTENZA_STOPPED if ended in (row.utenza.disabled_at, row.utenza.blocked_at) else Why.PHARMACY_CLOSED


def _misspelt(live: list[IdSessione], text: str) -> IdSessione | None:
    """The live id of which the text is a misspelling: one character wrong, missing, too many, or two neighbours swapped.

    Dashes do not count. Compares the text with every id, so the time does not tell how near it came.
    """
    typed = _characters(text)
    found = [row for row in live if _near(typed, unseal(row.sealed or b"").decode().replace("-", ""))]
    return found[0] if found else None


def _characters(text: str) -> str:
    """The longest run of letters and digits, without the dashes and white space between them and without «ID-SESSIONE»."""
    joined = "".join(plain_text(text[:LONGEST]).lower().replace("-", "").split())
    return max((run.removeprefix("id").removeprefix("sessione") for run in _RUN.findall(joined)), key=len, default="")


def _near(typed: str, plain: str) -> bool:
    """Whether the two differ by at most one character: wrong, missing, too many, or two neighbours swapped."""
    same = _same_beginning(typed, plain)
    rest, of = typed[same:][::-1], plain[same:][::-1]
    same_end = _same_beginning(rest, of)
    rest, of = rest[same_end:], of[same_end:]  # the parts that differ, backwards
    return max(len(rest), len(of)) <= 1 or (len(rest) == 2 and rest == of[::-1])


def _same_beginning(one: str, other: str) -> int:
    """How many characters the two have in common before the first that differs."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(one), len(other)))
