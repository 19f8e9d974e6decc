"""Makes the files of pharmacies/places/data from open data: `python -m pharmacies.places.make_comuni ARCHIVE LATER REGISTER`.

ARCHIVE: «Archivio storico dei comuni» of ANPR (ministero dell'Interno, CC BY 4.0), ANPR_archivio_comuni.csv: the repository
italia/anpr, folder src/archivi, or the site of ANPR. LATER: municipalities.json of the library python-codicefiscale (MIT), the
same archive without ISTAT codes but more recent; "-" when ARCHIVE is recent enough. REGISTER: the Ministry of Health's
FRM_FARMA_5 (IODL 2.0), for the codes of the provinces, the CAP, and the ISTAT codes that the archive has not received yet (the
provinces of Sardinia of 2025). data/README.md says from which versions the present files were made.
"""

import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from pharmacies.places.spelling import key_of, words_of

DATA = Path(__file__).parent / "data"
SINCE = "1950-01-01"  # names and codes that ended earlier are left out: no register uses them
NOT_ENDED = "9"  # sorts after every date
SARDEGNA = "200"
# the provinces of 2005 that came back in 2025 with the same comuni; of the others only the register tells the new one
CAME_BACK = {"OT", "OG", "VS", "CI"}


@dataclass(frozen=True, slots=True)
class Period:
    """A comune while its name, code and province stayed the same. `ends` is "" for the present one."""

    catasto: str
    begins: str
    ends: str
    names: tuple[str, ...]
    istat: str
    province: str


def main(archive: str, later: str, register: str) -> None:
    rows = [row for row in _rows(register) if row["sigla_provincia"] not in ("", "-")]
    provinces = {row["cod_comune"][:3]: (row["sigla_provincia"], row["cod_regione"]) for row in rows}
    periods = _periods(archive)
    _add_old_provinces(provinces, periods)
    if later != "-":
        periods = _with_later(periods, Path(later))
    periods = [period for period in periods if period.province in {sigla for sigla, _ in provinces.values()}]
    today = _today(periods)
    periods += _new_codes(rows, periods, provinces)
    seats = _seats(periods, provinces)
    ended: dict[tuple[str, str, str], str] = {}
    for period in periods:
        for name in period.names:
            line = period.catasto, period.istat, name
            ended[line] = max(ended.get(line, ""), period.ends or NOT_ENDED)
    lines = {
        (catasto, istat, name, seats[catasto], "" if until == NOT_ENDED else until[:4], today[catasto])
        for (catasto, istat, name), until in ended.items()
        if until >= SINCE
    }
    _write("comuni.csv", ("catasto", "istat", "name", "province", "until", "today"), lines)
    _write("provinces.csv", ("istat", "province", "region"), {(code, *both) for code, both in provinces.items()})
    _write("caps.csv", ("cap", "provinces"), _caps(rows))


def _rows(path: str) -> list[dict[str, str]]:
    lines = Path(path).read_text(encoding="utf-8-sig", errors="replace").splitlines()
    return list(csv.DictReader(lines, delimiter=";" if ";" in lines[0] else ","))


def _periods(archive: str) -> list[Period]:
    return [
        Period(
            row["CODCATASTALE"],
            row["DATAISTITUZIONE"],
            "" if row["STATO"] == "A" else row["DATACESSAZIONE"],
            tuple(name for name in (row["DENOMINAZIONE_IT"], row["ALTRADENOMINAZIONE"]) if name),
            row["CODISTAT"],
            row["SIGLAPROVINCIA"],
        )
        for row in _rows(archive)
        if row["CODCATASTALE"]
    ]


def _with_later(periods: list[Period], path: Path) -> list[Period]:
    """Adds the comuni that ended or began after the archive was made. The ISTAT code of a new comune stays unknown."""
    known = {(period.catasto, period.begins): period for period in periods}
    for row in json.loads(path.read_text(encoding="utf-8")):
        at = row["code"], row["date_created"][:10]
        names = tuple(name.upper() for name in (row["name"], row["name_alt"]) if name)
        ends = row["date_deleted"][:10]
        if at in known:
            known[at] = replace(known[at], ends="" if row["active"] else ends)
        elif row["active"] or ends >= SINCE:
            known[at] = Period(*at, "" if row["active"] else ends, names, "", row["province"])
    return list(known.values())


