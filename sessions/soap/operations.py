"""The three operations, once the request has passed its checks. Source: docs/contract.md, sections 3, 4 (points 5, 6) and 5."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from pharmacies.models import Utenza
from portal.database.contention import tried_again
from portal.secrets.codes import digest
from sessions.ids import issuing, issuing_refused
from sessions.models import Context, IdSessione, State
from sessions.models.gate_row import GateRow, read
from sessions.soap import wire_words
from sessions.soap.envelope import Request
from sessions.soap.reply import InfoToken, Reply, printed_moment
from sessions.soap.wire_words import Operation
from sessions.utenze import anomalies


class NoLongerUsable(Exception):
    """The utenza was disabled or blocked while its request was under way."""


@dataclass(frozen=True)
class Caller:
    """Who asks, as it proved itself, and the id that it speaks of, when the message carries one that exists and is its own."""

    utenza: Utenza
    asked: issuing.GestionaleRequest = field(repr=False)
    row: GateRow | None = field(default=None, repr=False)


def carry_out(request: Request, caller: Caller, context: Context, now: datetime) -> Reply:
    """What the operation answers. Raises NoLongerUsable."""
    if request.operation is Operation.CREATE:
        return _create(caller, context, now)
    row = caller.row
    if row is None or (row.contesto, row.applicazione) != (context.contesto, context.applicazione):
        return Reply(wire_words.UNKNOWN_ID)
    return _revoke(row, request.get("token"), now) if request.operation is Operation.REVOKE else _check(row, now)


def _create(caller: Caller, context: Context, now: datetime) -> Reply:
    """The id is given once its letter is in the outbox; too many addresses in a day block the utenza right after."""
    if anomalies.is_in_a_loop(caller.utenza, context, now):
        return Reply(wire_words.UNEXPECTED)  # the manual has no code for it
    try:
        issued = issuing.issue(caller.utenza, context, now, from_gestionale=caller.asked)
    except issuing_refused.UtenzaNotUsable as refusal:
        raise NoLongerUsable from refusal
    except issuing_refused.ClockAstray:
        return Reply(wire_words.UNEXPECTED)  # nothing is done: the caller asks again, and another server answers
    except issuing_refused.AddressUnreachable:
        return Reply(wire_words.MAIL_REFUSED)
    except (
        issuing_refused.NoCertifiedAddress,
        issuing_refused.PharmacyClosed,
    ):  # a closed pharmacy has no address in force
        return Reply(wire_words.NO_CERTIFIED_MAIL)
    # by itself: the id is given already, so the whole call must not be done again
    if tried_again(partial(anomalies.noticed, caller.utenza, caller.asked.client_address, now)):
        raise NoLongerUsable  # with this id, which is dead already
    return Reply(info=wire_words.MAIL_QUEUED, plain=issued.plain)


def _revoke(row: GateRow, plain: str, now: datetime) -> Reply:
    if issuing.revoke(IdSessione(pk=row.pk, utenza_id=row.utenza_id), None, now):
        return Reply(info=wire_words.REVOCATION_DONE)
    ended = read(digest(plain)) or row  # as it is now: another call may have been quicker
    at = ended.ended_early_at(now) if ended.state(now) is State.REVOCATO else None
    return Reply(wire_words.ALREADY_REVOKED, info=(wire_words.EARLIER_REVOCATION, printed_moment(at)) if at else None)


def _check(row: GateRow, now: datetime) -> Reply:
    """A question: nothing is written."""
    outcome, state = {
        State.REVOCATO: (wire_words.REVOKED, wire_words.WAS_REVOKED),
        State.SCADUTO: (wire_words.EXPIRED, wire_words.HAS_EXPIRED),
    }.get(row.state(now), (None, wire_words.VALID))
    return Reply(outcome, info_token=InfoToken(state, row.requested_at, row.expires_at))
