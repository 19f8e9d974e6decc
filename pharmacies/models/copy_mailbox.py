"""A mailbox that a person named for copies of a pharmacy's reminders, from the address typed to the end of the copies."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from pharmacies.addresses.examination import mailbox_of
from pharmacies.models.certification_refused import TooManyAttempts
from pharmacies.models.code_attempts import CodeAttempts
from pharmacies.models.codice_validazione import CodiceValidazione, NextSend
from pharmacies.models.office import Office, under_a_holder
from pharmacies.models.pharmacy import Pharmacy
from portal.values.address_field import AddressField

_IN_PLACE = Q(confirmed_at__isnull=False) | Q(is_older=True)
_NEVER = Q(confirmed_at=None, is_older=False)


class CopyMailboxQuerySet(models.QuerySet["CopyMailbox"]):
    def open(self) -> "CopyMailboxQuerySet":
        """Not ended; a refused one too, which its owner may confirm again."""
        return self.filter(ended_at=None)

    def named_for_copies(self) -> "CopyMailboxQuerySet":
        """Open, not refused, and confirmed by a code or named before codes were asked for."""
        return self.open().filter(_IN_PLACE, refused_at=None)

    def in_force(self, pharmacies: "list[int] | set[int]", now: datetime) -> "list[CopyMailbox]":
        """The mailboxes of these pharmacies (keys) that get copies now.

        The person may use the ids there, or is a former holder (or unknown, in older rows) whose copies go on as delegations do:
        under another holder, and without one for SUCCESSION_FOR.
        """
        rows = list(self.named_for_copies().filter(pharmacy__in=pharmacies).select_related("person").order_by("pk"))
        if not rows:
            return []
        keys = {row.pharmacy_id for row in rows}
        offices = Office.objects.filter(pharmacy__in=keys)
        holding = {(office.pharmacy_id, office.codice_fiscale) for office in offices.in_force(now) if office.allows_ids}
        ever = set(offices.certifying().filter(since__lte=now).values_list("pharmacy", "codice_fiscale"))
        led = set(Pharmacy.objects.filter(under_a_holder(now, "pk"), pk__in=keys).values_list("pk", flat=True))

        def gets_copies(row: "CopyMailbox") -> bool:
            person = (row.pharmacy_id, row.person.codice_fiscale if row.person else None)
            return person in holding or (row.pharmacy_id in led and (row.person is None or person in ever))

        return [row for row in rows if gets_copies(row)]

    def forgettable(self, limit: datetime) -> "CopyMailboxQuerySet":
        """Ended before `limit` (UTC), or named before it and never confirmed; their codes, and a row that would replace them, are gone."""
        over = Q(ended_at__lte=limit) | (_NEVER & Q(named_at__lte=limit))
        return self.filter(over, codes=None, replaced_by=None)


class CopyMailbox(CodeAttempts):
    """One mailbox of one person for one pharmacy. Its state is computed from these facts."""

    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, related_name="copy_mailboxes", verbose_name="farmacia")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="indicata da"
    )  # None: not kept then (older rows)
    address = AddressField("indirizzo", max_length=254)
    mailbox = models.CharField(max_length=254)  # examination.mailbox_of(address): equal for two spellings
    named_at = models.DateTimeField("indicata il", null=True)
    confirmed_at = models.DateTimeField("confermata il", null=True)
    is_older = models.BooleanField(
        "indicata senza codice", default=False, db_default=False
    )  # before codes were asked for
    refused_at = models.DateTimeField("non raggiungibile dal", null=True)  # a permanent refusal of the mailbox
    ended_at = models.DateTimeField("finita il", null=True)
    # the holder who last decided that the copies of a former holder go on (sessions/preferences/handover.py)
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    kept_at = models.DateTimeField(null=True)
    # an older row of an unknown person, whose copies end when this one is confirmed
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="replaced_by")

    objects = CopyMailboxQuerySet.as_manager()

    class Meta:
        verbose_name = "casella delle copie"
        verbose_name_plural = "caselle delle copie"
        constraints = [
            models.UniqueConstraint(
                fields=["pharmacy", "person"], condition=Q(ended_at=None) & _IN_PLACE, name="one_copy_mailbox_in_place"
            ),
            # a change: the earlier mailbox gets the copies until the new one is confirmed
            models.UniqueConstraint(
                fields=["pharmacy", "person"], condition=Q(ended_at=None) & _NEVER, name="one_copy_mailbox_to_confirm"
            ),
        ]
        indexes = [
            models.Index(fields=["mailbox"], condition=Q(ended_at=None), name="copy_mailbox_of_owner"),
            models.Index(fields=["address"], condition=Q(ended_at=None), name="copy_mailbox_of_address"),  # a refusal
        ]

    def __str__(self) -> str:
        return f"casella delle copie {self.pk} di {self.pharmacy_id}"

    @property
    def gets_copies(self) -> bool:
        """As named_for_copies(), for one row."""
        is_wanted = self.confirmed_at is not None or self.is_older
        return is_wanted and self.refused_at is None and self.ended_at is None

    @property
    def waits_for_code(self) -> bool:
        """True for an open mailbox whose owner has not confirmed it (again, after a refusal)."""
        return self.ended_at is None and (self.confirmed_at is None or self.refused_at is not None)

    @property
    def codes_of(self) -> str:
        """The request that the hash of a code names."""
        return f"copy:{self.pk}"

    def next_send(self, now: datetime) -> NextSend:
        """Returns when the next code may be requested, and how many are left: the limits of the certifications' codes."""
        of_person = Q(copy__pharmacy=self.pharmacy_id, copy__person=self.person_id)
        allowed = CodiceValidazione.objects.next_send(Q(copy=self.pk), of_person, mailbox_of(self.address), now)
        locked_until = self.locked_until(now)
        if locked_until is None or (allowed.at is not None and allowed.at > locked_until):
            return allowed
        return NextSend(locked_until, allowed.left_this_hour, TooManyAttempts)
