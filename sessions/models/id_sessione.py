"""The ID-SESSIONE: a random UUID stored as a digest, with a sealed copy while it is live. Source: docs/contract.md, section 5."""

from datetime import datetime, time, timedelta
from enum import Enum

from django.conf import settings
from django.db import connection, models
from django.db.models import ExpressionWrapper, F, Q, Value
from django.db.models.functions import Coalesce, Greatest, TruncDate
from django.utils.translation import gettext as _

from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal import measures
from portal.database.claims import hold
from portal.outbox.models import OutgoingMail
from portal.time.clock import ROME
from sessions.models.context import Context

# The facts that end an id before its hours are over, besides the closing of the pharmacy.
FACTS_THAT_END = ("revoked_at", "certification__revoked_at", "utenza__disabled_at", "utenza__blocked_at")

# Hand-written SQL: every new id runs it. Locks in key order, as a first use does, so the two cannot deadlock.
_OLDER = """select id from pharmacy_sessions_idsessione where pharmacy_id = %s and id <> %s
and revoked_at is null and outlived_at is null and expires_at > %s and expires_at <= %s order by id"""

# Hand-written SQL: every new id or first use runs these, and the ORM costs several times as much.
_MARK_USED = """update pharmacy_sessions_idsessione
set used_from = %s, first_used_at = coalesce(first_used_at, %s), fingerprint = coalesce(%s, fingerprint),
    service_fingerprint = coalesce(%s, service_fingerprint) where id = %s"""
_OUTLIVE = "update pharmacy_sessions_idsessione set outlived_at = %s where id = %s"
_REVOKE = """update pharmacy_sessions_idsessione
set revoked_at = %s, sealed = null, replaced_by_id = %s where id = %s"""

EXPIRING_WITHIN = timedelta(minutes=60)  # before its end an id is «in scadenza»
NEWS_FOR = timedelta(days=2)  # the lists of the staff leave out ids that expired longer ago


class State(Enum):
    VALIDATO = "Validato"
    ATTIVO = "Attivo"
    REVOCATO = "Revocato"
    SCADUTO = "Scaduto"


def standing(now: datetime, prefix: str = "", closed_on: str = "") -> Q:
    """The condition of IdSessioneQuerySet.standing, for an id reached from elsewhere: `standing(now, "ids__")`.

    `closed_on`: where the closing of its pharmacy stands, when the query has that pharmacy already (else it is joined again).
    """
    over, expires_at = Q(**{f"{prefix}expires_at__lte": now}), F(f"{prefix}expires_at")
    closed_on = closed_on or f"{prefix}pharmacy__closed_on"
    # the last day of the id: an id that expires at exactly the midnight of the closing has had all its hours
    last_day = TruncDate(ExpressionWrapper(expires_at - timedelta(microseconds=1), models.DateTimeField()), tzinfo=ROME)
    condition = (
        Q(**{closed_on: None})
        | Q(**{f"{closed_on}__gt": now.astimezone(ROME).date()})
        | over & Q(**{f"{closed_on}__gt": last_day})
    )
    for fact in FACTS_THAT_END:
        condition &= Q(**{f"{prefix}{fact}": None}) | over & Q(**{f"{prefix}{fact}__gte": expires_at})
    return condition


