"""Carries out the three operations after the checks. Source: docs/contract.md, sections 3, 4 (points 5, 6) and 5."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from pharmacies.models import Utenza
from portal.database.contention import tried_again
from portal.secrets.codes import digest
from sessions.ids import issuing, issuing_refused, revoking
from sessions.models import Context, IdSessione, State
from sessions.models.gate_row import GateRow, read
from sessions.soap import wire_words
from sessions.soap.envelope import Request
from sessions.soap.reply import InfoToken, SoapReply, printed_moment
from sessions.soap.wire_words import Operation
from sessions.utenze import anomalies


class NoLongerUsable(Exception):
    """The utenza was disabled or blocked while its request was under way."""


@dataclass(frozen=True)
class Caller:
    """The authenticated utenza and the id that its message names; `row` is None when there is none or it is another's."""

    utenza: Utenza
    from_gestionale: issuing.GestionaleRequest = field(repr=False)
    row: GateRow | None = field(default=None, repr=False)


def carry_out(request: Request, caller: Caller, context: Context, now: datetime) -> SoapReply:
    """Carries out the operation and returns its reply. Raises NoLongerUsable."""
    if request.operation is Operation.CREATE:
        return _create(caller, context, now)
    row = caller.row
    if row is None or (row.contesto, row.applicazione) != (context.contesto, context.applicazione):
        return SoapReply(wire_words.UNKNOWN_ID)
    return _revoke(row, request.get("token"), now) if request.operation is Operation.REVOKE else _check(row, now)


def _create(caller: Caller, context: Context, now: datetime) -> SoapReply:
    """Issues an id and puts its letter in the outbox; then blocks the utenza if it came from too many addresses in a day."""
    if anomalies.is_in_a_loop(caller.utenza, context, now):
        return SoapReply(wire_words.UNEXPECTED)  # the manual has no code for it
    try:
        issued = issuing.issue(caller.utenza, context, now, from_gestionale=caller.from_gestionale)
    except issuing_refused.UtenzaNotUsable as refusal:
        raise NoLongerUsable from refusal
    except issuing_refused.ClockAstray:
        return SoapReply(
            wire_words.UNEXPECTED
        )  # nothing was written: the caller tries again, and another server answers
    except issuing_refused.ContextNotForSite:  # the register changed the type since the check of the request
        return SoapReply(wire_words.CONTEXT_UNKNOWN)
    except issuing_refused.AddressUnreachable:
        return SoapReply(wire_words.MAIL_REFUSED)
    except (
        issuing_refused.NoCertifiedAddress,
        issuing_refused.PharmacyClosed,
    ):  # a closed pharmacy has no address in force
        return SoapReply(wire_words.NO_CERTIFIED_MAIL)
    # only this step is tried again: the id is issued already
    if tried_again(partial(anomalies.noticed, caller.utenza, caller.from_gestionale.client_address, now)):
        raise NoLongerUsable  # the block has ended the new id too
    return SoapReply(info=wire_words.MAIL_QUEUED, plain=issued.plain)


def _revoke(row: GateRow, plain: str, now: datetime) -> SoapReply:
    if revoking.revoke(IdSessione(pk=row.pk, utenza_id=row.utenza_id), None, now):
        return SoapReply(info=wire_words.REVOCATION_DONE)
    ended = read(digest(plain)) or row  # read again: another call may have revoked it first
    at = ended.ended_early_at(now) if ended.state(now) is State.REVOCATO else None
    return SoapReply(
        wire_words.ALREADY_REVOKED, info=(wire_words.EARLIER_REVOCATION, printed_moment(at)) if at else None
    )


def _check(row: GateRow, now: datetime) -> SoapReply:
    """Reads only: writes nothing."""
    outcome, state = {
        State.REVOCATO: (wire_words.REVOKED, wire_words.WAS_REVOKED),
        State.SCADUTO: (wire_words.EXPIRED, wire_words.HAS_EXPIRED),
    }.get(row.state(now), (None, wire_words.VALID))
    return SoapReply(outcome, info_token=InfoToken(state, row.requested_at, row.expires_at))
