"""Reads one row of the national register: cleans its values, collects doubts, rejects it when it cannot be imported."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from stdnum import luhn

from pharmacies.codes import PARAFARMACIA_PREFIX
from pharmacies.files.cells import BrokenRow, letters
from pharmacies.files.days import day_in, last_day_in
from pharmacies.models import NationalRegister, Pharmacy
from pharmacies.places.comuni import WrittenPlace
from pharmacies.places.regions import regions
from pharmacies.places.resolving import resolve
from pharmacies.register.columns import LAYOUTS, SHARED
from portal.values.codice_fiscale import is_valid_partita_iva

# Doubts about a row that is imported all the same: (value in Pharmacy.doubts, sentence on the pages).
DOUBTS = {
    "code_zero": "codice 0",
    "name_missing": "nome mancante",
    "name_cut": "nome troppo lungo, tagliato",
    "address_missing": "indirizzo mancante",
    "address_cut": "indirizzo troppo lungo, tagliato",
    "partita_iva_missing": "partita IVA mancante",
    "partita_iva_malformed": "partita IVA malformata",
    "partita_iva_check_digit": "partita IVA con cifra di controllo errata",
    "partita_iva_office": "partita IVA con un ufficio che non esiste",
    "partita_iva_zeros": "partita IVA senza gli zeri iniziali, rimessi",
    "cap_malformed": "CAP malformato",
    "cap_zeros": "CAP senza gli zeri iniziali, rimessi",
    "comune_missing": "comune mancante",
    "comune_code_malformed": "codice del comune malformato",
    "comune_code_zeros": "codice del comune senza gli zeri iniziali, rimessi",
    "region_unresolved": "regione non indicata",
    "region_unknown": "regione sconosciuta",
    "region_from_comune": "regione non indicata, presa dal comune",
    "region_kept": "regione non più indicata, vale quella di prima",
    "province_malformed": "sigla della provincia malformata",
    "province_unresolved": "provincia non indicata",
    "province_from_comune": "provincia non indicata, presa dal comune",
    "type_unknown": "tipologia sconosciuta",
    "start_missing": "data di inizio mancante",
    "not_yet_valid": "validità che comincia più avanti",
    "ends_before_it_starts": "fine validità prima dell’inizio",
    "twice": "due righe valide con lo stesso codice",
}
LONGEST = {"name": 160, "address": 200}  # characters: the columns of Pharmacy


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One pharmacy or parafarmacia in one period, with cleaned values. Fields are named as in Pharmacy."""

    line: int
    code: str
    name: str
    partita_iva: str
    address: str
    cap: str
    comune: str
    comune_code: str
    catasto: str
    province: str
    region_code: str
    region: str
    asl_code: str
    type: int
    valid_from: date | None
    closed_on: date | None
    doubts: tuple[str, ...]

    def is_valid(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.closed_on is None or self.closed_on > day)

    def with_doubt(self, word: str) -> "RegisterRow":
        return replace(self, doubts=tuple(sorted({*self.doubts, word})))

    def rank(self, day: date) -> tuple[bool, date, date]:
        """Orders the rows of one code; the greatest is current: valid on `day`, else the last to end, then the newest."""
        return self.is_valid(day), self.closed_on or date.max, self.valid_from or date.min


@dataclass
class Fields:
    """The cells of one row by our names ("" when empty), and the doubts found while reading them."""

    cells: Mapping[str, str]
    doubts: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")

    def cut(self, name: str, doubt: str) -> str:
        """Returns the cell, cut to the length of its column in Pharmacy; adds `doubt` when it was longer."""
        value = self[name]
        if len(value) > LONGEST[name]:
            self.doubts.append(doubt)
        return value[: LONGEST[name]].rstrip()

    def digits(self, name: str, length: int, shortest: int) -> str:
        """Returns a code of `length` digits; restores leading zeros lost in a spreadsheet if `shortest` digits are left."""
        value = self[name]
        if not value or (value.isascii() and value.isdigit() and len(value) == length):
            return value
        if value.isascii() and value.isdigit() and shortest <= len(value) < length:
            self.doubts.append(f"{name}_zeros")
            return value.zfill(length)
        self.doubts.append(f"{name}_malformed")
        return value[:length]


def read_row(
    line: int, cells: Mapping[str, str], day: date, register: NationalRegister = NationalRegister.FARMACIE
) -> RegisterRow:
    """Returns the row with these cells; `day` is today in Italy. The end date is the last open day. Raises BrokenRow."""
    fields = Fields(cells)
    code = LAYOUTS[register].code_of(fields["code"])
    if not code:
        raise BrokenRow(f"no usable code: {fields['code'][:20]!r}")
    starts, ends = _day(fields, "valid_from", code), _day(fields, "ends_on", code, last_day_in)
    region_code, region = _region(fields)
    row = RegisterRow(
        line=line,
        code=code,
        name=_name(fields, code, register),
        partita_iva=_partita_iva(fields),
        address=fields.cut("address", "address_cut"),
        cap=fields.digits("cap", 5, 3),
        comune=fields["comune"][:80],
        comune_code=fields.digits("comune_code", 6, 4),
        catasto="",
        province=_province(fields),
        region_code=region_code,
        region=region,
        asl_code=fields["asl_code"][:10],
        type=_type(fields, code, register),
        valid_from=starts,
        closed_on=None if ends is None else ends + timedelta(days=1),
        doubts=(),
    )
    facts = {
        "code_zero": code in ("0", f"{PARAFARMACIA_PREFIX}0"),
        "address_missing": not row.address,
        "comune_missing": not row.comune,
        "start_missing": starts is None,
        "not_yet_valid": starts is not None and starts > day,
        "ends_before_it_starts": starts is not None and ends is not None and ends < starts,
    }
    doubts = {*fields.doubts, *(word for word, is_so in facts.items() if is_so)}
    return _placed(replace(row, doubts=tuple(sorted(doubts))))


