"""The ID-SESSIONE: a random UUID kept as a hash, with a sealed copy while it lives. Source: docs/contract.md, section 5."""

from datetime import datetime, time, timedelta
from enum import Enum

from django.conf import settings
from django.db import connection, models
from django.db.models import ExpressionWrapper, F, Q, Value
from django.db.models.functions import Coalesce, Greatest, TruncDate

from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal import measures
from portal.database.claims import hold
from portal.outbox.models import OutgoingMail
from portal.time.clock import ROME
from sessions.models.context import Context

# what ends an id before its hours are over, beside the closing of the pharmacy
FACTS_THAT_END = ("revoked_at", "certification__revoked_at", "utenza__disabled_at", "utenza__blocked_at")

# By hand: each new id asks. In the order in which a first use takes the ids of its utenza: neither waits for what the other holds.
_OLDER = """select id from pharmacy_sessions_idsessione where pharmacy_id = %s and id <> %s
and revoked_at is null and outlived_at is null and expires_at > %s and expires_at <= %s order by id"""

# By hand, as what every new id and every first use does to a row: the ORM costs several times as much.
_MARK_USED = """update pharmacy_sessions_idsessione
set used_from = %s, first_used_at = coalesce(first_used_at, %s), fingerprint = coalesce(%s, fingerprint),
    service_fingerprint = coalesce(%s, service_fingerprint) where id = %s"""
_OUTLIVE = "update pharmacy_sessions_idsessione set outlived_at = %s where id = %s"
_REVOKE = """update pharmacy_sessions_idsessione
set revoked_at = %s, sealed = null, replaced_by_id = %s where id = %s"""

NEWS_FOR = timedelta(days=2)  # an id that expired longer ago is on no list of the staff


class State(Enum):
    VALIDATO = "Validato"
    ATTIVO = "Attivo"
    REVOCATO = "Revocato"
    SCADUTO = "Scaduto"


def standing(now: datetime, prefix: str = "") -> Q:
    """The condition of IdSessioneQuerySet.standing, for an id reached from elsewhere: `standing(now, "ids__")`."""
    over, expires_at, closed_on = (
        Q(**{f"{prefix}expires_at__lte": now}),
        F(f"{prefix}expires_at"),
        f"{prefix}pharmacy__closed_on",
    )
    # the last day on which the id lived: one that expires at the very midnight of the closing has had all its hours
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
        """Validato or Attivo: what the gate lets through. The same rule as IdSessione.state (a test holds them together).

        What an id hangs on (address, utenza, pharmacy) is asked about, never pushed.
        """
        open_today = Q(pharmacy__closed_on=None) | Q(pharmacy__closed_on__gt=now.astimezone(ROME).date())
        return self.within_hours(now).filter(open_today)

    def within_hours(self, now: datetime) -> "IdSessioneQuerySet":
        """Live, or stopped by the closing of their pharmacy alone: a reopening brings them back, so nothing of them may go."""
        return self.filter(**dict.fromkeys(FACTS_THAT_END, None), expires_at__gt=now)

    def standing(self, now: datetime) -> "IdSessioneQuerySet":
        """All but Revocato: live, or with the hours over before anything else ended it."""
        return self.filter(standing(now))

    def expired(self, now: datetime) -> "IdSessioneQuerySet":
        """Scaduto."""
        return self.standing(now).filter(expires_at__lte=now)

    def in_place(self) -> "IdSessioneQuerySet":
        """Those that hold the place of Validato or Attivo of their utenza and context: the live ones, and the dead not yet marked."""
        return self.filter(revoked_at=None, closed_at=None)

    def end(self, now: datetime) -> int:
        """They die now: an id whose hours are over leaves its place, any other is revoked, and no copy stays. How many.

        None is revoked before it was requested or used, however old `now` has become while a lock was waited for.
        """
        held = self.model.objects.filter(pk__in=hold(self))
        measures.EXPIRED.inc(held.in_place().filter(expires_at__lte=now).update(closed_at=now))
        began = Greatest(F("requested_at"), Coalesce(F("first_used_at"), F("requested_at")))
        held.in_place().update(revoked_at=Greatest(Value(now), began, output_field=models.DateTimeField()))
        return held.update(sealed=None)

    def outlived_by(self, newest: "IdSessione", now: datetime) -> int:
        """Marks the recent ids of its pharmacy that expire before this one, or with it. How many."""
        since, until = (connection.ops.adapt_datetimefield_value(at) for at in (now - NEWS_FOR, newest.expires_at))
        locking = "for no key update" if connection.features.has_select_for_update else ""
        with connection.cursor() as cursor:
            cursor.execute(f"{_OLDER} {locking}", [newest.pharmacy_id, newest.pk, since, until])
            held = [pk for (pk,) in cursor.fetchall()]
            for pk in held:
                cursor.execute(_OUTLIVE, [connection.ops.adapt_datetimefield_value(now), pk])
        return len(held)

    def arrived(self) -> "IdSessioneQuerySet":
        """Whose letter was not lost on the way, or that were used all the same."""
        return self.filter(Q(letter__failed_at=None, letter__withdrawn_at=None) | Q(first_used_at__isnull=False))

    def of(self, utenza: Utenza, context: Context) -> "IdSessioneQuerySet":
        return self.filter(utenza=utenza, context=context)

    def with_what_ends_them(self) -> "IdSessioneQuerySet":
        """With all that state() and the words about an id ask about, in one query; without the letter, which is long."""
        return self.select_related("certification", "utenza", "pharmacy", "context")

    def with_facts(self) -> "IdSessioneQuerySet":
        """With all that state() and the delivery box ask about, in one query."""
        return self.with_what_ends_them().select_related("letter")


