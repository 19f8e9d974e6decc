"""Compares what the day promised with what arrived: `python -m tests.day.evidence FOLDER` prints the findings as JSON.

Three sources: the promises (books of the asking processes), the portal's database, the arrivals (book of the mail server).
"""

import tests.day.inside  # isort: skip  # noqa: F401

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pharmacies.models import MailCertification
from portal.outbox.letter_outcome import TOO_LATE
from portal.outbox.models import DeadMailbox, OutgoingMail
from sessions.models import IdSessione, Reminder
from tests.day.clock import Clock
from tests.day.sink import REFUSED_DOMAIN

A_SWEEP = 60.0  # real seconds: the promise of docs/production.md
# Real seconds between the portal's look at its clock and its MAIL command; the day's clock advances meanwhile.
ANNOUNCED_WITHIN = 1.0
SUSPECTS = 20  # letters that the report lists one by one
Lines = Iterator[dict[str, Any]]


def collect(folder: Path) -> dict[str, Any]:
    clock = Clock.load(folder / "clock.json")
    arrived: dict[str, list[float]] = defaultdict(list)
    began: dict[str, float] = {}  # real second of the last MAIL command
    unheard: Counter[str] = Counter()
    about_us = 0
    for line in _lines(folder.glob("sink.jsonl")):
        if "about_us" in line:
            about_us += 1
        elif "unheard" in line:
            unheard[line["unheard"]] += 1
        else:
            arrived[line["id"]].append(line["at"])
            began[line["id"]] = line["began"] - ANNOUNCED_WITHIN
    written = {row.message_id: row for row in OutgoingMail.objects.defer("sealed_source")}
    # only letters written during the day: later ones may still wait
    letters = {number: row for number, row in written.items() if row.created_at <= clock.day_at(clock.ends_real)}
    requests = list(_lines(sorted(folder.glob("asked-*.jsonl"))))
    promised = [line for line in requests if "pk" in line]
    codes = {line["code"]: line["asked"] for line in requests if "code" in line}
    kept = {row.pk: row for row in IdSessione.objects.select_related("letter")}
    ends = _ends(kept)
    doubled = {number for number, times in arrived.items() if len(times) > 1}
    heard_twice = [number for number in doubled if len(arrived[number]) - 1 > unheard[number]]
    lost = [number for number, row in letters.items() if not (number in arrived or row.failed_at or row.withdrawn_at)]
    waits = {line["pk"]: line["asked"] for line in promised}
    ids = [arrived[row.letter.message_id][0] - waits[pk] for pk, row in kept.items()
           if pk in waits and row.letter.message_id in arrived]  # fmt: skip
    reminders = [number for number, row in letters.items() if row.kind == OutgoingMail.Kind.REMINDER]
    reminded = [(number, arrived[number][0]) for number in reminders if number in arrived]
    ahead = [(ends[number] - clock.day_at(at)).total_seconds() / 60 for number, at in reminded if number in ends]
    due = _due_at()
    late_by = [at - clock.real_at(due[number]) for number, at in reminded if number in due]
    return {
        "letters": len(letters),
        "by_kind": dict(Counter(row.kind for row in letters.values())),
        "arrived": sum(number in arrived for number in letters),
        "refused": sum(_refused(row) for row in letters.values()),
        "given_up": sum(_given_up(row) for row in letters.values()),
        "withdrawn": sum(row.withdrawn_at is not None for row in letters.values()),
        "lost": len(lost) + sum(line["pk"] not in kept for line in promised) + _unsaid(clock)
                + len(codes.keys() - letters.keys()),
        "promised": len(promised),
        "not_promised": sum("refused" in line for line in requests),
        "codes": len(codes),
        "about_us": about_us,
        "marked": _marked(),
        "unknown": len(set(arrived) - set(written)),
        "doubled": len(doubled),
        "doubled_unheard": len(doubled) - len(heard_twice),
        "suspects": [_described(number, written.get(number), arrived.get(number, []), clock)
                     for number in (*lost, *heard_twice)][:SUSPECTS],
        "after_their_sense": sum(
            clock.day_at(at) > letters[number].give_up_at for number, at in began.items() if number in letters
        ),
        "reminders": len(reminded),
        "reminders_after_expiry": sum(clock.day_at(began[number]) > ends[number] for number, _ in reminded if number in ends),
        "reminders_late": sum(late > A_SWEEP for late in late_by),
        "reminders_skipped": _skipped(),
        "id_seconds": _spread(ids),
        "code_seconds": _spread(arrived[number][0] - at for number, at in codes.items() if number in arrived),
        "reminder_seconds": _spread(late_by),
        "begins_late": _spread(line["late"] for line in promised),
        "request_seconds": _spread(line["took"] for line in promised),
        "pictures": {
            "ids": [[round(clock.day_at(waits[pk]).timestamp()), round(arrived[row.letter.message_id][0] - waits[pk], 3)]
                    for pk, row in kept.items() if pk in waits and row.letter.message_id in arrived],
            "ahead": [round(minutes, 1) for minutes in ahead],
        },
    }  # fmt: skip


