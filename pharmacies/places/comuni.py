"""Finds the comune of today that a file means: by ISTAT code, by name, by former names and other spellings of the name.

The files are in `data`, with their sources. Each is read once a process, at the first question.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import IntEnum
from functools import cache, lru_cache
from pathlib import Path

from pharmacies.places.spelling import ANY, key_of, loose_key_of, words_of

DATA = Path(__file__).parent / "data"
ALIKE = 0.9  # share of equal letters of two names that are the same name with an error: NOCERA TIRINESE


class Match(IntEnum):
    """How sure a comune is found; a smaller value is surer."""

    CODE = 1  # its ISTAT code, and no other comune has the name
    NAME = 2  # the name of today
    FORMER = 3  # a former name, or the comune merged into another
    SPELLING = 4  # the name is spelled differently, shortened or damaged; the CAP agrees


@dataclass(frozen=True, slots=True)
class Comune:
    """A comune that exists or existed. `today`: the codice catastale of the comune of today, "" when it is not known."""

    catasto: str
    province: str
    region_code: str
    today: str


@dataclass(frozen=True, slots=True)
class WrittenPlace:
    """A place as a file writes it; a field that the file lacks is ""."""

    name: str = ""
    istat: str = ""
    province: str = ""
    region_code: str = ""
    cap: str = ""


@dataclass(frozen=True, slots=True)
class FoundComune:
    comune: Comune
    match: Match


class Comuni:
    """The table of the comuni, with its indexes."""

    def __init__(self) -> None:
        self.provinces = {line["istat"]: (line["province"], line["region"]) for line in _lines("provinces.csv")}
        self.caps = {line["cap"]: frozenset(line["provinces"].split()) for line in _lines("caps.csv")}
        self.by_catasto: dict[str, Comune] = {}
        self.name_today: dict[str, str] = {}  # by codice catastale
        self._by_istat: defaultdict[str, set[str]] = defaultdict(set)
        self._former_provinces: defaultdict[str, set[str]] = defaultdict(set)  # by codice catastale
        self._today: defaultdict[str, set[str]] = defaultdict(set)  # by key_of()
        self._former: defaultdict[str, set[str]] = defaultdict(set)
        self._loose: defaultdict[str, set[str]] = defaultdict(set)  # by loose_key_of()
        self._names: dict[str, set[str]] = defaultdict(set)  # codici catastali, by name
        regions = dict(self.provinces.values())
        for line in _lines("comuni.csv"):
            catasto, name, province = line["catasto"], line["name"], line["province"]
            self.by_catasto[catasto] = Comune(catasto, province, regions[province], line["today"])
            if not line["until"]:
                self.name_today.setdefault(catasto, name)
            if line["istat"]:
                self._by_istat[line["istat"]].add(catasto)
                self._former_provinces[catasto].add(self.provinces.get(line["istat"][:3], (province, ""))[0])
            self._former_provinces[catasto].add(province)
            (self._former if line["until"] else self._today)[key_of(name)].add(catasto)
            self._loose[loose_key_of(name)].add(catasto)
            self._names[name].add(catasto)

    def find(self, place: WrittenPlace) -> FoundComune | None:
        """Returns the only comune that the place can mean; None when there is none, or several.

        The name decides when code and name disagree: a program that writes a file looks the code up by the name.
        """
        named = self._named(place)
        if named is not None:
            return named
        coded = {one for one in self._by_istat.get(place.istat, ()) if self._is_in_region(one, place)}
        owners = self._owners(place)
        spelled = None if owners else self._spelled(place)
        if len(coded) == 1 and not owners - coded:
            code = FoundComune(self.by_catasto[coded.pop()], Match.CODE)
            return code if spelled is None or spelled.comune == code.comune else None
        return spelled

    def province_of_code(self, istat: str) -> tuple[str, str]:
        """Returns the province and the region of an ISTAT code of a comune or of a province; ("", "") for an unknown one."""
        return self.provinces.get(istat[:3], ("", ""))

    def _named(self, place: WrittenPlace) -> FoundComune | None:
        """Returns the comune whose name of today, or one of before, is exactly this one, in one or in two languages."""
        keys = [key_of(place.name), key_of(place.name.partition("/")[0])]
        coded = self._by_istat.get(place.istat, set())
        for names, match in ((self._today, Match.NAME), (self._former, Match.FORMER)):
            for key in keys:
                found = {one for one in names.get(key, ()) if self._fits(one, place)}
                for narrower in (found & coded, found, self._by_cap(found, place.cap)):
                    if len(narrower) == 1:
                        return FoundComune(self.by_catasto[next(iter(narrower))], match)
        return None

    def _spelled(self, place: WrittenPlace) -> FoundComune | None:
        """Returns the comune whose name is spelled differently; with an error in it only where CAP or province agree."""
        if not place.name:
            return None
        for candidates in (
            self._loose.get(loose_key_of(place.name), set()),
            self._damaged(place.name),
            self._shortened(place.name),
        ):
            found = self._by_cap({one for one in candidates if self._fits(one, place)}, place.cap)
            if len(found) == 1:
                return FoundComune(self.by_catasto[found.pop()], Match.SPELLING)
        return self._nearest(place) if place.cap[:3] in self.caps or place.province else None

    def _nearest(self, place: WrittenPlace) -> FoundComune | None:
        key, found = loose_key_of(place.name), set()
        comparing = SequenceMatcher(b=key, autojunk=False)
        for other, catasti in self._loose.items():
            comparing.set_seq1(other)
            if (
                comparing.real_quick_ratio() >= ALIKE
                and comparing.quick_ratio() >= ALIKE
                and comparing.ratio() >= ALIKE
            ):
                found |= {one for one in catasti if self._fits(one, place)}
        found = self._by_cap(found, place.cap)
        return FoundComune(self.by_catasto[found.pop()], Match.SPELLING) if len(found) == 1 else None

    def _damaged(self, name: str) -> set[str]:
        """The comuni whose name has one letter, or its accent, where the name has a «?»."""
        key = key_of(name)
        if ANY not in key:
            return set()
        pattern = re.compile(re.escape(key).replace(re.escape(ANY), "[A-Z]"))
        return {one for other, found in self._today.items() if pattern.fullmatch(other) for one in found}

    def _shortened(self, name: str) -> set[str]:
        """The comuni whose name begins with these words: VENARIA for VENARIA REALE."""
        words = words_of(name)
        return {
            one for full, found in self._names.items() if len(words) < len(all_words := words_of(full))
            and all_words[: len(words)] == words for one in found if one in self.name_today
        }  # fmt: skip

    def _fits(self, catasto: str, place: WrittenPlace) -> bool:
        fits = not place.province or place.province in self._former_provinces[catasto]
        return fits and self._is_in_region(catasto, place)

    def _is_in_region(self, catasto: str, place: WrittenPlace) -> bool:
        return not place.region_code or self.by_catasto[catasto].region_code == place.region_code

    def _by_cap(self, found: Iterable[str], cap: str) -> set[str]:
        """Narrows to the provinces of this CAP; all when the CAP says nothing."""
        provinces = self.caps.get(cap[:3])
        return {one for one in found if provinces is None or self._former_provinces[one] & provinces}

    def _owners(self, place: WrittenPlace) -> set[str]:
        """The comuni, of today or former, that have exactly this name."""
        key = key_of(place.name)
        return self._today.get(key, set()) | self._former.get(key, set())


@cache
def comuni() -> Comuni:
    """The table, read at the first call."""
    return Comuni()


@lru_cache(maxsize=20_000)  # the register names each comune many times
def find(place: WrittenPlace) -> FoundComune | None:
    """As Comuni.find()."""
    return comuni().find(place)


def _lines(name: str) -> list[dict[str, str]]:
    text = (DATA / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter=";"))
