"""An import holds the same memory whatever the number of rows: compares two files that both exceed the caches."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from portal.demo import processes
from tests.processes.conftest import ProcessWorld

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
FEWER, MORE = 65_000, 95_000  # rows; both exceed the 32 MB of the staging's cache (pharmacies/register/staging.py)
AT_MOST, APART = 250.0, 12.0  # MB: an import's peak; the difference, which would be 60 with rows kept in memory
# The kernel counts VmHWM anew for each program; getrusage() of a child begins with the memory of the process that started it.
TELLING_ITS_PEAK = """
import atexit, re, runpy, sys
from pathlib import Path
status = Path("/proc/self/status")
atexit.register(lambda: print(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1], file=sys.stderr))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
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
    python, *manage = processes.MANAGE
    done = subprocess.run(
        [python, "-c", TELLING_ITS_PEAK, *manage, "import_pharmacies", str(file), *options],
        env=world.env, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "rows read" in done.stderr
    return int(done.stderr.rsplit(maxsplit=1)[1]) / 1024


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
