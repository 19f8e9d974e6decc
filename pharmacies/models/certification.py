"""The certified address of a pharmacy: from the address typed to the code confirmed, changed, revoked."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q

from pharmacies.addresses.examination import mailbox_of
from pharmacies.certification import former_addresses, withdrawing
from pharmacies.certification import letters as certification_letters
from pharmacies.models.certification_queryset import PENDING_FOR, MailCertificationQuerySet, has_lost_its_person
from pharmacies.models.certification_refused import NothingToConfirm, TooManyAttempts
from pharmacies.models.code_attempts import CodeAttempts
from pharmacies.models.codice_validazione import CODE_DIGITS, CODE_USABLE_FOR, CodiceValidazione, NextSend, hash_of
from pharmacies.models.pharmacy import Pharmacy
from portal.journal.models import record
from portal.outbox.models import OutgoingMail
from portal.outbox.reasons import OF_THE_MAILBOX
from portal.secrets.codes import new_code
from portal.secrets.masking import mask_address
from portal.time.clock import not_before
from portal.values.address_field import AddressField

if TYPE_CHECKING:
    from portal.identity.models import User


class MailCertification(CodeAttempts):
    """One address of one pharmacy, from the request to the revocation. Its state is computed from these facts."""

    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, related_name="certifications", verbose_name="farmacia")
    address = AddressField("indirizzo", max_length=254)
    address_key = models.CharField(max_length=254)  # mail_address.key(): equal for two spellings of one mailbox
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="richiesta da"
    )  # None: imported
    requested_at = models.DateTimeField("richiesta il")
    certified_at = models.DateTimeField("certificata il", null=True)
    certified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="certificata da"
    )
    certified_with = models.CharField("con", max_length=60, blank=True)  # "SPID livello 2"
    imported_at = models.DateTimeField("importata il", null=True, blank=True)  # from the administration's former system
    # the last holder who said that an address certified by somebody else is the pharmacy's (certification/succession.py)
    confirmed_at = models.DateTimeField("confermata il", null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="confermata da"
    )
    asked_at = models.DateTimeField("conferma chiesta il", null=True)  # the last letter that asked to confirm it
    withdrawn_at = models.DateTimeField("rinunciata il", null=True)
    replaced_at = models.DateTimeField("sostituita il", null=True)
    revoked_at = models.DateTimeField("revocata il", null=True)
    undeliverable_at = models.DateTimeField("non raggiungibile dal", null=True)  # a permanent refusal of the mailbox
    reachable_again_at = models.DateTimeField("di nuovo raggiungibile dal", null=True)  # by staff, or a letter arrived

    objects = MailCertificationQuerySet.as_manager()

    class Meta:
        verbose_name = "certificazione dell'indirizzo"
        verbose_name_plural = "certificazioni degli indirizzi"
        constraints = [
            models.UniqueConstraint(
                fields=["pharmacy"],
                condition=Q(certified_at__isnull=False, replaced_at=None, revoked_at=None),
                name="one_certified_address_per_pharmacy",
            ),
        ]
        indexes = [
            models.Index(fields=["pharmacy", "-requested_at"], name="certification_of_pharmacy"),  # wizard, history
            models.Index(fields=["address_key"], name="certification_of_address"),  # for used_by_another()
        ]

    def __str__(self) -> str:
        return f"certificazione {self.pk} di {self.pharmacy_id}"

    @property
    def is_current(self) -> bool:
        return self.certified_at is not None and self.replaced_at is None and self.revoked_at is None

    def is_pending(self, now: datetime) -> bool:
        """True for PENDING_FOR, and as long as one of its codes is valid; dropped with the office of the person who began it."""
        if self.certified_at is not None or self.withdrawn_at is not None or has_lost_its_person(self, now):
            return False
        return self.requested_at > now - PENDING_FOR or self.codes.usable(now).exists()

    @property
    def certified_as(self) -> str:
        """Returns the office that the certifying person held then, such as `titolare`; "" when there is none."""
        if self.certified_at is None or self.certified_by is None:
            return ""
        held = self.pharmacy.offices.held_by(self.certified_by.codice_fiscale or "", self.certified_at)
        office = held.certifying().first()
        return office.get_role_display() if office is not None else ""

    @property
    def last_letter(self) -> OutgoingMail | None:
        """Returns the newest letter of any kind to this address, which shows how the mailbox is doing; None if none."""
        letters = OutgoingMail.objects.filter(about=self.pharmacy.code, recipient=self.address, withdrawn_at=None)
        return letters.order_by("-created_at", "-pk").first()

    @property
    def refuses_mail(self) -> bool:
        """True when the address is marked as undeliverable, or the mailbox itself refused the last letter.

        The pages call it «non raggiungibile». Faults of the portal or of a server on the way do not count.
        """
        letter = self.last_letter
        if self.undeliverable_at is not None:
            return True
        if letter is None or letter.failed_at is None or self.was_before_it_worked(letter.created_at):
            return False
        return letter.refusal in OF_THE_MAILBOX

    def was_before_it_worked(self, at: datetime) -> bool:
        """True when the mailbox was certified or marked as reachable after `at` (UTC); earlier refusals do not count."""
        return any(since is not None and at < since for since in (self.certified_at, self.reachable_again_at))

    @transaction.atomic
    def mark_undeliverable(self, why: str, written_at: datetime, now: datetime) -> bool:
        """Marks the address after a permanent refusal of a letter written at `written_at` (UTC).

        No id is issued and no reminder is sent until the address is certified again, changed, or reachable_again().
        `why`: plain Italian, for the journal. Returns False when the address is not in force, is already marked, or proved
        to work after that letter.
        """
        self._take()
        if not self.is_current or self.undeliverable_at is not None or self.was_before_it_worked(written_at):
            return False
        self.undeliverable_at = now
        self.save(update_fields=["undeliverable_at"])
        self.note("certification.undeliverable", None, now, address=mask_address(self.address), why=why)
        return True

    @transaction.atomic
    def reachable_again(self, by: "User", reason: str, now: datetime) -> bool:
        """Clears the mark for an operator who knows that the mailbox works; letters refused before now no longer count.

        Returns False when the address is not in force or is not marked.
        """
        self._take()
        if not self.is_current or self.undeliverable_at is None:
            return False
        self.undeliverable_at, self.reachable_again_at = None, now
        self.save(update_fields=["undeliverable_at", "reachable_again_at"])
        certification_letters.reachable_again(self, by, reason, now)
        self.note("certification.reachable_again", by, now, address=mask_address(self.address), reason=reason)
        return True

    def next_send(self, now: datetime) -> NextSend:
        """Returns when the next code may be requested, and how many are left: the limits on sending and on attempts."""
        allowed = CodiceValidazione.objects.next_send(
            Q(certification=self.pk), Q(certification__pharmacy=self.pharmacy_id), mailbox_of(self.address), now
        )
        locked_until = self.locked_until(now)
        if locked_until is None or (allowed.at is not None and allowed.at > locked_until):
            return allowed
        return NextSend(locked_until, allowed.left_this_hour, TooManyAttempts)

    @transaction.atomic
    def send_code(self, now: datetime) -> CodiceValidazione:
        """Sends a new code; earlier codes stay valid until they expire.

        Raises TooSoon, TooManySends, TooManyAttempts (each with `until`), NothingToConfirm.
        """
        self._take()
        if not self.is_pending(now):
            raise NothingToConfirm
        CodiceValidazione.objects.hold_mailbox(mailbox_of(self.address))
        allowed = self.next_send(now)
        if allowed.at is not None and allowed.refusal is not None:
            raise allowed.refusal(allowed.at)
        code, expires_at = new_code(CODE_DIGITS), now + CODE_USABLE_FOR
        letter = certification_letters.code(self, code, expires_at, now)
        self.note("code.sent", None, now, address=mask_address(self.address))
        return CodiceValidazione.objects.create(
            certification=self, mailbox=mailbox_of(self.address), code_hash=hash_of(self.pk, code),
            sent_at=now, expires_at=expires_at, letter=letter,
        )  # fmt: skip

    @transaction.atomic
    def confirm(self, typed: str, by: "User", with_: str, now: datetime) -> bool:
        """Certifies the address and returns True; returns False for a wrong or expired code, and counts a wrong one.

        Returns True without a change when the address is certified already (a double click, a second tab).
        Raises TooManyAttempts (even for the right code), NothingToConfirm.
        """
        self._take()
        if self.is_current:
            return True
        if not self.is_pending(now):
            raise NothingToConfirm
        locked_until = self.locked_until(now)
        if locked_until is not None:
            raise TooManyAttempts(locked_until)
        usable = self.codes.usable(now)
        if usable.match(self.pk, typed):
            self._certify(by, with_, now)
            return True
        is_guess = usable and not self.has_expired(typed, now)  # without a valid code there is nothing to guess
        if is_guess and self.count_wrong(hash_of(self.pk, typed), now):
            self.note("code.wrong", by, now, left=self.attempts_left(now))
        return False

    def has_expired(self, typed: str, now: datetime) -> bool:
        """True when the typed text is a code that expired a short while ago (CODE_REMEMBERED_FOR since it was sent)."""
        return self.codes.remembered(now).match(self.pk, typed)

    @transaction.atomic
    def withdraw(self, by: "User", now: datetime) -> bool:
        """Gives up the pending request; returns False when it was not pending."""
        self._take()
        if not self.is_pending(now):
            return False
        self._give_up(by, now)
        return True

    @transaction.atomic
    def revoke(self, by: "User", now: datetime, because: str = "") -> bool:
        """Revokes this address and the ones it replaced; IdSessione.state() then reports their ids as revoked.

        When staff revoke, a pending change is given up too. Returns False when the address was not in force.
        """
        self._take()
        if not self.is_current:
            return False
        now = not_before(now, self.certified_at)
        not_revoked = MailCertification.objects.filter(pharmacy=self.pharmacy_id, revoked_at=None)
        not_revoked.filter(certified_at__isnull=False).update(revoked_at=now)
        self.revoked_at = now
        if by.is_staff:  # an operator cannot know who began the pending change
            for under_way in MailCertification.objects.filter(pharmacy=self.pharmacy_id).begun(now):
                under_way._give_up(by, now)
        former_addresses.tell(self, now)
        withdrawing.written_to(self, now)
        certification_letters.revoked(self, by, because, now)
        self.note("certification.revoked", by, now, address=mask_address(self.address), because=because)
        return True

    def _take(self) -> None:
        """Locks the pharmacy until the transaction ends, then reads this row again."""
        Pharmacy.objects.hold(self.pharmacy.pk)
        self.refresh_from_db()

    def _certify(self, by: "User", with_: str, now: datetime) -> None:
        previous = MailCertification.objects.current().filter(pharmacy=self.pharmacy_id).first()
        now = not_before(now, self.requested_at, previous.certified_at if previous is not None else None)
        if previous is not None:
            previous.replaced_at = now
            previous.save(update_fields=["replaced_at"])
        self.certified_at, self.certified_by, self.certified_with = now, by, with_
        self.forgive()
        self.save()
        former = previous if previous is not None and previous.address_key != self.address_key else None
        if former is not None:  # letters to the same mailbox stay
            former_addresses.tell(former, now)
            withdrawing.written_to(former, now)
        withdrawing.codes_of([self.pk], now)
        if former is None:
            certification_letters.certified(self, now)
            self.note("certification.certified", by, now, address=mask_address(self.address), **{"with": with_})
        else:
            certification_letters.changed(former, self, now)
            old, new = mask_address(former.address), mask_address(self.address)
            self.note("certification.changed", by, now, old=old, new=new, **{"with": with_})

    def _give_up(self, by: "User", now: datetime) -> None:
        now = not_before(now, self.requested_at)
        self.withdrawn_at = now
        self.save(update_fields=["withdrawn_at"])
        withdrawing.codes_of([self.pk], now)
        self.note("certification.withdrawn", by, now, address=mask_address(self.address))

    def note(self, verb: str, by: "User | None", now: datetime, **detail: object) -> None:
        """Writes an entry in the journal of the pharmacy."""
        record(verb, now=now, actor=by, about=self.pharmacy.code, subject=self, **detail)
