"""Decides whether a call of a gestionale passes the gate: once for every dispensed prescription.

Source: docs/contract.md, section 7. A usual call costs one indexed read and one HMAC, and writes nothing. `decide` is a
pure function of the row that was read. `ask` reads the row, calls `decide`, and does the two slow things when they are
needed: it checks a password against its slow hash, and it writes the first use.
"""

from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from django.conf import settings

from pharmacies.models import Utenza
from portal.database.contention import tried_again
from portal.secrets.codes import digest
from portal.values.pasted import PLAIN_ID, id_sessione
from portal.web.client_address import known_ip
from sessions.credentials import fingerprint, password_proof
from sessions.gate import grace, uses, wildcards
from sessions.ids import using
from sessions.models import IdSessione, State
from sessions.models.gate_row import GateRow, read

__all__ = ["BASIC_REFUSED", "GateCall", "GateRow", "GateVerdict", "RefusalReason", "ask", "decide", "read"]


class RefusalReason(StrEnum):
    """Why an id was refused: the values of the header X-A2F-Reason."""

    MISSING = "missing"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    OTHER_UTENZA = "other-utenza"
    OTHER_CONTEXT = "other-context"


class GateCall(NamedTuple):
    """The credentials that the gestionale presented, and the context that the dispensing service requires: one of several."""

    plain: str | None  # the id; None: no header; "": a header without an id
    basic: tuple[str, str] | None  # userId and password
    contesto: str
    applicazione: str
    others: tuple[tuple[str, str], ...] = ()  # more contexts that the service accepts

    @property
    def contexts(self) -> tuple[tuple[str, str], ...]:
        return ((self.contesto, self.applicazione), *self.others)


class GateVerdict(NamedTuple):
    """Pass (`row`), pass if the slow hash of the password matches (`row`, `unproved`), id refused (`reason`), pass with a warning
    because ids are not yet mandatory (`reason`, `in_grace`), or Basic refused.
    """

    row: GateRow | None = None
    unproved: bool = False
    reason: RefusalReason | None = None
    in_grace: Utenza | None = None  # proved by its password alone


BASIC_REFUSED = GateVerdict()
# Wrong passwords beside a wildcard id, which everybody knows (TEST mode): counted apart from those of the web service.
_DOOR_WITHOUT_ID = "a2f-gate-without-id"


def decide(row: GateRow | None, call: GateCall, now: datetime) -> GateVerdict:
    """Decides from the row, the call and the instant alone. Checks Basic only when the id is live."""
    if row is None:
        return GateVerdict(reason=RefusalReason.UNKNOWN)
    state = row.state(now)
    if state is State.REVOCATO:
        return GateVerdict(reason=RefusalReason.REVOKED)
    if state is State.SCADUTO:
        return GateVerdict(reason=RefusalReason.EXPIRED)
    if call.basic is None:
        return BASIC_REFUSED
    user_id, password = call.basic
    if user_id != row.user_id:
        return GateVerdict(reason=RefusalReason.OTHER_UTENZA)
    if (row.contesto, row.applicazione) not in call.contexts:
        return GateVerdict(reason=RefusalReason.OTHER_CONTEXT)
    proved = row.fingerprint is not None and fingerprint.matches(
        row.fingerprint, call.plain or "", user_id, password, row.password
    )
    return GateVerdict(row, unproved=not proved)


def ask(call: GateCall, client_address: str, now: datetime, *, id_required: bool = False) -> GateVerdict:
    """Decides whether the call passes, and writes the first use. Never returns an `unproved` verdict.

    `id_required`: refuses a call without a valid id also before the date of its context.
    """
    verdict = _ask_id(call, client_address, now)
    if id_required or verdict.reason is None or not (contexts := grace.contexts_in_grace(call.contexts, now)):
        return verdict
    utenza = grace.prove(call.basic, contexts[0], client_address, now)
    return BASIC_REFUSED if utenza is None else verdict._replace(in_grace=utenza)


def _ask_id(call: GateCall, client_address: str, now: datetime) -> GateVerdict:
    """As ask(), as if ids were mandatory."""
    if call.plain is None:
        return GateVerdict(reason=RefusalReason.MISSING)
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


def _prove_and_use(row: GateRow, unproved: bool, call: GateCall, client_address: str, now: datetime) -> GateVerdict:
    """Checks the slow hash when no fingerprint matches (none yet, or void); then writes fingerprint and first use under a lock."""
    plain, (user_id, password), stored, kept = call.plain or "", call.basic or ("", ""), row.password, None
    if unproved:
        proved = password_proof.prove_with_id(row, plain, password, client_address, now)
        if proved is None:
            return BASIC_REFUSED
        stored = proved.utenza.password
        if proved.may_be_remembered:
            kept = fingerprint.fingerprint(plain, user_id, password, stored)
    proof = fingerprint.PasswordProof(stored, kept, known_ip(client_address))
    # only `use` is tried again: a second run of the whole call would count a guess twice
    if tried_again(partial(using.use, IdSessione(pk=row.pk, utenza_id=row.utenza_id), now, proof)):
        return GateVerdict(row)
    # between the read and the lock the id ended, or the password changed
    ended = decide(read(digest(plain)), call, now)
    return GateVerdict(reason=ended.reason) if ended.reason else BASIC_REFUSED


def _ask_wildcard(call: GateCall, client_address: str, now: datetime) -> GateVerdict:
    """Answers the manual's wildcard ids, which pass for a month in TEST mode. In PRODUCTION they are malformed."""
    wildcard = wildcards.parse(call.plain or "") if settings.A2F_MODE == "TEST" else None
    if wildcard is None:
        return GateVerdict(reason=RefusalReason.MALFORMED)
    verdicts = (decide(wildcards.row_of(wildcard, *context, now), call, now) for context in call.contexts)
    elsewhere = GateVerdict(reason=RefusalReason.OTHER_CONTEXT)
    verdict = next((verdict for verdict in verdicts if verdict != elsewhere), elsewhere)
    if verdict.row is None:
        return verdict
    user_id, password = call.basic or ("", "")
    if password_proof.prove(user_id, password, client_address, now, door=_DOOR_WITHOUT_ID) is None:
        return BASIC_REFUSED
    return GateVerdict(verdict.row)