class IdSessioneQuerySet(models.QuerySet["IdSessione"]):
    def live(self, now: datetime) -> "IdSessioneQuerySet":
        """Validato or Attivo: the ids that the gate accepts. The same rule as IdSessione.state; a test compares the two.

        Reads the facts of the address, the utenza and the pharmacy at each query; no event updates the ids.
        """
        open_today = Q(pharmacy__closed_on=None) | Q(pharmacy__closed_on__gt=now.astimezone(ROME).date())
        return self.within_hours(now).filter(open_today)

    def within_hours(self, now: datetime) -> "IdSessioneQuerySet":
        """Live, or stopped only by the closing of their pharmacy: a reopening revives them, so their data must stay."""
        return self.filter(**dict.fromkeys(FACTS_THAT_END, None), expires_at__gt=now)

    def standing(self, now: datetime) -> "IdSessioneQuerySet":
        """All but Revocato: live, or expired before any other fact ended it."""
        return self.filter(standing(now))

    def expired(self, now: datetime) -> "IdSessioneQuerySet":
        """Scaduto."""
        return self.standing(now).filter(expires_at__lte=now)

    def in_place(self) -> "IdSessioneQuerySet":
        """The ids in the slots of Validato and Attivo of their utenza and context: live ones, and dead ones not yet swept."""
        return self.filter(revoked_at=None, closed_at=None)

    def end(self, now: datetime) -> int:
        """Ends these ids: marks an expired one as closed, revokes any other, deletes the sealed copies. Returns how many.

        The revocation is never earlier than the request or the first use, even if `now` is old because of a wait for a lock.
        """
        held = self.model.objects.filter(pk__in=hold(self))
        measures.EXPIRED.inc(held.in_place().filter(expires_at__lte=now).update(closed_at=now))
        began = Greatest(F("requested_at"), Coalesce(F("first_used_at"), F("requested_at")))
        held.in_place().update(revoked_at=Greatest(Value(now), began, output_field=models.DateTimeField()))
        return held.update(sealed=None)

    def outlived_by(self, newest: "IdSessione", now: datetime) -> int:
        """Marks the recent ids of its pharmacy that expire no later than `newest`. Returns how many."""
        since, until = (connection.ops.adapt_datetimefield_value(at) for at in (now - NEWS_FOR, newest.expires_at))
        locking = "for no key update" if connection.features.has_select_for_update else ""
        with connection.cursor() as cursor:
            cursor.execute(f"{_OLDER} {locking}", [newest.pharmacy_id, newest.pk, since, until])
            held = [pk for (pk,) in cursor.fetchall()]
            for pk in held:
                cursor.execute(_OUTLIVE, [connection.ops.adapt_datetimefield_value(now), pk])
        return len(held)

    def arrived(self) -> "IdSessioneQuerySet":
        """Ids whose letter neither failed nor was withdrawn, or that were used."""
        return self.filter(Q(letter__failed_at=None, letter__withdrawn_at=None) | Q(first_used_at__isnull=False))

    def of(self, utenza: Utenza, context: Context) -> "IdSessioneQuerySet":
        return self.filter(utenza=utenza, context=context)

    def with_what_ends_them(self) -> "IdSessioneQuerySet":
        """Joins all that state() and the pages read about an id, except the letter, which is long."""
        return self.select_related("certification", "utenza", "pharmacy", "context")

    def with_facts(self) -> "IdSessioneQuerySet":
        """As with_what_ends_them(), with the letter."""
        return self.with_what_ends_them().select_related("letter")


