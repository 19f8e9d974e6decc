"""The columns of the two national registers, and how one line splits into cells.

Source: Ministry of Health, open data "Farmacie" (FRM_FARMA_5) and "Parafarmacie" (FRM_PFARMA_7): `;`, no quoting, `-` for
empty. The import drops the coordinates, the frazione and the coded province.
"""

import csv
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from pharmacies.codes import names_a_parafarmacia, parafarmacia_code
from pharmacies.files.cells import BrokenRow, code_of, letters, tidy
from pharmacies.files.tables import MissingColumns
from pharmacies.models import NationalRegister

# Our name, today's column, the older column. letters() compares them, because some years spelled them with underscores.
SHARED = {
    "address": ("indirizzo", "INDIRIZZO"),
    "cap": ("cap", "CAP"),
    "comune": ("comune", "DESCRIZIONECOMUNE"),
    "province": ("sigla_provincia", "SIGLAPROVINCIA"),
    "region": ("regione", "DESCRIZIONEREGIONE"),
    "valid_from": ("data_inizio_validita", "DATAINIZIOVALIDITA"),
    "ends_on": ("data_fine_validita", "DATAFINEVALIDITA"),
}
OF_FARMACIE = {
    "code": ("cod_farmacia", "CODICEIDENTIFICATIVOFARMACIA"),
    "asl_code": ("cod_farmacia_asl", "CODFARMACIAASSEGNATODAASL"),
    "name": ("descrizione_farmacia", "DESCRIZIONEFARMACIA"),
    "type_name": ("descrizione_tipologia", "DESCRIZIONETIPOLOGIA"),
    "type": ("codice_tipologia", "CODICETIPOLOGIA"),
}
OF_PARAFARMACIE = {
    "code": ("codice_identificativo_sito", "CODICEIDENTIFICATIVOSITO"),
    "name": ("sito_logistico", "SITOLOGISTICO"),
}
NEEDED = ("code", "name", "comune", "valid_from")  # a record of JSON or XML without these fields is no site


@dataclass(frozen=True)
class Layout:
    """The columns of one register.

    `own`: the columns that the other register does not have. They tell a file of one from a file of the other.
    `optional`: our names of the columns that may be missing.
    """

    register: NationalRegister
    own: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, tuple[str, ...]]
    optional: frozenset[str] = frozenset()
    by_spelling: Mapping[str, str] = field(init=False)  # letters() of a column to our name
    own_spellings: frozenset[str] = field(init=False)
    code_spellings: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        by_spelling = {letters(spelling): name for name, every in self.columns.items() for spelling in every}
        object.__setattr__(self, "by_spelling", by_spelling)
        own = frozenset(spelling for spelling, name in by_spelling.items() if name in self.own)
        object.__setattr__(self, "own_spellings", own)
        codes = frozenset(spelling for spelling, name in by_spelling.items() if name == "code")
        object.__setattr__(self, "code_spellings", codes)

    def code_of(self, cell: str) -> str:
        """Returns the code as the portal stores it; "" when the cell holds no code of this register."""
        if self.register == NationalRegister.PARAFARMACIE:
            return parafarmacia_code(tidy(cell))
        code = code_of(cell)
        return "" if names_a_parafarmacia(code) else code


LAYOUTS = {
    NationalRegister.FARMACIE: Layout(
        NationalRegister.FARMACIE,
        OF_FARMACIE,
        SHARED
        | OF_FARMACIE
        | {
            "partita_iva": ("p_iva", "PARTITAIVA"),
            "comune_code": ("cod_comune", "CODICECOMUNEISTAT"),
            "region_code": ("cod_regione", "CODICEREGIONE"),
        },
        frozenset({"asl_code", "type_name"}),
    ),
    NationalRegister.PARAFARMACIE: Layout(
        NationalRegister.PARAFARMACIE,
        OF_PARAFARMACIE,
        SHARED
        | OF_PARAFARMACIE
        | {
            "partita_iva": ("partita_iva", "PARTITAIVA"),
            "comune_code": ("codice_comune", "CODICECOMUNEISTAT"),
            "region_code": ("codice_regione", "CODICEREGIONE"),
        },
    ),
}


