"""Reads one row of a file of offices: cleans its values, collects doubts, rejects it when it cannot be imported."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from pharmacies.files.cells import BrokenRow, code_of, letters
from pharmacies.files.days import day_in, last_day_in
from pharmacies.models import Office
from pharmacies.people import terms
from pharmacies.people.name_letters import fits
from portal.secrets.masking import mask_codice_fiscale, mask_codici_fiscali_in
from portal.values import codice_fiscale

COLUMNS = {
    "code": ("cod_farmacia", "CODICEIDENTIFICATIVOFARMACIA", "codice_farmacia"),
    "codice_fiscale": ("codice_fiscale", "cod_fiscale", "cf"),
    "family_name": ("cognome",),
    "given_name": ("nome",),
    "role": ("ruolo", "incarico"),
    "since": ("dal", "data_inizio"),
    "until": ("al", "data_fine"),
}
OPTIONAL = frozenset({"family_name", "given_name", "until"})
Role = Office.Role
# The spellings of the roles, as letters() writes them.
ROLES = {
    **{letters(role.label): role for role in Role},
    **{letters(role.value): role for role in Role},
    "direttoreresponsabile": Role.DIRETTORE, "direttoretecnico": Role.DIRETTORE, "direttrice": Role.DIRETTORE,
    "rappresentantelegale": Role.LEGALE_RAPPRESENTANTE, "delegata": Role.DELEGATE, "gestore": Role.GESTORE_PROVVISORIO,
}  # fmt: skip
# Doubts about a row that is imported all the same: (value in Office.doubts, sentence on the pages).
DOUBTS = {
    "name_missing": _("cognome o nome mancante"),
    "name_differs": _("il nome non corrisponde al codice fiscale"),
    "start_missing": _("data di inizio mancante"),
    "starts_later": _("incarico che comincia più avanti"),
    "two_titolari": _("due titolari insieme"),
    "two_direttori": _("due direttori insieme"),
    "twice": _("due righe della stessa persona con lo stesso ruolo negli stessi giorni"),
}
ONE_AT_A_TIME = {Role.TITOLARE: "two_titolari", Role.DIRETTORE: "two_direttori"}


class BrokenPerson(BrokenRow):
    """A row that cannot be imported; `person`: its codice fiscale when it can be read, else ""."""

    def __init__(self, reason: str, code: str, person: str = "") -> None:
        super().__init__(reason, code)
        self.person = person


@dataclass(frozen=True, slots=True)
class OfficeRow:
    """One office of one person in one pharmacy. `since` is None when the file does not say it (UTC instants)."""

    line: int
    code: str
    codice_fiscale: str
    family_name: str
    given_name: str
    role: str
    since: datetime | None
    until: datetime | None
    doubts: tuple[str, ...]

    def with_doubt(self, word: str) -> "OfficeRow":
        return replace(self, doubts=tuple(sorted({*self.doubts, word})))

    def is_alive(self, now: datetime) -> bool:
        return self.until is None or self.until > now

    def overlaps(self, other: "OfficeRow") -> bool:
        """True when the two periods share an instant; a missing start begins before everything."""
        return _begins_before_end(self, other) and _begins_before_end(other, self)

    @property
    def facts(self) -> tuple[Any, ...]:
        return self.role, self.since, self.until, self.family_name, self.given_name


def read_row(line: int, cells: Mapping[str, str], now: datetime) -> OfficeRow:
    """Returns the row with these cells. The column `al` is the last day of work. Raises BrokenPerson."""
    code = code_of(cells["code"])
    if not code:
        raise BrokenPerson(f"no usable pharmacy code: {_shown(cells['code'], 10)!r}", "")
    person = _person(cells["codice_fiscale"], code)
    role = ROLES.get(letters(cells["role"]))
    if role is None:
        known = ", ".join("delegato" if role is Role.DELEGATE else role.value for role in Role)
        raise BrokenPerson(f"unknown role {_shown(cells['role'])!r}: write one of {known}", code, person)
    first, last = _day(cells, "since", code, person), _day(cells, "until", code, person)
    if first is not None and last is not None and last < first:
        raise BrokenPerson(f"it ends ({last:%d/%m/%Y}) before it starts ({first:%d/%m/%Y})", code, person)
    family_name, given_name = cells["family_name"][:120], cells["given_name"][:120]
    since = None if first is None else terms.starts_on(first)
    facts = {
        "name_missing": not (family_name and given_name),
        "name_differs": not fits(person, family_name, given_name),
        "start_missing": since is None,
        "starts_later": since is not None and since > now,
    }
    until = None if last is None else terms.ends_after(last)
    doubts = tuple(sorted(word for word, is_so in facts.items() if is_so))
    return OfficeRow(line, code, person, family_name, given_name, role.value, since, until, doubts)


def _person(cell: str, code: str) -> str:
    """Returns the normalised codice fiscale. Raises BrokenPerson, whose reason masks it."""
    person = codice_fiscale.normalise(cell)
    if codice_fiscale.is_valid(person):
        return person
    if not person:
        reason = "no codice fiscale"
    elif re.fullmatch(r"(IT)?[0-9]{8,11}", person):
        reason = (
            "the codice fiscale of a company (11 digits): only a person signs in. Write the codice fiscale of its "
            "legale rappresentante, with the role legale_rappresentante"
        )
    elif len(person) != codice_fiscale.LENGTH:
        reason = f"a codice fiscale of {len(person)} characters instead of {codice_fiscale.LENGTH}"
    elif not codice_fiscale.SHAPE.fullmatch(person):
        reason = f"not a codice fiscale: {mask_codice_fiscale(person)}"
    else:
        reason = f"the check character or the date of the codice fiscale is wrong: {mask_codice_fiscale(person)}"
    raise BrokenPerson(reason, code)


def _day(cells: Mapping[str, str], name: str, code: str, person: str) -> date | None:
    """Returns the day of a cell, None when it says none. Raises BrokenPerson."""
    try:
        day = last_day_in(cells[name]) if name == "until" else day_in(cells[name])
        if day is not None and not 1900 <= day.year < 2900:
            raise ValueError
    except ValueError:
        raise BrokenPerson(f"no readable date in {COLUMNS[name][0]}: {_shown(cells[name])!r}", code, person) from None
    return day


def _shown(cell: str, longest: int = 25) -> str:
    """The beginning of a cell for a reason; masks a codice fiscale that stands in the wrong column."""
    return mask_codici_fiscali_in(cell)[:longest]


def _begins_before_end(one: OfficeRow, other: OfficeRow) -> bool:
    return one.since is None or other.until is None or one.since < other.until
