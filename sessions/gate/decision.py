"""The gate: may this call of a gestionale pass? Once for every dispensed prescription. Source: docs/contract.md, section 7.

One indexed read, one HMAC, no write: the first use of an id is the exception. What follows from the row that was read is a
pure function, `decide`; `ask` reads, decides, and does the two slow things (proving a password, the first use).
"""

from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from django.conf import settings

from portal.database.contention import tried_again
from portal.secrets.codes import digest
from portal.values.pasted import PLAIN_ID, id_sessione
from portal.web.client_address import known_ip
from sessions.credentials import fingerprint, password_proof
from sessions.gate import uses, wildcards
from sessions.ids import issuing
from sessions.models import IdSessione, State
from sessions.models.gate_row import Row, read

__all__ = ["BASIC_REFUSED", "Call", "Reason", "Row", "Verdict", "ask", "decide", "read"]


class Reason(StrEnum):
    """Why an id was refused: the words of X-A2F-Reason."""

    MISSING = "missing"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    OTHER_UTENZA = "other-utenza"
    OTHER_CONTEXT = "other-context"


class Call(NamedTuple):
    """What the gestionale presented, and what the dispensing service asked for."""

    plain: str | None  # the id; None: no header, empty: a header that is not `Bearer <id>`
    basic: tuple[str, str] | None  # userId and password
    contesto: str
    applicazione: str


class Verdict(NamedTuple):
    """One of four: passes (`row`), passes if the password is right (`row`, `unproved`), id refused (`reason`), Basic refused."""

    row: Row | None = None
    unproved: bool = False
    reason: Reason | None = None


BASIC_REFUSED = Verdict()
_DOOR_WITHOUT_ID = "a2f-gate-without-id"  # of the ids that everybody knows, in TEST: counted apart from the web service


def decide(row: Row | None, call: Call, now: datetime) -> Verdict:
    """What follows from the row and from nothing else. The id is looked at first: only a live one makes Basic count."""
    if row is None:
        return Verdict(reason=Reason.UNKNOWN)
    state = row.state(now)
    if state is State.REVOCATO:
        return Verdict(reason=Reason.REVOKED)
    if state is State.SCADUTO:
        return Verdict(reason=Reason.EXPIRED)
    if call.basic is None:
        return BASIC_REFUSED
    user_id, password = call.basic
    if user_id != row.user_id:
        return Verdict(reason=Reason.OTHER_UTENZA)
    if (call.contesto, call.applicazione) != (row.contesto, row.applicazione):
        return Verdict(reason=Reason.OTHER_CONTEXT)
    proved = row.fingerprint is not None and fingerprint.matches(
        row.fingerprint, call.plain or "", user_id, password, row.password
    )
    return Verdict(row, unproved=not proved)


def ask(call: Call, client_address: str, now: datetime) -> Verdict:
    """Whether the call passes; the first use happens here. Never an `unproved` verdict."""
    if call.plain is None:
        return Verdict(reason=Reason.MISSING)
    if not PLAIN_ID.match(call.plain):
        read_as = id_sessione(call.plain)
        if read_as == call.plain:
            return _ask_wildcard(call, client_address, now)
        call = call._replace(plain=read_as)
    verdict = decide(read(digest(call.plain or "")), call, now)
    if verdict.row is not None and (verdict.unproved or verdict.row.first_used_at is None):
        verdict = _prove_and_use(verdict.row, verdict.unproved, call, client_address, now)
    if verdict.row is not None:
        uses.count(verdict.row.pk, now)
    return verdict


def _prove_and_use(row: Row, unproved: bool, call: Call, client_address: str, now: datetime) -> Verdict:
    """The password, slowly, when no fingerprint vouches for it (none yet, or void); then what must be written, under the lock."""
    plain, (user_id, password), stored, kept = call.plain or "", call.basic or ("", ""), row.password, None
    if unproved:
        proved = password_proof.prove_with_id(row, plain, password, client_address, now)
        if proved is None:
            return BASIC_REFUSED
        stored = proved.utenza.password
        if proved.may_be_remembered:
            kept = fingerprint.fingerprint(plain, user_id, password, stored)
    proof = fingerprint.Proof(stored, kept, known_ip(client_address))
    # the use by itself: a wrong password that was counted before must not be counted twice
    if tried_again(partial(issuing.use, IdSessione(pk=row.pk, utenza_id=row.utenza_id), now, proof)):
        return Verdict(row)
    ended = decide(read(digest(plain)), call, now)  # between the reading and the lock: it died, or the password changed
    return Verdict(reason=ended.reason) if ended.reason else BASIC_REFUSED


def _ask_wildcard(call: Call, client_address: str, now: datetime) -> Verdict:
    """The ids of the manual that pass for a month, in TEST only: in PRODUCTION they are malformed."""
    wildcard = wildcards.parse(call.plain or "") if settings.A2F_MODE == "TEST" else None
    if wildcard is None:
        return Verdict(reason=Reason.MALFORMED)
    verdict = decide(wildcards.row_of(wildcard, call.contesto, call.applicazione, now), call, now)
    if verdict.row is None:
        return verdict
    user_id, password = call.basic or ("", "")
    if password_proof.prove(user_id, password, client_address, now, door=_DOOR_WITHOUT_ID) is None:
        return BASIC_REFUSED
    return Verdict(verdict.row)