def _lines(books: Iterable[Path]) -> Lines:
    for book in books:
        for line in book.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def _refused(row: OutgoingMail) -> bool:
    return row.failed_at is not None and not row.last_answer.startswith(TOO_LATE)


def _given_up(row: OutgoingMail) -> bool:
    """True when the portal gave up and marked the letter as not sent in time."""
    return row.failed_at is not None and row.last_answer.startswith(TOO_LATE)


def _described(number: str, row: OutgoingMail | None, times: list[float], clock: Clock) -> str:
    """Describes a suspect letter: its row and its arrivals."""
    words = f"{number}: no row"
    if row is not None:
        words = f"{row.kind} {number}: {row.attempts} attempts, accepted {row.accepted_at}, leased until {row.leased_until}, "
        words += f"next {row.next_attempt_at}, useless after {row.give_up_at}, «{row.last_answer}»"
    return f"{words}; arrived {', '.join(str(clock.day_at(at)) for at in times) or 'never'}"


def _marked() -> int:
    """Counts working mailboxes that the portal took for dead: marked addresses, and mailboxes held for a decision."""
    marked = MailCertification.objects.exclude(undeliverable_at=None).exclude(address__endswith=f"@{REFUSED_DOMAIN}")
    return marked.count() + DeadMailbox.objects.exclude(domain=REFUSED_DOMAIN).count()


def _unsaid(clock: Clock) -> int:
    """Counts reminders that came due in the day and were neither sent nor skipped with a reason."""
    return Reminder.objects.filter(settled_at=None, due_at__lte=clock.day_at(clock.ends_real)).count()


def _skipped() -> dict[str, int]:
    """Counts skipped reminders by reason; a reminder replaced by the notice of expiry counts as too late."""
    found = Counter(Reminder.objects.exclude(skipped_because="").values_list("skipped_because", flat=True))
    after = Reminder.objects.filter(minutes_before__gt=0, letter__kind=OutgoingMail.Kind.EXPIRED)
    found[Reminder.Skip.TOO_LATE] += after.count()
    return {reason: count for reason, count in found.items() if count}


def _ends(kept: dict[int, IdSessione]) -> dict[str, datetime]:
    """Returns by Message-ID of each reminder the earliest expiry among its ids."""
    found: dict[str, datetime] = {}
    rows = Reminder.objects.filter(letter__isnull=False, minutes_before__gt=0)
    for number, pk in rows.values_list("letter__message_id", "id_sessione"):
        found[number] = min(kept[pk].expires_at, found.get(number, kept[pk].expires_at))
    return found


def _due_at() -> dict[str, datetime]:
    """Returns by Message-ID of each reminder its due time."""
    rows = Reminder.objects.filter(letter__isnull=False).order_by("-due_at")
    return dict(rows.values_list("letter__message_id", "due_at"))


def _spread(seconds: Iterable[float]) -> dict[str, float]:
    values = sorted(seconds)
    if not values:
        return {}
    return {name: round(values[min(int(len(values) * part), len(values) - 1)], 3)
            for name, part in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))}  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(collect(Path(sys.argv[1]))))
