"""The columns of the national register, and how one line splits into cells.

Source: Ministry of Health, open data "Farmacie" (FRM_FARMA_5): `;`, no quoting, `-` for empty. The import drops the
coordinates, the frazione and the coded province.
"""

import csv
from contextlib import suppress

from pharmacies.files.cells import BrokenRow, code_of, letters, tidy
from pharmacies.files.tables import MissingColumns

# Our name, today's column, the older column. letters() compares them, because some years spelled them with underscores.
COLUMNS = {
    "code": ("cod_farmacia", "CODICEIDENTIFICATIVOFARMACIA"),
    "asl_code": ("cod_farmacia_asl", "CODFARMACIAASSEGNATODAASL"),
    "address": ("indirizzo", "INDIRIZZO"),
    "name": ("descrizione_farmacia", "DESCRIZIONEFARMACIA"),
    "partita_iva": ("p_iva", "PARTITAIVA"),
    "cap": ("cap", "CAP"),
    "comune_code": ("cod_comune", "CODICECOMUNEISTAT"),
    "comune": ("comune", "DESCRIZIONECOMUNE"),
    "province": ("sigla_provincia", "SIGLAPROVINCIA"),
    "region_code": ("cod_regione", "CODICEREGIONE"),
    "region": ("regione", "DESCRIZIONEREGIONE"),
    "valid_from": ("data_inizio_validita", "DATAINIZIOVALIDITA"),
    "ends_on": ("data_fine_validita", "DATAFINEVALIDITA"),
    "type_name": ("descrizione_tipologia", "DESCRIZIONETIPOLOGIA"),
    "type": ("codice_tipologia", "CODICETIPOLOGIA"),
}
OPTIONAL = {"asl_code", "type_name"}
# columns of the Ministry's register of parafarmacie, as letters() writes them
OF_PARAFARMACIE = ("codiceidentificativosito", "sitologistico")


class UnknownHeader(MissingColumns):
    """The first line is not the header of the register: the file is another one, or the Ministry changed the columns."""

    def __init__(self, header: str, missing: list[str]) -> None:
        if any(column in letters(header) for column in OF_PARAFARMACIE):
            super().__init__(
                "This is the register of the parafarmacie, not of the pharmacies: it says nothing about pharmacies. "
                "Nothing was imported."
            )
            return
        names = ", ".join(f"{COLUMNS[name][0]} (or {COLUMNS[name][1]})" for name in missing)
        super().__init__(
            f"The first line is not the header of the register of pharmacies. Missing columns: {names}. "
            f"The line begins with {header[:80]!r}; columns are separated by semicolons."
        )


class Header:
    """Finds the position of each column in the header line. Raises UnknownHeader."""

    def __init__(self, line: str) -> None:
        spelled = [letters(cell) for cell in line.split(";")]
        self.width = len(spelled)
        self.position: dict[str, int] = {}
        for name, spellings in COLUMNS.items():
            found = next(
                (spelled.index(letters(spelling)) for spelling in spellings if letters(spelling) in spelled), None
            )
            if found is not None:
                self.position[name] = found
        missing = [name for name in COLUMNS if name not in self.position and name not in OPTIONAL]
        if missing:
            raise UnknownHeader(line, missing)

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
        return code_of(cells[self.position["code"]]) if len(cells) > self.position["code"] else ""
