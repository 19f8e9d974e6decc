"""The certified addresses of the seed, with the history that the portal would have written."""

from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

from django.conf import settings
from django.utils.text import slugify

from pharmacies.models import MailCertification, Pharmacy
from portal.demo.seed.people import NAMED, SAN_MARCO
from portal.identity.models import User
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from portal.secrets.masking import mask_address
from portal.values.mail_address import key

ACCEPTED = "250 2.0.0 Ok: queued as {}"
WITH = ("SPID livello 2", "SPID livello 2", "CIE livello 3", "TS-CNS livello 3")
LOCALS = ("idsessione", "ricette", "banco", "farmacia")
Kind = OutgoingMail.Kind


def address_of(pharmacy: Pharmacy, local: str = "idsessione") -> str:
    """Returns an address under .example, where no mail can arrive (RFC 2606)."""
    slug = "farmaciasanmarco" if pharmacy.code == SAN_MARCO else slugify(f"{pharmacy.display_name} {pharmacy.province}")
    return f"{local}@{slug[:40].strip('-')}.example"


def letter(
    kind: Kind, pharmacy: Pharmacy, recipient: str, subject: str, at: datetime, give_up_at: datetime
) -> OutgoingMail:
    """Returns a delivered letter, not saved: accepted at the first attempt, its source erased."""
    return OutgoingMail(
        kind=kind,
        about=pharmacy.code,
        recipient=recipient,
        subject=f"{subject} – {pharmacy.display_name}"[:200],
        message_id=f"<{uuid4()}@{settings.MAIL_DOMAIN}>",
        secret=kind in (Kind.CODE, Kind.ISSUED),
        created_at=at,
        next_attempt_at=at,
        give_up_at=give_up_at,
        attempts=1,
        accepted_at=at + timedelta(seconds=3),
        last_answer=ACCEPTED.format(uuid4().hex[:10].upper()),
    )


def line(verb: str, at: datetime, by: User | None, pharmacy: Pharmacy, **detail: object) -> Entry:
    """Returns a journal entry, not saved."""
    name = str(by) if by is not None else "Portale"
    return Entry(at=at, actor=by, actor_name=name, verb=verb, about=pharmacy.code, detail=detail)


class SeededAddresses:
    """Collects certifications with their letters and journal entries, then saves them in bulk."""

    def __init__(self, titolari: dict[str, User], chance: Random, now: datetime) -> None:
        self.titolari, self.chance, self.now = titolari, chance, now
        self.certifications: list[MailCertification] = []
        self.letters: list[OutgoingMail] = []
        self.lines: list[tuple[Entry, MailCertification]] = []

    def certify(self, pharmacy: Pharmacy, *, changed: bool = False, revoked: bool = False) -> MailCertification:
        """Adds an address that was certified some time ago, `changed` from another one, or `revoked` since."""
        at = self.now - timedelta(days=self.chance.randint(12, 600), minutes=self.chance.randint(0, 600))
        if changed:
            earlier = self._certified(pharmacy, address_of(pharmacy, "info"), at - timedelta(days=90))
            earlier.replaced_at = at
        local = "idsessione" if pharmacy.code in NAMED else self.chance.choice(LOCALS)
        row = self._certified(pharmacy, address_of(pharmacy, local), at, changes=changed)
        if revoked:
            row.revoked_at = self.now - timedelta(days=5, minutes=self.chance.randint(0, 600))
            self._note("certification.revoked", row.revoked_at, row, address=mask_address(row.address))
            self._write(Kind.REVOKED, row, "Mail certificata revocata", row.revoked_at)
        return row

    def save(self) -> None:
        """Saves everything in three statements; the journal entries come last, because they name saved certifications."""
        MailCertification.objects.bulk_create(self.certifications)
        OutgoingMail.objects.bulk_create(sorted(self.letters, key=lambda mail: mail.created_at))
        for entry, row in self.lines:
            entry.subject = f"{row._meta.label_lower}:{row.pk}"
        Entry.objects.bulk_create(entry for entry, _ in self.lines)

    def _certified(self, pharmacy: Pharmacy, address: str, at: datetime, *, changes: bool = False) -> MailCertification:
        by, with_ = self.titolari[pharmacy.code], self.chance.choice(WITH)
        row = MailCertification(
            pharmacy=pharmacy,
            address=address,
            address_key=key(address),
            requested_by=by,
            requested_at=at - timedelta(minutes=4),
            certified_at=at,
            certified_by=by,
            certified_with=with_,
        )
        masked = mask_address(address)
        self._note("certification.requested", row.requested_at, row, address=masked)
        self._write(Kind.CODE, row, "Codice validazione", row.requested_at)
        if changes:
            old = mask_address(self.certifications[-1].address)
            self._note("certification.changed", at, row, old=old, new=masked, **{"with": with_})
            self._write(Kind.CHANGED, row, "Mail certificata modificata", at)
        else:
            self._note("certification.certified", at, row, address=masked, **{"with": with_})
            self._write(Kind.CERTIFIED, row, "Mail certificata", at)
        self.certifications.append(row)
        return row

    def _note(self, verb: str, at: datetime, row: MailCertification, **detail: object) -> None:
        self.lines.append((line(verb, at, self.titolari[row.pharmacy.code], row.pharmacy, **detail), row))

    def _write(self, kind: Kind, row: MailCertification, subject: str, at: datetime) -> None:
        self.letters.append(letter(kind, row.pharmacy, row.address, subject, at, at + timedelta(days=2)))
