"""Lists the letters that an operator filters for, a page at a time by keyset pagination, with the counts above the list.

A page costs the same however many letters were sent: waiting and failed letters have an index of their own, and of the
others only the newest LOOKED_AT are searched.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Count, Min, Q

from pharmacies.models import Pharmacy
from portal.database.paging import in_pages
from portal.identity.models import User
from portal.outbox.models import MailDomain, OutgoingMail
from portal.outbox.models.letter import OutgoingMailQuerySet
from portal.outbox.reasons import Reason
from portal.time.clock import day_start
from sessions.letters import shared_letters
from sessions.staff.lists.brief_cache import kept
from sessions.staff.lists.how_many import HowMany, how_many

PAGE, WORST = 25, 10
LOOKED_AT = 100_000  # letters: two days of the whole nation. A search for one pharmacy has no such limit
DAY = timedelta(days=1)


class LetterState(models.TextChoices):
    """State of a letter, as the URL names it."""

    WAITING = "in-attesa", "In attesa"
    REFUSED = "rifiutati", "Rifiutati"
    TOO_LATE = "non-in-tempo", "Non inviati in tempo"
    FOR_US = "per-causa-nostra", "Rifiutati per causa nostra"
    ACCEPTED = "accettati", "Accettati dal server"
    WITHDRAWN = "ritirati", "Ritirati"


# The column that orders the pages, and whether it ascends: the longest wait first, else the newest first.
_ORDER: dict[str, tuple[str, bool]] = {
    LetterState.WAITING: ("created_at", True), LetterState.REFUSED: ("failed_at", False), LetterState.TOO_LATE: ("failed_at", False),
}  # fmt: skip
_NEWEST_FIRST = ("pk", False)


@dataclass(frozen=True)
class LetterCounts:
    """Letters that wait and that failed since midnight in Italy; `oldest`: creation of the longest-waiting one (UTC)."""

    waiting: int
    oldest: datetime | None
    refused: int
    too_late: int


@dataclass(frozen=True)
class LetterPage:
    """One page; `after` and `before`: keys of the letters where the next and the previous page begin, None without one."""

    rows: list[
        tuple[OutgoingMail, Pharmacy | None]
    ]  # None: the letter is about no pharmacy of the operator's territory
    after: int | None = None
    before: int | None = None


@dataclass(frozen=True)
class LetterListing:
    """The letters of the territory of `user` that match; "" means no filter. `state` is a value of LetterState."""

    user: User
    state: str = ""
    kind: str = ""
    domain: str = ""
    code: str = ""

    @property
    def is_of_the_newest(self) -> bool:
        """Whether only the newest LOOKED_AT letters are searched."""
        return self.state not in _ORDER and not self.code

    def found(self) -> OutgoingMailQuerySet:
        """The matching letters, unordered, without their text."""
        found = self._in_state(self._of_territory()).defer("sealed_source")
        wanted = {"kind": self.kind, "domain": self.domain}
        found = found.filter(**{name: value for name, value in wanted.items() if value})
        if self.code:
            found = found.filter(shared_letters.about(self.code))
        if self.is_of_the_newest:
            newest = OutgoingMail.objects.order_by("-pk").values("pk")[:1]
            found = found.filter(pk__gt=models.Subquery(newest) - LOOKED_AT)
        return found

    def page(self, after: int | None = None, before: int | None = None) -> LetterPage:
        """The page after or before a letter; the first page without one, or when the letter has left the list."""
        edge = self._place_of(after or before)
        backwards = edge is not None and after is None
        rows = list(self._ordered(edge, backwards).prefetch_related("bounces")[: PAGE + 1])
        if backwards and len(rows) < PAGE:
            return self.page()
        more, rows = len(rows) > PAGE, rows[:PAGE]
        if backwards:
            rows.reverse()
        rows_before = more if backwards else edge is not None
        visible = Pharmacy.objects.visible_to(self.user).filter(code__in={row.about for row in rows})
        pharmacies = {pharmacy.code: pharmacy for pharmacy in visible}
        return LetterPage(
            [(row, pharmacies.get(row.about)) for row in rows],
            after=rows[-1].pk if rows and (more or backwards) else None,
            before=rows[0].pk if rows and rows_before else None,
        )

    def how_many(self, page: LetterPage) -> HowMany:
        """Number of matching letters, exact up to COUNTED: of one page without a query, else at most DESK_KEPT_FOR old."""
        if not (page.after or page.before):
            return HowMany(len(page.rows))
        of = (self.user.territory.cache_key, self.state, self.kind, self.domain, self.code)
        return kept("how many letters", of, lambda: how_many(self.found()))

    def every(self) -> Iterator[OutgoingMail]:
        """All matching letters, in the order of the pages."""
        return in_pages(lambda last: self._ordered(self._edge_of(last), backwards=False))

    def counts(self, now: datetime) -> LetterCounts:
        """The counts of the territory, without the filters; at most DESK_KEPT_FOR old."""
        return kept("letters", self.user.territory.cache_key, lambda: self._count(now))

    def failing_domains(self, now: datetime) -> list[tuple[MailDomain, int]]:
        """The WORST domains that rest or refused last time, worst first, each with its waiting letters of the territory."""
        letters = self._of_territory()
        failing = MailDomain.objects.failing(now)
        if not self.user.territory.is_whole_nation:
            lately = letters.filter(Q(pk__in=letters.waiting()) | Q(failed_at__gt=now - DAY)).order_by()
            failing = failing.filter(name__in=lately.values("domain"))
        worst = list(failing.order_by(models.F("rests_until").desc(nulls_last=True), "-refusals", "name")[:WORST])
        waiting = letters.waiting().filter(domain__in=[domain.name for domain in worst]).order_by()
        numbers = dict(waiting.values_list("domain").annotate(Count("pk"))) if worst else {}
        return [(domain, numbers.get(domain.name, 0)) for domain in worst]

    def _of_territory(self) -> OutgoingMailQuerySet:
        """The letters of the operator's territory; one that is limited sees none that are about no pharmacy."""
        if self.user.territory.is_whole_nation:
            return OutgoingMail.objects.all()
        return OutgoingMail.objects.filter(shared_letters.about_any(Pharmacy.objects.visible_to(self.user)))

    def _in_state(self, found: OutgoingMailQuerySet) -> OutgoingMailQuerySet:
        if self.state == LetterState.WAITING:
            return found.waiting()
        if self.state == LetterState.REFUSED:
            return found.refused_by_a_server()
        if self.state == LetterState.TOO_LATE:
            return found.not_in_time()
        if self.state == LetterState.FOR_US:
            return found.filter(reason=Reason.ABOUT_US, withdrawn_at=None)
        if self.state == LetterState.ACCEPTED:
            return found.filter(accepted_at__isnull=False, failed_at=None)
        return found.filter(withdrawn_at__isnull=False) if self.state == LetterState.WITHDRAWN else found

    def _ordered(self, edge: tuple[Any, int] | None, backwards: bool) -> OutgoingMailQuerySet:
        name, up = _ORDER.get(self.state, _NEWEST_FIRST)
        up = up != backwards
        found, sign = self.found(), "gt" if up else "lt"
        if edge is not None:
            at, pk = edge
            # the first condition follows from the second: it gives the index a place to start
            found = found.filter(**{f"{name}__{sign}e": at}).filter(
                Q(**{f"{name}__{sign}": at}) | Q(**{name: at, f"pk__{sign}": pk})
            )
        return found.order_by(*(column if up else f"-{column}" for column in (name, "pk")))

    def _edge_of(self, letter: OutgoingMail | None) -> tuple[Any, int] | None:
        name, _ = _ORDER.get(self.state, _NEWEST_FIRST)
        return None if letter is None else (getattr(letter, name), letter.pk)

    def _place_of(self, pk: int | None) -> tuple[Any, int] | None:
        """The sort key of this letter; None when it has left the list, as a letter that was sent again after a refusal."""
        name, _ = _ORDER.get(self.state, _NEWEST_FIRST)
        at = OutgoingMail.objects.filter(pk=pk).values_list(name, flat=True).first() if pk else None
        return None if pk is None or at is None else (at, pk)

    def _count(self, now: datetime) -> LetterCounts:
        letters = self._of_territory().order_by()
        waiting = letters.waiting().aggregate(letters=Count("pk"), oldest=Min("created_at"))
        today = letters.filter(failed_at__gte=day_start(now))
        return LetterCounts(
            waiting["letters"], waiting["oldest"], today.refused_by_a_server().count(), today.not_in_time().count()
        )
