"""Reads one row of a table of the ASL: which comune, which ASL. Rejects it when one of the two is unknown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pharmacies.files.cells import BrokenRow, letters
from pharmacies.places.comuni import WrittenPlace, comuni, find
from pharmacies.places.regions import regions

COLUMNS = {
    "comune": ("comune", "denominazione_comune", "descrizione_comune", "nome_comune", "comune_nome"),
    "istat": ("codice_istat", "cod_istat", "istat", "comune_istat", "codice_comune", "cod_comune", "codice_istat_comune", "pro_com_t"),
    "catasto": ("codice_catastale", "cod_catastale", "catastale", "catasto", "codice_belfiore", "belfiore"),
    "province": ("sigla_provincia", "provincia", "prov"),
    "cap": ("cap",),
    "region": ("codice_regione", "cod_regione", "regione", "denominazione_regione", "descrizione_regione"),
    "asl": ("codice_asl", "cod_asl", "asl", "asl_codice", "codice_regione_asl", "codice_azienda", "cod_azienda"),
    "asl_name": (
        "nome_asl", "denominazione_asl", "descrizione_asl", "asl_nome", "asl_denominazione", "nome_azienda",
        "denominazione_azienda", "azienda", "denominazione",
    ),
}  # fmt: skip
OPTIONAL = frozenset(COLUMNS) - {"asl"}


class UnknownAsl(BrokenRow):
    """The comune is known, its ASL is not; `catasto` is the comune, whose stored rows stay."""

    def __init__(self, reason: str, catasto: str, comune: str) -> None:
        super().__init__(reason)
        self.catasto, self.comune = catasto, comune


class UnknownComune(BrokenRow):
    """No comune of today has this name or code; `comune` is the name as the file writes it."""

    def __init__(self, reason: str, comune: str) -> None:
        super().__init__(reason)
        self.comune = comune


@dataclass(frozen=True, slots=True)
class AslRow:
    """One ASL of one comune; `comune` is its name of today."""

    line: int
    catasto: str
    comune: str
    region_code: str
    asl_code: str
    asl_name: str


def read_row(line: int, cells: Mapping[str, str]) -> AslRow:
    """Returns the row with these cells. Raises UnknownComune, UnknownAsl, BrokenRow."""
    region = _region(cells["region"])
    catasto = _catasto(cells, region)
    comune, asl = comuni().name_today[catasto], cells["asl"].strip()
    here = comuni().by_catasto[catasto].region_code
    if re.fullmatch(r"[0-9]{6}", asl):  # region and ASL in one code: 010204
        region, asl = region or asl[:3], asl[3:] if asl[:3] == (region or asl[:3]) else asl
    if not re.fullmatch(r"[0-9]{1,3}", asl):
        raise UnknownAsl(f"unknown ASL {cells['asl'][:20]!r}: write its code of three digits", catasto, comune)
    if region and region != here:
        raise UnknownAsl(f"{comune} is in the region {here}, not in {region}", catasto, comune)
    return AslRow(line, catasto, comune, here, asl.zfill(3), cells["asl_name"][:120])


def _region(cell: str) -> str:
    """Returns the code of the region, from its code (10, 010) or its name; "" when the cell is empty. Raises BrokenRow."""
    known = regions()
    if cell and cell.isdigit():
        code = next((code for code in (cell.zfill(3), f"{cell.zfill(2)}0") if code in known), "")
    else:
        by_name = {letters(name): code for code, name in known.items()}
        code = by_name.get(letters(cell), "")
    if cell and not code:
        raise BrokenRow(f"unknown region {cell[:30]!r}")
    return code


def _catasto(cells: Mapping[str, str], region: str) -> str:
    """Returns the codice catastale of the comune of today. Raises UnknownComune."""
    table, catasto = comuni(), cells["catasto"].upper()
    istat = cells["istat"].zfill(6) if cells["istat"].isdigit() else ""
    if catasto in table.by_catasto:
        today = table.by_catasto[catasto].today
    else:
        province = cells["province"].upper()
        province = province if re.fullmatch(r"[A-Z]{2}", province) else ""
        found = find(WrittenPlace(cells["comune"], istat, province, region, cells["cap"]))
        today = found.comune.today if found else ""
    if not today:
        written = cells["comune"] or cells["istat"] or cells["catasto"]
        raise UnknownComune(f"unknown comune {written[:40]!r}", cells["comune"])
    return today