class UnknownHeader(MissingColumns):
    """The first line is the header of no register: the file is another one, or the Ministry changed the columns."""

    def __init__(self, header: str, missing: Iterable[str], layout: Layout | None = None) -> None:
        register, columns = ("register of pharmacies", LAYOUTS[NationalRegister.FARMACIE].columns)
        if layout is not None and layout.register == NationalRegister.PARAFARMACIE:
            register, columns = "register of parafarmacie", layout.columns
        elif layout is None:
            register += " or of that of parafarmacie"
        names = ", ".join(f"{columns[name][0]} (or {columns[name][1]})" for name in missing)
        super().__init__(
            f"The first line is not the header of the {register}. Missing columns: {names}. "
            f"The line begins with {header[:80]!r}; columns are separated by semicolons."
        )


class OtherRegister(MissingColumns):
    """The file is of another register than the caller looked for: nothing was imported."""


class MixedRegisters(UnknownHeader):
    """The file has columns of both registers. Its rows would be read as sites of the wrong one, so nothing is imported."""

    def __init__(self, columns: Iterable[str]) -> None:
        MissingColumns.__init__(
            self,
            "The file mixes the register of pharmacies with that of parafarmacie: it has the columns "
            f"{', '.join(columns)}. A file holds one register: import the two files of the Ministry one after the other. "
            "Nothing was imported.",
        )


def layout_of(names: Iterable[str], quoted: str) -> Layout:
    """Returns the layout of the register that has these columns; `quoted` begins the error sentence of an unknown header.

    Raises UnknownHeader, and MixedRegisters when there are columns that only one register has beside columns of the other.
    """
    spelled = {letters(name) for name in names}
    found = {layout.register: layout.own_spellings & spelled for layout in LAYOUTS.values()}
    registers = [register for register, columns in found.items() if columns]
    if len(registers) > 1:
        raise MixedRegisters(
            LAYOUTS[register].columns[LAYOUTS[register].by_spelling[min(found[register])]][0] for register in registers
        )
    if not registers:
        raise UnknownHeader(quoted, NEEDED)
    return LAYOUTS[registers[0]]


class Header:
    """Finds the layout and the position of each column in the header line. Raises UnknownHeader, MixedRegisters."""

    def __init__(self, line: str) -> None:
        names = [tidy(cell) for cell in line.split(";")]
        self.layout = layout_of(names, line)
        spelled = [letters(name) for name in names]
        self.width = len(spelled)
        self.position: dict[str, int] = {}
        for name, spellings in self.layout.columns.items():
            found = next(
                (spelled.index(letters(spelling)) for spelling in spellings if letters(spelling) in spelled), None
            )
            if found is not None:
                self.position[name] = found
        missing = [name for name in self.layout.columns if name not in self.position]
        if missing := [name for name in missing if name not in self.layout.optional]:
            raise UnknownHeader(line, missing, self.layout)

    def cells(self, line: str) -> dict[str, str]:
        """Returns the cells of a line by our names. Raises BrokenRow when there are too many or too few."""
        cells = line.split(";")
        if "\0" in line:
            raise BrokenRow("characters that cannot be stored, or a line too long", self._code_in(cells))
        if len(cells) != self.width and '"' in line:
            # quotes are ordinary characters in this file; they are read as CSV quotes only when the cells do not fit
            with suppress(csv.Error):  # a carriage return outside the quotes
                cells = next(csv.reader([line], delimiter=";"))
        if len(cells) != self.width:
            raise BrokenRow(f"{len(cells)} fields instead of {self.width}", self._code_in(cells))
        return {name: tidy(cells[position]) for name, position in self.position.items()}

    def _code_in(self, cells: list[str]) -> str:
        position = self.position["code"]
        return self.layout.code_of(cells[position]) if len(cells) > position else ""
