"""Issues an ID-SESSIONE. The other verbs: using.py, revoking.py, revealing.py, resending.py. Source: docs/contract.md, section 5.

Every verb locks the row of the utenza (after the pharmacy's row, when the verb reads or changes ids of several utenze), so two
verbs on one utenza never interleave. The partial unique constraints of IdSessione enforce the same rule in the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.db import transaction

from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal import measures
from portal.identity.models import User
from portal.journal.models import record
from portal.secrets.codes import digest
from portal.secrets.sealing import seal
from portal.time import clock, database_clock
from portal.time.clock import ROME
from sessions.credentials import fingerprint as proofs
from sessions.hours.moments import Moment
from sessions.ids import askable
from sessions.ids import reads as rows
from sessions.ids.issuing_refused import (
    AddressUnreachable,
    ClockAstray,
    ContextNotForSite,
    IssuingRefused,
    NoCertifiedAddress,
    PharmacyClosed,
    UtenzaNotUsable,
)
from sessions.ids.revoking import leave_place
from sessions.ids.withdrawing import withdraw_letters
from sessions.letters import id_letters
from sessions.models import Context, IdSessione, ReminderSettings
from sessions.reminders import planning
from sessions.webhooks import events

SAME_REQUEST_FOR = timedelta(seconds=60)  # a second click on "Richiedi" is the same request
REQUESTS_AN_HOUR = 10  # per pharmacy, from the portal
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Issued:
    """A new row and its id in clear. The caller returns or shows `plain` once; nothing stores it."""

    id_sessione: IdSessione
    plain: str


@dataclass(frozen=True)
class GestionaleRequest:
    """A request by a gestionale: its network address and the secrets it has just proved. The new row keeps their fingerprints."""

    client_address: str | None
    password: str = field(repr=False)
    pincode: str = field(default="", repr=False)  # "": this context needs none
    ciphertext: str = field(default="", repr=False)  # the encrypted pincode as received, base64

    def facts(self, utenza: Utenza, plain: str) -> dict[str, object]:
        """Columns of the new row. `utenza` is the row that the secrets were checked against: a secret that changed since then
        invalidates its fingerprint.
        """
        names = plain, utenza.user_id
        pincode = proofs.of_pincode(*names, self.pincode, utenza.pincode) if self.pincode else None
        ciphertext = proofs.of_ciphertext(*names, self.ciphertext, utenza.pincode) if self.ciphertext else None
        password = proofs.fingerprint(*names, self.password, utenza.password)
        return {
            "requested_from": self.client_address, "pincode_fingerprint": pincode, "ciphertext_fingerprint": ciphertext,
            "fingerprint": password, "service_fingerprint": password,
        }  # fmt: skip


def _still_there(row: Utenza, asked_for: Utenza) -> Utenza:
    """The locked row; raises UtenzaNotUsable when an operator has handed it over since it was read: another pharmacy is held."""
    if asked_for.pharmacy_id not in (None, row.pharmacy_id):
        raise UtenzaNotUsable
    return row


@dataclass(frozen=True)
class RequestOutcome:
    """The result of a person's request. Exactly one field is set."""

    issued: Issued | None = None
    already: IdSessione | None = None  # the id that the same request got seconds ago
    not_before: datetime | None = None  # too many requests in the last hour: when the next is allowed (UTC)


@transaction.atomic
def request(utenza: Utenza, context: Context, now: datetime, by: User) -> RequestOutcome:
    """Issues an id for a person: issue() with double clicks merged and a rate limit per pharmacy. Raises IssuingRefused."""
    _refuse_unless_open(context)
    Pharmacy.objects.hold(utenza.pharmacy_id)
    utenza = _still_there(rows.locked(utenza.pk), utenza)
    by_people = IdSessione.objects.of(utenza, context).live(now).filter(requested_by__isnull=False)
    if just_now := by_people.filter(requested_at__gt=now - SAME_REQUEST_FOR).order_by("-requested_at").first():
        return RequestOutcome(already=just_now)
    left, again_at = requests_left(utenza.pharmacy_id, now)
    if not left:
        return RequestOutcome(not_before=again_at)
    return RequestOutcome(issued=issue(utenza, context, now, by))


def requests_left(pharmacy: int | None, now: datetime) -> tuple[int, datetime]:
    """How many ids the people of a pharmacy (key) may still ask for within this hour, and when there will be one more (UTC)."""
    recent = IdSessione.objects.filter(pharmacy=pharmacy, requested_by__isnull=False, requested_at__gt=now - HOUR)
    moments = list(recent.order_by("-requested_at").values_list("requested_at", flat=True)[:REQUESTS_AN_HOUR])
    return REQUESTS_AN_HOUR - len(moments), (moments[-1] if moments else now) + HOUR


def is_same_request(id_sessione: IdSessione, now: datetime) -> bool:
    """Whether a person asked for this id within SAME_REQUEST_FOR: asking again now would repeat that request."""
    return id_sessione.requested_by_id is not None and id_sessione.requested_at > now - SAME_REQUEST_FOR


def obstacle(utenza: Utenza, now: datetime, context: Context | None = None) -> str:
    """The class name of the refusal that issue() would raise now (`NoCertifiedAddress` ...); empty when it would issue.

    Without a context: the refusal of every context.
    """
    try:
        reachable(utenza, now)
        if context is not None:
            _refuse_unless_open(context)
            _refuse_unless_askable(utenza.pharmacy_id, context)
    except IssuingRefused as refusal:
        return type(refusal).__name__
    return ""


