"""The letters that an operator asked for, a page at a time, by key, and the numbers above them. However many have left, a page
costs the same: what waits and what failed have an index of their own, and of the others only the newest are looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Count, Min, Q

from pharmacies.models import Pharmacy
from portal.identity.models import User
from portal.outbox.models import MailDomain, OutgoingMail
from portal.outbox.models.letter import OutgoingMailQuerySet
from portal.outbox.reasons import Reason
from portal.time.clock import day_start
from sessions.letters import shared_letters
from sessions.staff.lists.brief_cache import kept

PAGE, WORST = 25, 10
LOOKED_AT = 100_000  # letters: two days of the whole nation. Those of one pharmacy are looked at all
DAY = timedelta(days=1)


class State(models.TextChoices):
    """What became of a letter, as in a URL."""

    WAITING = "in-attesa", "In attesa"
    REFUSED = "rifiutati", "Rifiutati"
    TOO_LATE = "non-in-tempo", "Non inviati in tempo"
    FOR_US = "per-causa-nostra", "Rifiutati per causa nostra"
    ACCEPTED = "accettati", "Accettati dal server"
    WITHDRAWN = "ritirati", "Ritirati"


# What the pages follow, and whether upwards: the one that has waited longest first, else the newest first.
_ORDER: dict[str, tuple[str, bool]] = {
    State.WAITING: ("created_at", True), State.REFUSED: ("failed_at", False), State.TOO_LATE: ("failed_at", False),
}  # fmt: skip
_NEWEST_FIRST = ("pk", False)


@dataclass(frozen=True)
class Counts:
    """`oldest`: when the letter that has waited longest was prepared (UTC); the failures are those since midnight."""

    waiting: int
    oldest: datetime | None
    refused: int
    too_late: int


@dataclass(frozen=True)
class Page:
    """`after` and `before`: the letters beyond which the pages beside this one begin, where there is one."""

    rows: list[tuple[OutgoingMail, Pharmacy | None]]  # None: about none that the register knows
    after: int | None = None
    before: int | None = None


@dataclass(frozen=True)
class Letters:
    """Those of the territory of `user`; empty strings ask for nothing. `state` is a value of State."""

    user: User
    state: str = ""
    kind: str = ""
    domain: str = ""
    code: str = ""

    @property
    def is_of_the_newest(self) -> bool:
        """Older letters are not looked at."""
        return self.state not in _ORDER and not self.code

    def found(self) -> OutgoingMailQuerySet:
        """Without order, and without their text."""
        found = self._in_state(self._of_territory()).defer("sealed_source")
        wanted = {"kind": self.kind, "domain": self.domain}
        found = found.filter(**{name: value for name, value in wanted.items() if value})
        if self.code:
            found = found.filter(shared_letters.about(self.code))
        if self.is_of_the_newest:
            newest = OutgoingMail.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            found = found.filter(pk__gt=newest - LOOKED_AT)
        return found

    def page(self, after: int | None = None, before: int | None = None) -> Page:
        """The rows beyond a letter, or before it; the first ones without, or when the letter no longer stands anywhere."""
        edge = self._place_of(after or before)
        backwards = edge is not None and after is None
        rows = list(self._ordered(edge, backwards).prefetch_related("bounces")[: PAGE + 1])
        if backwards and len(rows) < PAGE:
            return self.page()
        more, rows = len(rows) > PAGE, rows[:PAGE]
        if backwards:
            rows.reverse()
        rows_before = more if backwards else edge is not None
        mine = Pharmacy.objects.visible_to(self.user).filter(code__in={row.about for row in rows})
        pharmacies = {pharmacy.code: pharmacy for pharmacy in mine}
        return Page(
            [(row, pharmacies.get(row.about)) for row in rows],
            after=rows[-1].pk if rows and (more or backwards) else None,
            before=rows[0].pk if rows and rows_before else None,
        )

    def every(self) -> Iterator[OutgoingMail]:
        """All of them, in the same order."""
        return self._ordered(None, backwards=False).iterator(chunk_size=1000)

    def counts(self, now: datetime) -> Counts:
        """Of the territory, whatever is asked for; at most DESK_KEPT_FOR old."""
        return kept("letters", sorted(self.user.limited_to), lambda: self._count(now))

    def failing_domains(self, now: datetime) -> list[tuple[MailDomain, int]]:
        """Those that rest or refused last time, and how many letters of the territory wait for each; the worst first."""
        theirs = self._of_territory()
        failing = MailDomain.objects.failing(now)
        if not self.user.territory.is_whole_nation:
            lately = theirs.filter(Q(pk__in=theirs.waiting()) | Q(failed_at__gt=now - DAY)).order_by()
            failing = failing.filter(name__in=lately.values("domain"))
        worst = list(failing.order_by(models.F("rests_until").desc(nulls_last=True), "-refusals", "name")[:WORST])
        waiting = theirs.waiting().filter(domain__in=[each.name for each in worst]).order_by()
        letters = dict(waiting.values_list("domain").annotate(Count("pk"))) if worst else {}
        return [(each, letters.get(each.name, 0)) for each in worst]

    def _of_territory(self) -> OutgoingMailQuerySet:
        """Whoever is limited does not see the letters that are about no pharmacy."""
        if self.user.territory.is_whole_nation:
            return OutgoingMail.objects.all()
        return OutgoingMail.objects.filter(shared_letters.about_any(Pharmacy.objects.visible_to(self.user)))

    def _in_state(self, found: OutgoingMailQuerySet) -> OutgoingMailQuerySet:
        if self.state == State.WAITING:
            return found.waiting()
        if self.state == State.REFUSED:
            return found.refused_by_a_server()
        if self.state == State.TOO_LATE:
            return found.not_in_time()
        if self.state == State.FOR_US:
            return found.filter(reason=Reason.ABOUT_US, withdrawn_at=None)
        if self.state == State.ACCEPTED:
            return found.filter(accepted_at__isnull=False, failed_at=None)
        return found.filter(withdrawn_at__isnull=False) if self.state == State.WITHDRAWN else found

    def _ordered(self, edge: tuple[Any, int] | None, backwards: bool) -> OutgoingMailQuerySet:
        name, up = _ORDER.get(self.state, _NEWEST_FIRST)
        up = up != backwards
        found, sign = self.found(), "gt" if up else "lt"
        if edge is not None:
            at, pk = edge
            # the first condition says less than the second: it is what an index can begin from
            found = found.filter(**{f"{name}__{sign}e": at}).filter(
                Q(**{f"{name}__{sign}": at}) | Q(**{name: at, f"pk__{sign}": pk})
            )
        return found.order_by(*(each if up else f"-{each}" for each in (name, "pk")))

    def _place_of(self, pk: int | None) -> tuple[Any, int] | None:
        """Where this letter stands in the order; None when it does not any more, as one that left again after a refusal."""
        name, _ = _ORDER.get(self.state, _NEWEST_FIRST)
        at = OutgoingMail.objects.filter(pk=pk).values_list(name, flat=True).first() if pk else None
        return None if pk is None or at is None else (at, pk)

    def _count(self, now: datetime) -> Counts:
        theirs = self._of_territory().order_by()
        waiting = theirs.waiting().aggregate(letters=Count("pk"), oldest=Min("created_at"))
        today = theirs.filter(failed_at__gte=day_start(now))
        return Counts(
            waiting["letters"], waiting["oldest"], today.refused_by_a_server().count(), today.not_in_time().count()
        )