class IdSessione(models.Model):
    """One id of one utenza in one context. Its hours run from the request."""

    utenza = models.ForeignKey(Utenza, models.PROTECT, related_name="ids")
    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, null=True, related_name="ids", verbose_name="farmacia")
    context = models.ForeignKey(Context, models.PROTECT, related_name="+", verbose_name="contesto")
    # the address that it was first sent to
    certification = models.ForeignKey(MailCertification, models.PROTECT, related_name="ids")
    digest = models.BinaryField(max_length=32, unique=True)  # SHA-256 of the id
    last4 = models.CharField("ultimi 4", max_length=4)
    sealed = models.BinaryField(null=True)  # for "Mostra" and "Reinvia"; deleted at revocation or by the sweep
    requested_at = models.DateTimeField("richiesto il")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )  # None: the gestionale, or nobody (by_portal)
    # asked for by nobody: the portal did, before an opening (ids/before_opening.py). No person and no gestionale stands behind it
    by_portal = models.BooleanField("chiesto dal portale", default=False, db_default=False)
    expires_at = models.DateTimeField("scade il")
    first_used_at = models.DateTimeField("primo utilizzo", null=True)
    revoked_at = models.DateTimeField("revocato il", null=True)
    # Set by the sweep (or by the next id) on an expired id; frees its unique slot. `state()` does not read it.
    closed_at = models.DateTimeField(null=True)
    # HMAC, keyed with the id, of userid, password and stored password hash: spares a caller that has proved the password the
    # slow hash (docs/contract.md, section 7). None: not proved yet, or dropped after wrong guesses. The gate and the web
    # service have one each and drop their own.
    fingerprint = models.BinaryField(max_length=32, null=True)
    service_fingerprint = models.BinaryField(max_length=32, null=True)
    # The same for the pincode, which `create` carries besides the password.
    pincode_fingerprint = models.BinaryField(max_length=32, null=True)
    # The same for the encrypted pincode: the portal does not decrypt the same ciphertext twice.
    ciphertext_fingerprint = models.BinaryField(max_length=32, null=True)
    requested_from = models.GenericIPAddressField("richiesto da", null=True)  # the address of the gestionale: anomalies
    used_from = models.GenericIPAddressField("usato da", null=True)  # where its password was last proved: for guesses
    uses = models.PositiveIntegerField("utilizzi", default=0)  # counted in batches: at most 10 s behind
    last_used_at = models.DateTimeField("ultimo utilizzo", null=True)
    # When an id of the same pharmacy that expires no earlier was issued: the staff's lists then omit this one once expired.
    outlived_at = models.DateTimeField(null=True)
    # the id that revoked this one
    replaced_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    letter = models.ForeignKey(OutgoingMail, models.PROTECT, related_name="+")  # the newest mail that carried it

    objects = IdSessioneQuerySet.as_manager()

    class Meta:
        verbose_name = "ID SESSIONE"
        verbose_name_plural = "ID SESSIONE"
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("requested_at")), name="id_expires_after_request"),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closed_at__gte=F("expires_at")), name="id_closed_after_expiry"
            ),
            # At most one Validato and one Attivo, under any concurrency. Revoking or closing an id frees its slot.
            models.UniqueConstraint(
                fields=["utenza", "context"],
                condition=Q(revoked_at=None, closed_at=None, first_used_at=None),
                name="one_validato_per_utenza",
            ),
            models.UniqueConstraint(
                fields=["utenza", "context"],
                condition=Q(revoked_at=None, closed_at=None, first_used_at__isnull=False),
                name="one_attivo_per_utenza",
            ),
        ]
        indexes = [
            models.Index(
                fields=["pharmacy", "-requested_at"], name="id_of_pharmacy"
            ),  # the titolare's page, the detail
            models.Index(fields=["utenza", "context", "-requested_at"], name="id_of_utenza"),  # issuing
            models.Index(fields=["expires_at"], condition=Q(revoked_at=None), name="id_by_expiry"),  # the status page
            models.Index(
                fields=["expires_at"], condition=Q(revoked_at=None, outlived_at=None), name="id_last_of_pharmacy"
            ),  # the status page: expired today, without the thousands that were renewed in time
            models.Index(
                fields=["pharmacy", "expires_at"], condition=Q(revoked_at=None), name="id_of_pharmacy_by_expiry"
            ),  # the status page: does another outlive it?
            models.Index(fields=["expires_at"], condition=Q(sealed__isnull=False), name="id_sealed"),  # the sweep
        ]

    def __str__(self) -> str:
        return f"ID …{self.last4}"

    @property
    def requested_by_whom(self) -> str:
        """`sul portale`, `dal gestionale`, `dal portale prima dell’apertura`: the words that follow «chiesto»."""
        if self.by_portal:
            return _("dal portale prima dell’apertura")
        return _("dal gestionale") if self.requested_by_id is None else _("sul portale")

    def ended_early_at(self, now: datetime) -> datetime | None:
        """The first of the facts that end an id before its hours are over (UTC); None when there is none."""
        facts = [self.revoked_at, self.certification.revoked_at, self.utenza.disabled_at, self.utenza.blocked_at]
        if self.pharmacy is not None and not self.pharmacy.is_open(now.astimezone(ROME).date()):
            facts.append(datetime.combine(self.pharmacy.closed_on, time(), ROME))  # type: ignore[arg-type]
        return min((fact for fact in facts if fact is not None), default=None)

    def state(self, now: datetime) -> State:
        """Computed, never stored. The first fact counts: an id revoked in time stays Revocato, an expired id stays Scaduto."""
        ended, expired = self.ended_early_at(now), self.expires_at <= now
        if ended is not None and not (expired and ended >= self.expires_at):
            return State.REVOCATO
        if expired:
            return State.SCADUTO
        return State.VALIDATO if self.first_used_at is None else State.ATTIVO

    def not_before(self, now: datetime) -> datetime:
        """`now`, or the last instant of this row when that is later (UTC).

        A request reads `now` when it begins. Another one that held the lock meanwhile may have written a later instant, perhaps
        by another machine's clock. A verb writes no instant earlier than those that the locked row holds.
        """
        return max(now, self.requested_at, self.first_used_at or self.requested_at)

    def revoke(self, now: datetime, replaced_by: "IdSessione | None" = None) -> None:
        """Revokes the id, by hand or because `replaced_by` takes its slot; deletes the sealed copy. Saves."""
        self.revoked_at, self.sealed, self.replaced_by = self.not_before(now), None, replaced_by
        ended_at = connection.ops.adapt_datetimefield_value(self.revoked_at)
        with connection.cursor() as cursor:
            cursor.execute(_REVOKE, [ended_at, replaced_by.pk if replaced_by else None, self.pk])

    def mark_used(self, now: datetime, client_address: str | None, fingerprint: bytes | None) -> None:
        """Records a first use, or a use with the password just proved (`fingerprint`; None keeps the old one). Saves."""
        self.used_from, self.first_used_at = client_address, self.first_used_at or self.not_before(now)
        if fingerprint is not None:
            self.fingerprint = self.service_fingerprint = fingerprint
        used_at = connection.ops.adapt_datetimefield_value(self.first_used_at)
        with connection.cursor() as cursor:
            cursor.execute(_MARK_USED, [client_address, used_at, fingerprint, fingerprint, self.pk])

    def is_within_hours(self, now: datetime) -> bool:
        """As IdSessioneQuerySet.within_hours: live, or stopped only by the closing of its pharmacy."""
        ended = (self.revoked_at, self.certification.revoked_at, self.utenza.disabled_at, self.utenza.blocked_at)
        return self.expires_at > now and not any(ended)

    def is_live(self, now: datetime) -> bool:
        return self.state(now) in (State.VALIDATO, State.ATTIVO)

    def left_percent(self, now: datetime) -> int:
        """The part of its hours that is left, 0 to 100: the width of the bar."""
        left = (self.expires_at - now) / (self.expires_at - self.requested_at)
        return round(100 * min(max(left, 0), 1))
