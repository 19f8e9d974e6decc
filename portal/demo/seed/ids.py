"""The ids of the seed: in use, about to expire, expired, revoked, replaced, and one whose letter was refused."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

from pharmacies.models import MailCertification, Utenza
from portal.demo.seed.addresses import Kind, letter, line
from portal.identity.models import User
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from portal.secrets.codes import digest
from portal.secrets.sealing import seal
from portal.time.clock import day_start
from sessions.letters import subjects
from sessions.models import Context, IdSessione, Reminder
from sessions.models.reminder import DEFAULT_MINUTES

REFUSED = "552 5.2.2 casella piena"
HOURS = timedelta(hours=16)
MINUTE = timedelta(minutes=1)
Skip = Reminder.Skip


@dataclass(frozen=True)
class Draft:
    """One planned id. Instants in UTC."""

    requested_at: datetime
    used: bool = True  # two minutes after the request
    revoked_at: datetime | None = None
    replaced: bool = False  # revoked by the request of the next draft
    refused: bool = False  # the mailbox refused its letter


def in_use(chance: Random, now: datetime) -> list[Draft]:
    return [Draft(now - chance.uniform(45, 860) * MINUTE)]


def in_use_since_now(chance: Random, now: datetime) -> list[Draft]:
    """Nearly all hours are left, so that a visitor by day sees an id that ends at night, when the pharmacy is closed."""
    return [Draft(now - 46 * MINUTE)]


def waiting(chance: Random, now: datetime) -> list[Draft]:
    return [Draft(now - chance.uniform(3, 40) * MINUTE, used=False)]


def expiring(chance: Random, now: datetime) -> list[Draft]:
    return [Draft(now - HOURS + chance.uniform(4, 57) * MINUTE)]


def reminded_soon(chance: Random, now: datetime) -> list[Draft]:
    """The reminder is due in two minutes, so that a visitor sees it arrive."""
    return [Draft(now - HOURS + DEFAULT_MINUTES[0] * MINUTE + 2 * MINUTE)]


def expired_today(chance: Random, now: datetime) -> list[Draft]:
    return [Draft(now - HOURS - (now - day_start(now)) * chance.uniform(0.02, 0.9))]


def expired_before(chance: Random, now: datetime) -> list[Draft]:
    return [Draft(day_start(now) - HOURS - chance.uniform(60, 1800) * MINUTE)]


def revoked(chance: Random, now: datetime) -> list[Draft]:
    return [Draft(now - 300 * MINUTE, revoked_at=now - chance.uniform(20, 200) * MINUTE)]


def replaced(chance: Random, now: datetime) -> list[Draft]:
    """Two requests; the second came before the first id was used, and replaced it."""
    again = now - chance.uniform(50, 90) * MINUTE
    return [Draft(again - 6 * MINUTE, used=False, revoked_at=again, replaced=True), Draft(again)]


def renewed(chance: Random, now: datetime) -> list[Draft]:
    """Renewed before the end; the id in use stays valid until the new one is used."""
    return [Draft(now - HOURS + 40 * MINUTE), Draft(now - chance.uniform(25, 55) * MINUTE, used=False)]


def undelivered(chance: Random, now: datetime) -> list[Draft]:
    return [Draft(now - chance.uniform(60, 120) * MINUTE, used=False, refused=True)]


def never(chance: Random, now: datetime) -> list[Draft]:
    return []


def every_morning(chance: Random, now: datetime) -> list[Draft]:
    """One id a day in the week before today."""
    today = day_start(now)
    mornings = (today - timedelta(days=day) + chance.uniform(425, 475) * MINUTE for day in range(7, 0, -1))
    return [Draft(morning) for morning in mornings if morning + HOURS < today]


Life = Callable[[Random, datetime], list[Draft]]
# Per cent of the certified pharmacies with each life; the others have an id in use.
SHARES: tuple[tuple[Life, int], ...] = (
    (waiting, 6), (expiring, 8), (expired_today, 9), (expired_before, 6), (revoked, 4), (replaced, 5), (renewed, 3),
    (never, 7),
)  # fmt: skip


def lives(count: int, chance: Random) -> list[Life]:
    """Returns one life for each of `count` pharmacies, shuffled."""
    chosen = [life for life, share in SHARES for _ in range(max(1, count * share // 100))]
    chosen += [in_use] * (count - len(chosen))
    chance.shuffle(chosen)
    return chosen[:count]


@dataclass
class Ledger:
    """Collects ids with their letters, reminders and journal entries, then saves them in bulk."""

    context: Context
    now: datetime
    ids: list[IdSessione] = field(default_factory=list)
    letters: list[OutgoingMail] = field(default_factory=list)
    reminders: list[Reminder] = field(default_factory=list)
    lines: list[tuple[Entry, IdSessione]] = field(default_factory=list)
    replacements: list[tuple[IdSessione, IdSessione]] = field(default_factory=list)

    def live(
        self, drafts: list[Draft], utenza: Utenza, certification: MailCertification, by: User | None, minutes: list[int]
    ) -> None:
        """Adds the ids of one pharmacy, oldest first; `by` None: the gestionale requested them."""
        rows = [self._issued(draft, utenza, certification, by) for draft in drafts]
        for number, (draft, row) in enumerate(zip(drafts, rows, strict=True)):
            newer = rows[number + 1] if number + 1 < len(rows) else None
            if draft.replaced and newer is not None:
                self.replacements.append((row, newer))
            for before in minutes:
                self._remind(row, newer, draft, before)

    def save(self) -> None:
        OutgoingMail.objects.bulk_create(sorted(self.letters, key=lambda mail: mail.created_at))
        IdSessione.objects.bulk_create(self.ids)
        for row, newer in self.replacements:
            row.replaced_by = newer
        IdSessione.objects.bulk_update([row for row, _ in self.replacements], ["replaced_by"])
        Reminder.objects.bulk_create(self.reminders)
        for entry, row in self.lines:
            entry.subject = f"{row._meta.label_lower}:{row.pk}"
        Entry.objects.bulk_create(entry for entry, _ in self.lines)

    def _issued(self, draft: Draft, utenza: Utenza, certification: MailCertification, by: User | None) -> IdSessione:
        plain, pharmacy = str(uuid4()), certification.pharmacy
        expires_at = draft.requested_at + self.context.usable_for
        over = expires_at <= self.now
        row = IdSessione(
            utenza=utenza,
            pharmacy=pharmacy,
            context=self.context,
            certification=certification,
            digest=digest(plain),
            last4=plain[-4:],
            sealed=None if over or draft.revoked_at else seal(plain.encode()),
            requested_at=draft.requested_at,
            requested_by=by,
            expires_at=expires_at,
            first_used_at=draft.requested_at + 2 * MINUTE if draft.used else None,
            revoked_at=draft.revoked_at,
            closed_at=expires_at + MINUTE if over and not draft.revoked_at else None,
        )
        subject = subjects.of_issued([row], draft.requested_at)
        mail = row.letter = letter(
            Kind.ISSUED, pharmacy, certification.address, subject, draft.requested_at, expires_at
        )  # fmt: skip
        if draft.refused:
            mail.failed_at, mail.accepted_at, mail.last_answer = mail.accepted_at, None, REFUSED
        self.ids.append(row)
        self.letters.append(mail)
        source = "dal gestionale" if by is None else "sul portale"
        self._note("id.issued", row.requested_at, row, by, context=self.context.name, asked=source, replaced=0)
        if row.first_used_at:
            self._note("id.used", row.first_used_at, row, None)
        if draft.revoked_at and not draft.replaced:
            self._note("id.revoked", draft.revoked_at, row, by)
        return row

    def _remind(self, row: IdSessione, newer: IdSessione | None, draft: Draft, before: int) -> None:
        """Adds a reminder in the state that the timetable would have left it in: sent, skipped or still to come."""
        reminder = Reminder(
            id_sessione=row, pharmacy=row.pharmacy, minutes_before=before, due_at=row.expires_at - before * MINUTE
        )
        self.reminders.append(reminder)
        if reminder.due_at > self.now:
            return
        reminder.settled_at = at = reminder.due_at + timedelta(seconds=8)
        if row.revoked_at is not None and row.revoked_at <= at:
            reminder.skipped_because = Skip.REPLACED if draft.replaced else Skip.REVOKED
        elif newer is not None and newer.requested_at <= at:
            reminder.skipped_because = Skip.RENEWED
        else:
            certification = row.certification
            kind = Kind.REMINDER if before else Kind.EXPIRED
            subject = subjects.of_expiring([row], at) if before else subjects.of_expired(row, at)
            reminder.letter = letter(
                kind, certification.pharmacy, certification.address, subject, at, row.expires_at + timedelta(hours=12)
            )
            self.letters.append(reminder.letter)

    def _note(self, verb: str, at: datetime, row: IdSessione, by: User | None, **detail: object) -> None:
        entry = line(verb, at, by, row.certification.pharmacy, last4=row.last4, **detail)
        self.lines.append((entry, row))
