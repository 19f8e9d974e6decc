"""The state of the outbox, for operators: waiting letters, their age, failing domains, reports that came back."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min

from portal.outbox.models import Bounce, MailDomain, OutgoingMail
from portal.time import database_clock

DAY = timedelta(days=1)
WORST = 10  # failing domains shown


@dataclass(frozen=True)
class Waiting:
    """The waiting letters of one kind."""

    kind: str
    letters: int
    oldest: datetime  # when the first was written (UTC)


@dataclass(frozen=True)
class Domain:
    """A recipient domain that refuses letters or rests."""

    name: str
    refused: int  # letters of the last 24 hours that were not delivered
    rests_until: datetime | None  # UTC
    last_answer: str


@dataclass(frozen=True)
class Depth:
    """The state at `at`. Instants are UTC; failures and reports are of the 24 hours before."""

    at: datetime
    waiting: list[Waiting]
    due: int  # may leave now
    held: int  # claimed by a worker
    oldest_due: datetime | None  # when the most overdue letter should have left
    refused: int
    too_late: int
    bounced_hard: int
    bounced_soft: int
    domains: list[Domain]  # the worst first

    @property
    def letters(self) -> int:
        return sum(row.letters for row in self.waiting)

    def as_json(self) -> dict[str, Any]:
        return {"letters": self.letters, **asdict(self)}


def depth_of(now: datetime) -> Depth:
    letters = OutgoingMail.objects.all()
    waiting = letters.waiting().values("priority", "kind").annotate(letters=Count("pk"), oldest=Min("created_at"))
    due = letters.due(now).aggregate(letters=Count("pk"), oldest=Min("next_attempt_at"))
    failed = letters.filter(failed_at__gt=now - DAY)
    bounces = list(Bounce.objects.filter(at__gt=now - DAY))
    hard = sum(bounce.is_hard for bounce in bounces)
    too_late = failed.not_in_time().count()
    return Depth(
        at=now,
        waiting=[Waiting(row["kind"], row["letters"], row["oldest"]) for row in waiting.order_by("priority", "kind")],
        due=due["letters"],
        held=letters.waiting().filter(leased_until__gt=database_clock.real_of(now)).count(),
        oldest_due=due["oldest"],
        refused=failed.count() - too_late,
        too_late=too_late,
        bounced_hard=hard,
        bounced_soft=len(bounces) - hard,
        domains=_failing(failed.values_list("domain").annotate(Count("pk")), now),
    )


def _failing(refused: Iterable[tuple[str, int]], now: datetime) -> list[Domain]:
    counted = {name: letters for name, letters in refused if name}
    known = {row.name: row for row in MailDomain.objects.filter(name__in=counted)}
    known |= {row.name: row for row in MailDomain.objects.failing(now)}
    found = [
        Domain(
            name,
            counted.get(name, 0),
            row.rests_until if (row := known.get(name)) and row.rests_until and row.rests_until > now else None,
            row.last_answer if row else "",
        )
        for name in {*counted, *known}
    ]
    return sorted(found, key=lambda domain: (domain.rests_until is None, -domain.refused, domain.name))[:WORST]