class IdSessione(models.Model):
    """One id, bound to one utenza and one context. Its hours run from the request."""

    utenza = models.ForeignKey(Utenza, models.PROTECT, related_name="ids")
    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, null=True, related_name="ids", verbose_name="farmacia")
    context = models.ForeignKey(Context, models.PROTECT, related_name="+", verbose_name="contesto")
    certification = models.ForeignKey(
        MailCertification, models.PROTECT, related_name="ids"
    )  # the address it was sent to
    digest = models.BinaryField(max_length=32, unique=True)  # SHA-256 of the id
    last4 = models.CharField("ultimi 4", max_length=4)
    sealed = models.BinaryField(null=True)  # for "Mostra" and "Reinvia"; gone at revocation or expiry
    requested_at = models.DateTimeField("richiesto il")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )  # None: the gestionale
    expires_at = models.DateTimeField("scade il")
    first_used_at = models.DateTimeField("primo utilizzo", null=True)
    revoked_at = models.DateTimeField("revocato il", null=True)
    closed_at = models.DateTimeField(
        null=True
    )  # expired, and seen to be so: it has left its place (the state does not ask)
    # HMAC of userid, password and stored password hash under the id itself: whoever proved the password once need not pay
    # the slow hash again (docs/contract.md, section 7). None: not proved yet, or somebody guesses at this door. The gate's and the
    # web service's: each forgets its own.
    fingerprint = models.BinaryField(max_length=32, null=True)
    service_fingerprint = models.BinaryField(max_length=32, null=True)
    pincode_fingerprint = models.BinaryField(
        max_length=32, null=True
    )  # the same for the pincode: `create` carries both
    # ... and for the ciphertext it came in: a client that sends the same one again is not deciphered again.
    ciphertext_fingerprint = models.BinaryField(max_length=32, null=True)
    requested_from = models.GenericIPAddressField("richiesto da", null=True)  # the address of the gestionale: anomalies
    used_from = models.GenericIPAddressField("usato da", null=True)  # where its password was proved last: guesses
    uses = models.PositiveIntegerField("utilizzi", default=0)  # added up in batches: at most 10 s behind
    last_used_at = models.DateTimeField("ultimo utilizzo", null=True)
    # An id of the same pharmacy that expires later was asked for: once its hours are over, this one is no news to the staff.
    outlived_at = models.DateTimeField(null=True)
    replaced_by = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+"
    )  # revoked because this one came
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
            # At most one Validato and one Attivo, whatever the interleaving: a place is free once its id is revoked or closed.
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

    def ended_early_at(self, now: datetime) -> datetime | None:
        """The first of the facts that end an id before its hours are over (UTC); None when there is none."""
        facts = [self.revoked_at, self.certification.revoked_at, self.utenza.disabled_at, self.utenza.blocked_at]
        if self.pharmacy is not None and not self.pharmacy.is_open(now.astimezone(ROME).date()):
            facts.append(datetime.combine(self.pharmacy.closed_on, time(), ROME))  # type: ignore[arg-type]
        return min((fact for fact in facts if fact is not None), default=None)

    def state(self, now: datetime) -> State:
        """Computed, never stored. What came first counts: an id revoked stays Revocato, an id that had expired stays Scaduto."""
        ended, expired = self.ended_early_at(now), self.expires_at <= now
        if ended is not None and not (expired and ended >= self.expires_at):
            return State.REVOCATO
        if expired:
            return State.SCADUTO
        return State.VALIDATO if self.first_used_at is None else State.ATTIVO

    def not_before(self, now: datetime) -> datetime:
        """`now`, or the last instant of this row when that is later (UTC).

        `now` is taken at the entrance; whoever held the lock meanwhile has written an instant of its own, perhaps by another
        machine's clock. A verb writes no instant before those that the row has under the lock.
        """
        return max(now, self.requested_at, self.first_used_at or self.requested_at)

    def revoke(self, now: datetime, replaced_by: "IdSessione | None" = None) -> None:
        """It ends now, by hand or because that one came; no copy stays. Saves."""
        self.revoked_at, self.sealed, self.replaced_by = self.not_before(now), None, replaced_by
        ended_at = connection.ops.adapt_datetimefield_value(self.revoked_at)
        with connection.cursor() as cursor:
            cursor.execute(_REVOKE, [ended_at, replaced_by.pk if replaced_by else None, self.pk])

    def mark_used(self, now: datetime, client_address: str | None, fingerprint: bytes | None) -> None:
        """The gate saw it: for the first time, or with the password just proved (`fingerprint`, else the old one stays). Saves."""
        self.used_from, self.first_used_at = client_address, self.first_used_at or self.not_before(now)
        if fingerprint is not None:
            self.fingerprint = self.service_fingerprint = fingerprint
        used_at = connection.ops.adapt_datetimefield_value(self.first_used_at)
        with connection.cursor() as cursor:
            cursor.execute(_MARK_USED, [client_address, used_at, fingerprint, fingerprint, self.pk])

    def is_within_hours(self, now: datetime) -> bool:
        """As IdSessioneQuerySet.within_hours: live, or stopped by the closing of its pharmacy alone."""
        ended = (self.revoked_at, self.certification.revoked_at, self.utenza.disabled_at, self.utenza.blocked_at)
        return self.expires_at > now and not any(ended)

    def is_live(self, now: datetime) -> bool:
        return self.state(now) in (State.VALIDATO, State.ATTIVO)

    def left_percent(self, now: datetime) -> int:
        """How much of its hours is left, 0-100: the width of the bar."""
        left = (self.expires_at - now) / (self.expires_at - self.requested_at)
        return round(100 * min(max(left, 0), 1))