def _add_old_provinces(provinces: dict[str, tuple[str, str]], periods: Iterable[Period]) -> None:
    """Adds the codes of provinces that the register no longer uses (090, 104, 111): their region is that of their comuni."""
    region = dict(provinces.values())
    region |= {"FO": region["FC"], "PS": region["PU"], "SU": SARDEGNA}
    for period in periods:
        if period.province in region and (not period.ends or period.ends >= "1991-01-01"):
            provinces.setdefault(period.istat[:3], (period.province, region[period.province]))
    provinces.pop("", None)


def _today(periods: list[Period]) -> dict[str, str]:
    """Returns the comune of today of each one, by codice catastale; "" when nothing tells it."""
    last: dict[str, Period] = {}
    begun: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    words: defaultdict[str, set[str]] = defaultdict(set)
    for period in periods:
        if period.catasto not in last or (period.ends or NOT_ENDED) > (last[period.catasto].ends or NOT_ENDED):
            last[period.catasto] = period
        begun[period.begins, period.province].add(period.catasto)
        words[period.catasto] |= {word for name in period.names for word in words_of(name) if len(word) > 2}

    known = _merged(last)

    def next_of(catasto: str) -> str:
        period = last[catasto]
        if not period.ends:
            return catasto
        if catasto in known:
            return known[catasto]
        after = f"{date.fromisoformat(period.ends) + timedelta(days=1)}"
        found = begun[after, period.province] - {catasto}
        alike = {one for one in found if set(words_of(period.names[0])) & words[one]}
        chosen = found if len(found) == 1 else alike
        return next_of(chosen.pop()) if len(chosen) == 1 else ""

    return {catasto: next_of(catasto) for catasto in last}


def _merged(last: dict[str, Period]) -> dict[str, str]:
    """Returns the mergers of data/merged.csv, by codice catastale. Raises ValueError for a name that is not in the archive."""
    by_name = {(key_of(name), period.province): period for period in last.values() for name in period.names}
    found = {}
    for line in _rows(str(DATA / "merged.csv")):
        former, today = (by_name.get((key_of(line[name]), line["province"])) for name in ("former", "today"))
        if former is None or today is None or today.ends or not former.ends:
            raise ValueError(f"merged.csv: {line}")
        found[former.catasto] = today.catasto
    return found


def _new_codes(
    rows: list[dict[str, str]], periods: list[Period], provinces: dict[str, tuple[str, str]]
) -> list[Period]:
    """Returns the comuni whose ISTAT code only the register knows, by their name in its region."""
    known = {period.istat for period in periods}
    named: defaultdict[tuple[str, str], set[Period]] = defaultdict(set)
    region = dict(provinces.values())
    for period in periods:
        if not period.ends:
            for name in period.names:
                named[key_of(name), region[period.province]].add(period)
    found: dict[str, Period] = {}
    for row in rows:
        same = named[key_of(row["comune"]), row["cod_regione"]]
        if row["cod_comune"] not in known and len(same) == 1:
            found[row["cod_comune"]] = replace(
                next(iter(same)), istat=row["cod_comune"], province=row["sigla_provincia"]
            )
    return list(found.values())


def _seats(periods: list[Period], provinces: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Returns the province of each comune that has one today; of Sardegna the ones of 2025, else the last one.

    A comune without a pharmacy is not in the register: it is in the province of 2005 that came back, else Sud Sardegna's
    comuni are in Cagliari's.
    """
    seats: dict[str, str] = {}
    for period in sorted(periods, key=lambda period: period.ends or NOT_ENDED):
        if seats.get(period.catasto) in CAME_BACK and period.istat[:3] not in {"112", "114", "115", "118"}:
            continue
        seats[period.catasto] = "CA" if period.province == "SU" else period.province
    return seats


def _caps(rows: list[dict[str, str]]) -> set[tuple[str, str]]:
    """Returns the first three digits of each CAP with their provinces, without single rows, which may be errors."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row["cap"].isdigit() and len(row["cap"]) == 5:
            found[row["cap"][:3]][row["sigla_provincia"]] += 1
    return {
        (cap, " ".join(sorted(sigla for sigla, count in counts.items() if count > 1 or len(counts) == 1)))
        for cap, counts in found.items()
    }


def _write(name: str, header: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> None:
    text = "\n".join(";".join(line) for line in [header, *sorted(lines)])
    (DATA / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:4])
