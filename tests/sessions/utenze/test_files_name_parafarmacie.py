"""The administration's files of people, addresses and utenze name a parafarmacia with its P; a number alone is a pharmacy."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from pharmacies.models import MailCertification, Office, Pharmacy, Utenza
from tests.conftest import ANNA, make_pharmacy

pytestmark = pytest.mark.django_db
FILES: dict[str, tuple[type[Office | MailCertification | Utenza], str, str]] = {
    "import_offices": (Office, "cod_farmacia;codice_fiscale;ruolo;dal", f"{{}};{ANNA};titolare;01/01/2020"),
    "import_certified": (MailCertification, "cod_farmacia;indirizzo;dal", "{};banco@sanital.it;31/12/2024"),
    "import_utenze": (
        Utenza, "userId;codice_fiscale;codice_regione;codice_asl;codice_ssa;cod_farmacia;password;pincode",
        f"UV222A2B;{ANNA};042;001;045120;{{}};SALVE;1729594276",
    ),
}  # fmt: skip


@pytest.fixture
def sanital(db) -> Pharmacy:
    return make_pharmacy("P20001", "Sanital", type=Pharmacy.Type.PARAFARMACIA)


@pytest.fixture(params=FILES)
def read(request, tmp_path: Path) -> Callable[[str], tuple[list[str], str]]:
    """Imports a row that names this code. Returns the codes of the sites that got something, and what the command said."""
    model, header, row = FILES[request.param]

    def reading(code: str) -> tuple[list[str], str]:
        path, out = tmp_path / "file.csv", StringIO()
        path.write_text(f"{header}\n{row.format(code)}\n", encoding="utf-8")
        try:
            call_command(request.param, str(path), stdout=out, stderr=out)
        except CommandError as refused:
            out.write(str(refused))
        return [row.pharmacy.code for row in model.objects.select_related("pharmacy")], out.getvalue()

    return reading


@pytest.mark.parametrize("code", ["P20001", "p20001", "P020001", "P 20001", " P-20001 "])
def test_every_spelling_with_the_p_is_the_parafarmacia(read, sanital, code):
    make_pharmacy("20001", "San Marco")
    found, said = read(code)
    assert found == ["P20001"], said


@pytest.mark.parametrize("code", ["20001", "020001"])
def test_a_number_alone_is_the_pharmacy_with_this_number(read, sanital, code):
    make_pharmacy("20001", "San Marco")
    assert read(code)[0] == ["20001"]


def test_a_number_that_no_pharmacy_has_gives_the_parafarmacia_nothing_and_the_sentence_says_how_to_name_it(
    read, sanital
):
    found, said = read("20001")
    assert found == []
    assert "20001 (a parafarmacia is written P20001)" in said.replace(": the register has no such code", "")


def test_a_p_that_no_parafarmacia_has_is_named(read, sanital):
    found, said = read("P20002")
    assert found == []
    assert "P20002" in said