def _placed(row: RegisterRow) -> RegisterRow:
    """Returns the row with its comune of today, and with the region and province of it where the register has none.

    A region or a province that the register says in an unknown way stays empty: the comune does not overrule it.
    """
    resolved = resolve(WrittenPlace(row.comune, row.comune_code, row.province, row.region_code, row.cap))
    doubts = set(row.doubts)
    changes: dict[str, Any] = {"catasto": resolved.catasto}
    if "region" in resolved.added and "region_unresolved" in doubts:
        doubts = doubts - {"region_unresolved"} | {"region_from_comune"}
        changes |= {"region_code": resolved.region_code, "region": regions()[resolved.region_code]}
    if "province" in resolved.added and "province_malformed" not in doubts and "region_unknown" not in doubts:
        doubts.add("province_from_comune")
        changes["province"] = resolved.province
    return replace(row, **changes, doubts=tuple(sorted(doubts)))


def _day(fields: Fields, name: str, code: str, read: Callable[[str], date | None] = day_in) -> date | None:
    """Returns the Italian day in a cell; None when the cell is empty. Raises BrokenRow."""
    try:
        return read(fields[name])
    except ValueError:
        raise BrokenRow(f"no readable date in {SHARED[name][0]}: {fields[name][:25]!r}", code) from None


def _name(fields: Fields, code: str, register: NationalRegister) -> str:
    if not fields["name"]:
        fields.doubts.append("name_missing")
        if register == NationalRegister.PARAFARMACIE:
            return f"Parafarmacia {code.removeprefix(PARAFARMACIA_PREFIX)}"
        return f"Farmacia {code}"
    return fields.cut("name", "name_cut")


def _partita_iva(fields: Fields) -> str:
    value = re.sub(r"^IT(?=[0-9])|\.0$", "", "".join(fields["partita_iva"].upper().split()))
    if not value:
        fields.doubts.append("partita_iva_missing")
    elif not re.fullmatch(r"[0-9]{11}", value):
        whole = value.zfill(11)
        if re.fullmatch(r"[0-9]{1,10}", value) and is_valid_partita_iva(whole):
            fields.doubts.append("partita_iva_zeros")
            return whole
        fields.doubts.append("partita_iva_malformed")
    elif not luhn.is_valid(value):
        fields.doubts.append("partita_iva_check_digit")
    elif not is_valid_partita_iva(value):
        fields.doubts.append("partita_iva_office")  # digits 8 to 10: the office that issued the number
    return value[:20]


def _province(fields: Fields) -> str:
    value = fields["province"].upper()
    if value and not re.fullmatch(r"[A-Z]{2}", value):
        fields.doubts.append("province_malformed")
        return ""
    return value


def _region(fields: Fields) -> tuple[str, str]:
    """Returns the region's code and name as Sistema TS writes them, from the code or the name in the row."""
    known = regions()
    code, name = fields["region_code"].zfill(3), fields["region"].upper()
    if code in known:
        return code, known[code]
    by_name = {letters(known_name): known_code for known_code, known_name in known.items()}
    if letters(name) in by_name:
        code = by_name[letters(name)]
        return code, known[code]
    fields.doubts.append("region_unknown" if fields["region_code"] or name else "region_unresolved")
    return "", name[:60]


def _type(fields: Fields, code: str, register: NationalRegister) -> int:
    if register == NationalRegister.PARAFARMACIE:
        return Pharmacy.Type.PARAFARMACIA
    if letters(fields["type_name"]) in ("parafarmacia", "parafarmacie"):
        raise BrokenRow("a parafarmacia in the register of pharmacies", code)
    kinds = [
        kind for kind in Pharmacy.Type if kind != Pharmacy.Type.PARAFARMACIA
    ]  # its number is ours, not the Ministry's
    number = fields["type"].lstrip("0")
    if number in {str(kind.value) for kind in kinds}:
        return int(number)
    by_name = {letters(kind.label): kind.value for kind in kinds} | {
        "stagionale": Pharmacy.Type.DISPENSARIO_STAGIONALE.value
    }
    if letters(fields["type_name"]) in by_name:
        return by_name[letters(fields["type_name"])]
    fields.doubts.append("type_unknown")
    return Pharmacy.Type.ORDINARIA
