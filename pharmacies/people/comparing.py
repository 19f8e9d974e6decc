"""Compares what a file says of one pharmacy with the stored offices. Reads and writes nothing: Changes hold what is to be written.

A file changes what files brought. About a person whose office an operator or a holder wrote in this pharmacy it changes nothing:
where it says otherwise, the office keeps what the file says (conflicts.py).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pharmacies.models import MAY_CERTIFY, Office, OfficeSource, Pharmacy
from pharmacies.people import conflicts, terms
from pharmacies.people.office_report import OfficeReport
from pharmacies.people.office_rows import OfficeRow
from portal.time.clock import day_start

FACTS = ("family_name", "given_name", "role", "since", "until")
MARKS = ("absent_since", "ending_waits", "file_says", "doubts")


@dataclass(frozen=True)
class Ending:
    """One end that a file asks for. `was_waiting`: an earlier file asked for it, and an operator has not decided yet."""

    office: Office
    until: datetime
    is_absence: bool = False
    was_waiting: bool = False


@dataclass
class Changes:
    given: list[Office] = field(default_factory=list)  # not saved yet
    corrected: list[tuple[Office, dict[str, Any]]] = field(default_factory=list)  # with their facts before
    marked: list[Office] = field(default_factory=list)  # only MARKS changed
    endings: list[Ending] = field(default_factory=list)  # not applied yet

    def __bool__(self) -> bool:
        return any((self.given, self.corrected, self.marked, self.endings))


@dataclass(frozen=True, kw_only=True)
class FileRules:
    """The rights of the file. `proven`: do enough whole files lack an office absent since this day in the pharmacy of this code?"""

    now: datetime
    day: date
    is_whole: bool
    proven: Callable[[date, str], bool]
    may_name: Callable[[str, str], bool]


class Comparison:
    """Compares pharmacy by pharmacy; afterwards `changes` and the counts of the report hold the result."""

    def __init__(self, rules: FileRules, report: OfficeReport) -> None:
        self.rules, self.report, self.changes = rules, report, Changes()

    def compare(self, pharmacy: Pharmacy, stored: Sequence[Office], rows: Sequence[OfficeRow]) -> None:
        """Adds the changes of one pharmacy. Changes the attributes of the `stored` offices, but not their end."""
        before = {office.pk: _facts(office) for office in stored}
        said: defaultdict[str, list[OfficeRow]] = defaultdict(list)
        held: defaultdict[str, list[Office]] = defaultdict(list)
        for row in rows:
            said[row.codice_fiscale].append(row)
            self.report.add_doubts(pharmacy.code, row.doubts)
        for office in stored:
            held[office.codice_fiscale].append(office)
        for person in sorted(said.keys() | held.keys()):
            self._person(pharmacy, person, held[person], said[person])
        for office in stored:
            self._note(office, before[office.pk])

    def _person(self, pharmacy: Pharmacy, person: str, held: list[Office], said: list[OfficeRow]) -> None:
        may_name = self.rules.may_name(pharmacy.code, person)
        for office in held:
            if office.source == OfficeSource.FILE:
                continue
            answering = [row for row in said if conflicts.is_about(row, office)]
            said = [row for row in said if row not in answering]
            self.report.unchanged += len(answering)
            self._written(office, pharmacy.code, answering, is_lacked=self.rules.is_whole and not may_name)
            self.report.conflicts += office.file_says is not None and "kept" not in office.file_says
        of_files = [office for office in held if office.source == OfficeSource.FILE]
        pairs, unsaid, new = _pairs(of_files, said, self.rules.now)
        if self.rules.is_whole:
            self._another_role(pairs, unsaid, new)
        for office, row in pairs:
            self._follow(office, row, held)
        for row in new:
            self._give(pharmacy, row)
        for office in unsaid:
            if may_name:
                office.absent_since = None  # the files that lack it are counted anew
            elif self.rules.is_whole:
                self._absent(office, pharmacy.code)

    def _written(self, office: Office, code: str, answering: Sequence[OfficeRow], *, is_lacked: bool) -> None:
        """Writes what the file says of an office that a person wrote. An absence is a conflict once enough files prove it."""
        if answering:
            office.absent_since = None
            office.file_says = conflicts.said_of(office, answering, self.rules.now)
        elif is_lacked and not conflicts.may_be_lacked(office, self.rules.now):
            office.absent_since = office.absent_since or self.rules.day
            if self.rules.proven(office.absent_since, code):
                office.file_says = conflicts.said_of(office, answering, self.rules.now)
        elif is_lacked:
            office.absent_since = office.file_says = None

    def _another_role(self, pairs: list[tuple[Office, OfficeRow]], unsaid: list[Office], new: list[OfficeRow]) -> None:
        """The file names the person with one other role instead of the stored one: the old office ends, or was written wrong."""
        now = self.rules.now
        gone = [office for office in unsaid if office.until is None or office.until > now]
        come = [row for row in new if row.is_alive(now)]
        if len(gone) != 1 or len(come) != 1 or come[0].role == gone[0].role:
            return
        office, row = gone[0], come[0]
        unsaid.remove(office)
        if row.since is not None and row.since > office.since:
            self._end(office, row.since)
        elif row.role in MAY_CERTIFY or not office.may_certify:
            new.remove(row)
            pairs.append((office, row))
        else:
            self._end(office, day_start(now))

    def _follow(self, office: Office, row: OfficeRow, held: Sequence[Office]) -> None:
        """Takes the facts of the row over; an earlier end is only proposed."""
        now = self.rules.now
        office.role, office.absent_since, office.doubts = row.role, None, list(row.doubts) or None
        office.family_name = row.family_name or office.family_name
        office.given_name = row.given_name or office.given_name
        if row.since is not None and not office.since <= now < row.since:  # no office in force begins again later
            office.since = row.since
        until = None if row.until is None else max(row.until, office.since)
        is_over = office.until is not None and office.until <= now
        if until == office.until:
            office.ending_waits = None
        elif is_over and until is not None and until <= now:
            office.until = until if self.rules.is_whole else office.until
        elif until is None or (office.until is not None and until > office.until):
            others = (one for one in held if one is not office and one.role == office.role)
            if until is None and any(one.until is None for one in others):
                self.report.kept += 1
                return
            office.until, office.ending_waits = until, None
        elif self.rules.is_whole:
            self._end(office, until)
        else:
            self.report.kept += 1
        if office.until is not None:
            office.until = max(office.until, office.since)

    def _give(self, pharmacy: Pharmacy, row: OfficeRow) -> None:
        since = row.since or day_start(self.rules.now)
        self.changes.given.append(
            Office(
                pharmacy=pharmacy, codice_fiscale=row.codice_fiscale, family_name=row.family_name, role=row.role,
                given_name=row.given_name, since=since, until=None if row.until is None else max(row.until, since),
                source=OfficeSource.FILE, doubts=list(row.doubts) or None,
            )
        )  # fmt: skip

    def _absent(self, office: Office, code: str) -> None:
        """Marks an office in force that the whole file does not name; ends it once enough whole files lack it."""
        tonight = terms.ends_after(terms.first_day(self.rules.now))
        if office.until is not None and office.until <= tonight:
            return
        self.report.absent += 1
        office.absent_since = office.absent_since or self.rules.day
        if self.rules.proven(office.absent_since, code):
            self._end(office, max(tonight, office.since), is_absence=True)

    def _end(self, office: Office, until: datetime, *, is_absence: bool = False) -> None:
        was_waiting = office.ending_waits is not None
        self.changes.endings.append(Ending(office, max(until, office.since), is_absence, was_waiting))

    def _note(self, office: Office, before: dict[str, Any]) -> None:
        after = _facts(office)
        if any(before[name] != after[name] for name in FACTS):
            self.changes.corrected.append((office, before))
            self.report.changed += 1
        elif any(before[name] != after[name] for name in MARKS):
            self.changes.marked.append(office)


def _facts(office: Office) -> dict[str, Any]:
    return {name: getattr(office, name) for name in (*FACTS, *MARKS)}


def _pairs(
    offices: Sequence[Office], rows: Sequence[OfficeRow], now: datetime
) -> tuple[list[tuple[Office, OfficeRow]], list[Office], list[OfficeRow]]:
    """Pairs the stored offices of one person with the rows about them; returns the pairs and what is left of both.

    An office and a row of the same role belong together when they start on the same day, else when they share a day.
    """
    left = sorted(offices, key=lambda one: (one.until is not None and one.until <= now, -one.since.timestamp()))
    pairs, new = [], list(rows)
    for fits in (_same_start, _shares_a_day):
        for row in list(new):
            office = next((one for one in left if one.role == row.role and fits(one, row)), None)
            if office is not None:
                left.remove(office)
                new.remove(row)
                pairs.append((office, row))
    return pairs, left, new


def _same_start(office: Office, row: OfficeRow) -> bool:
    return office.since == row.since


def _shares_a_day(office: Office, row: OfficeRow) -> bool:
    starts_before = row.since is None or office.until is None or row.since < office.until
    return starts_before and (row.until is None or row.until > office.since)