@transaction.atomic
def issue(
    utenza: Utenza,
    context: Context,
    now: datetime,
    by: User | None = None,
    from_gestionale: GestionaleRequest | None = None,
) -> Issued:
    """Issues a new id with its letter, its reminders and its journal line, in one transaction.

    The id's hours run from `now` (UTC), or from the last instant written on the address or on the ids before it, when another
    transaction wrote a later one while this one waited for the lock.

    Policy overlap: the new id replaces the waiting Validato; the Attivo stays valid until the new id is used. Policy replace:
    the new id revokes all earlier ones. `by` None: a gestionale asked, see `from_gestionale`. Raises NoCertifiedAddress,
    AddressUnreachable, UtenzaNotUsable, PharmacyClosed, ClockAstray, ContextNotForSite.
    """
    Pharmacy.objects.hold(utenza.pharmacy_id)
    utenza = _still_there(rows.locked(utenza.pk), utenza)
    pharmacy, certification = reachable(utenza, now)
    _refuse_unless_askable(pharmacy.pk, context)
    draft = draw(utenza, context, certification, now, by, from_gestionale)
    write([draft], certification, now)
    return Issued(draft.row, draft.plain)


@dataclass(frozen=True)
class IdDraft:
    """An id that takes its slot in this transaction and is not written yet."""

    row: IdSessione
    plain: str = field(repr=False)
    coming: list[Moment]  # its reminders
    replaced: list[IdSessione]  # the live ids that it replaced
    ended: list[int]  # the keys of all ids that lost a slot


def draw(
    utenza: Utenza,
    context: Context,
    certification: MailCertification,
    now: datetime,
    by: User | None,
    from_gestionale: GestionaleRequest | None = None,
) -> IdDraft:
    """Frees the slots for a new id and computes its row. The caller has locked the pharmacy and the utenza, and asked whether the
    id may be issued.
    """
    now, plain, pharmacy = now.astimezone(UTC), str(uuid4()), certification.pharmacy
    origin = from_gestionale.facts(utenza, plain) if from_gestionale is not None else {}
    in_place = rows.in_place(utenza, context)
    now = clock.not_before(now, certification.certified_at, certification.reachable_again_at)
    now = max([now, *(earlier.not_before(now) for earlier in in_place)])
    replaced, ended = _make_room(in_place, context, now)
    row = IdSessione(
        utenza=utenza, pharmacy=pharmacy, context=context, certification=certification, digest=digest(plain),
        last4=plain[-4:], sealed=seal(plain.encode()), requested_at=now, requested_by=by,
        expires_at=now + context.usable_for, **origin,
    )  # fmt: skip
    coming = planning.moments_of(row.expires_at, ReminderSettings.objects.of(pharmacy), now)
    return IdDraft(row, plain, coming, replaced, ended)


def write(drafts: Sequence[IdDraft], certification: MailCertification, now: datetime) -> None:
    """Writes these ids of one pharmacy with one letter, and for each its reminders and its journal line."""
    now = max(now.astimezone(UTC), *(draft.row.requested_at for draft in drafts))
    letter = id_letters.issued_together(
        [id_letters.Carried(draft.row, draft.plain, draft.coming) for draft in drafts], certification, now
    )
    for draft in drafts:
        draft.row.letter = letter
        draft.row.save(force_insert=True)
        # before the next one is written: two ids that end together would outlive each other
        IdSessione.objects.outlived_by(draft.row, now)
        for other in draft.replaced:
            other.revoke(now, replaced_by=draft.row)
    withdraw_letters([pk for draft in drafts for pk in draft.ended], now)
    events.revoked([other.pk for draft in drafts for other in draft.replaced], now)
    for draft in drafts:
        row = draft.row
        planning.plan(row, draft.coming, now)
        record(
            "id.issued", now=now, actor=row.requested_by, about=certification.pharmacy.code, subject=row, last4=row.last4,
            context=row.context.name, asked=row.requested_by_whom, replaced=len(draft.replaced),
        )  # fmt: skip
        channel = "gestionale" if row.requested_by_id is None and not row.by_portal else "portal"
        transaction.on_commit(measures.ISSUED.labels(channel).inc, robust=True)


def reachable(utenza: Utenza, now: datetime) -> tuple[Pharmacy, MailCertification]:
    """The pharmacy of a usable utenza and the certified address that receives its ids. Raises IssuingRefused."""
    pharmacy = utenza.pharmacy
    if database_clock.is_astray():
        raise ClockAstray
    if not utenza.is_usable:
        raise UtenzaNotUsable
    if pharmacy is None:
        raise NoCertifiedAddress
    if not pharmacy.is_open(now.astimezone(ROME).date()):
        raise PharmacyClosed
    certification = rows.certified(pharmacy.pk)
    if certification is None:
        raise NoCertifiedAddress
    if certification.undeliverable_at is not None:
        raise AddressUnreachable
    return certification.pharmacy, certification


def _refuse_unless_open(context: Context) -> None:
    """Refuses a person's request; the web service has a code of its own. Raises ContextNotForSite."""
    if context.closed_to_new:
        raise ContextNotForSite


def _refuse_unless_askable(pharmacy: int | None, context: Context) -> None:
    """Raises ContextNotForSite."""
    if not askable.may_ask(pharmacy, context.pk):
        raise ContextNotForSite


def _make_room(in_place: list[IdSessione], context: Context, now: datetime) -> tuple[list[IdSessione], list[int]]:
    """Frees the slots that the new id needs. Returns the live ids that it replaces and the keys of all ids that lost a slot."""
    replaced, ended = [], []
    for row in in_place:
        stays = context.policy == Context.Policy.OVERLAP and row.first_used_at is not None and row.is_live(now)
        if stays:
            continue
        ended.append(row.pk)
        if leave_place(row, now):
            replaced.append(row)
    return replaced, ended
