"""An import holds the same memory whatever the number of rows: compares two files that both exceed the caches."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from portal.demo import processes
from tests.processes.conftest import ProcessWorld

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
FEWER, MORE = 65_000, 95_000  # rows; both exceed the 32 MB of the staging's cache (pharmacies/register/staging.py)
AT_MOST, APART = 250.0, 12.0  # MB: an import's peak; the difference, which would be 60 with rows kept in memory
COLUMNS = (
    "cod_farmacia", "indirizzo", "descrizione_farmacia", "p_iva", "cap", "cod_comune", "comune", "sigla_provincia",
    "cod_regione", "regione", "data_inizio_validita", "data_fine_validita", "codice_tipologia",
)  # fmt: skip


def rows(count: int) -> Iterator[dict[str, str]]:
    """Pharmacies with long names and addresses, so that a row takes half a kilobyte."""
    for number in range(1, count + 1):
        yield dict(zip(COLUMNS, (
            str(number), f"VIA DELLA REPUBBLICA {number} " + "PRESSO IL CENTRO COMMERCIALE " * 5,
            f"FARMACIA N. {number} " + "DELLE DOTTORESSE BIANCHI E VERDI " * 4, "01234560223", "38122", "022205",
            "TRENTO", "TN", "042", "PROV. AUTON. TRENTO", "01/02/2015", "-", "1",
        ), strict=True))  # fmt: skip


def as_csv(count: int) -> Iterator[str]:
    yield ";".join(COLUMNS) + "\n"
    for row in rows(count):
        yield ";".join(row.values()) + "\n"


def as_json(count: int) -> Iterator[str]:
    yield "["
    for number, row in enumerate(rows(count)):
        yield ("," if number else "") + json.dumps(row)
    yield "]"


def as_xml(count: int) -> Iterator[str]:
    """Each record inside elements of its own, which must be forgotten with it."""
    yield "<farmacie>"
    for row in rows(count):
        cells = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in row.items())
        yield f"<voce><id/><titolo>Farmacia</titolo><farmacia>{cells}</farmacia></voce>\n"
    yield "</farmacie>"


def peak(world: ProcessWorld, file: Path, *options: str) -> float:
    """The most memory that the import of this file held, in MB."""
    said = world.folder / "said.txt"
    with said.open("w", encoding="utf-8") as out:
        command = [*processes.MANAGE, "import_pharmacies", str(file), *options]
        importing = subprocess.Popen(command, env=world.env, stdout=out, stderr=out)
        _, status, usage = os.wait4(importing.pid, 0)
        importing.returncode = os.waitstatus_to_exitcode(status)
    text = said.read_text(encoding="utf-8")
    assert importing.returncode == 0, text[-2000:]
    assert "rows read" in text
    return usage.ru_maxrss / 1024


def written(world: ProcessWorld, form: Callable[[int], Iterator[str]], count: int) -> Path:
    file = world.folder / f"{form.__name__}-{count}"
    with file.open("w", encoding="utf-8") as out:
        out.writelines(form(count))
    return file


@pytest.mark.parametrize("form", [as_csv, as_xml])
def test_more_rows_that_are_read_take_no_more_memory(world: ProcessWorld, form):
    fewer, more = (peak(world, written(world, form, count), "--dry-run") for count in (FEWER, MORE))
    assert more < AT_MOST
    assert more - fewer < APART


def test_more_rows_that_are_written_take_no_more_memory(world: ProcessWorld):
    fewer, more = (peak(world, written(world, as_json, count)) for count in (FEWER, MORE))
    assert more < AT_MOST
    assert more - fewer < APART
