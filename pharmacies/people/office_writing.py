"""Writes the changes of an import of offices with few statements, with their journal lines and letters."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection

from pharmacies.models import MailCertification, Office
from pharmacies.people import endings, letters, offices, terms
from pharmacies.people.comparing import FACTS, MARKS, Changes, Ending
from pharmacies.people.rights import Right, news_between, right_of
from portal.journal.models import lines_written_at_once
from portal.outbox.letters import written_at_once

BATCH = 1000
WRITTEN = (*FACTS, *MARKS, "written_at")
T = TypeVar("T")
Person = tuple[int, str]  # pharmacy, codice fiscale


class Writer:
    """`ended`: the endings that happen; `waiting`: the ones that wait for an operator's approval."""

    def __init__(self, changes: Changes, ended: Sequence[Ending], waiting: Sequence[Ending], now: datetime) -> None:
        self.changes, self.ended, self.waiting, self.now = changes, ended, waiting, now
        ending = {one.office.pk for one in ended}
        self._still_open = _Open()
        for office in self._stored_open(changes):
            if office.pk not in ending:
                self._still_open.add(office)
        # a person has one office of a role at a time: a new one waits for the end of the old one
        self.given = [office for office in changes.given if not self._still_open.has(office)]

    @property
    def size(self) -> int:
        """The number of rows to write."""
        return len(self.given) + len(self._changed())

    def write(self) -> None:
        news_of = [*self.given, *(office for office, _ in self.changes.corrected), *(one.office for one in self.ended)]
        addresses = self._addresses({office.pharmacy_id for office in news_of})
        people = {(office.pharmacy_id, office.codice_fiscale) for office in news_of if office.pharmacy_id in addresses}
        before = self._rights(people)
        whys = self._apply()
        self._update(self._changed())
        for office in self.given:
            office.written_at = self.now
        Office.objects.bulk_create(self.given, batch_size=BATCH)
        with lines_written_at_once():
            self._note(whys)
        after = self._rights(people)
        with written_at_once():
            self._tell(news_of, addresses, before, after)

    def _stored_open(self, changes: Changes) -> Iterable[Office]:
        """The stored open offices of the pharmacies and persons that get a new one."""
        for some in batches(changes.given):
            keys = {office.pharmacy_id for office in some}
            people = {office.codice_fiscale for office in some}
            yield from Office.objects.filter(pharmacy__in=keys, codice_fiscale__in=people, until=None)

    def _changed(self) -> list[Office]:
        """Every stored office that is written, once: first those with an end, so that a person never has two open ones."""
        found = [office for office, _ in self.changes.corrected] + self.changes.marked
        found += [one.office for one in (*self.ended, *self.waiting)]
        return sorted({office.pk: office for office in found}.values(), key=lambda one: (one.until is None, one.pk))

    def _apply(self) -> dict[int, str]:
        """Sets the ends on the offices; returns the reason of each end by the key of its office."""
        for one in self.waiting:
            one.office.ending_waits = terms.last_day(one.until)
        for one in self.ended:
            one.office.until, one.office.ending_waits = one.until, None
        for office in [*(office for office, _ in self.changes.corrected), *(one.office for one in self.ended)]:
            office.written_at = self.now
        return {one.office.pk: endings.why(one.office) for one in self.ended}

    def _update(self, changed: Sequence[Office]) -> None:
        fields: list[Any] = [Office._meta.get_field(name) for name in WRITTEN]
        columns = ", ".join(f"{connection.ops.quote_name(field.column)} = %s" for field in fields)
        statement = f"update {Office._meta.db_table} set {columns} where id = %s"  # noqa: S608  our own column names
        with connection.cursor() as cursor:
            for some in batches(changed):
                cursor.executemany(
                    statement,
                    [
                        [*(f.get_db_prep_save(getattr(office, f.attname), connection) for f in fields), office.pk]
                        for office in some
                    ],
                )

    def _note(self, whys: dict[int, str]) -> None:
        for office in self.given:
            offices.note("office.given", office, None, self.now, source=office.get_source_display())
        for office, before in self.changes.corrected:
            became = {name: getattr(office, name) for name in FACTS if getattr(office, name) != before[name]}
            if office.pk in whys:
                became.pop("until", None)
            if became:
                words = offices.changes_in_words(before, became)
                offices.note("office.corrected", office, None, self.now, what=words)
        for one in self.ended:
            office = one.office
            offices.note("office.ended", office, None, self.now, because=whys[office.pk])

    def _addresses(self, keys: Iterable[int]) -> dict[int, MailCertification]:
        found: dict[int, MailCertification] = {}
        for some in batches(sorted(keys)):
            current = MailCertification.objects.current().filter(pharmacy__in=some, undeliverable_at=None)
            found |= {one.pharmacy_id: one for one in current}
        return found

    def _rights(self, people: set[Person]) -> dict[Person, Right | None]:
        held: defaultdict[Person, list[Office]] = defaultdict(list)
        for some in batches(sorted({pharmacy for pharmacy, _ in people})):
            for office in Office.objects.filter(pharmacy__in=some):
                held[office.pharmacy_id, office.codice_fiscale].append(office)
        return {person: right_of(held[person], self.now) for person in people}

    def _tell(
        self,
        news_of: Sequence[Office],
        addresses: dict[int, MailCertification],
        before: dict[Person, Right | None],
        after: dict[Person, Right | None],
    ) -> None:
        done: set[Person] = set()
        for office in sorted(news_of, key=lambda one: not one.may_certify):
            person = (office.pharmacy_id, office.codice_fiscale)
            if person not in before or person in done:
                continue
            done.add(person)
            news = news_between(before[person], after[person], self.now)
            if news is not None:
                letters.post_news(addresses[office.pharmacy_id], office, news, self.now)


class _Open:
    """The open offices by pharmacy, person and role."""

    def __init__(self) -> None:
        self._held: set[tuple[Any, ...]] = set()

    def add(self, office: Office) -> None:
        self._held.add((office.pharmacy_id, office.codice_fiscale, office.role))

    def has(self, office: Office) -> bool:
        return office.until is None and (office.pharmacy_id, office.codice_fiscale, office.role) in self._held


def batches(things: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yields at most BATCH of the things at once."""
    for start in range(0, len(things), BATCH):
        yield things[start : start + BATCH]
