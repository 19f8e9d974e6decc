"""One row of a file of offices: broken with its reason, doubtful with its doubt, or read."""

import pytest

from pharmacies.models import Office
from pharmacies.people.name_letters import letters_of
from tests.pharmacies.people.office_files import ANNA, BRUNO, row

pytestmark = pytest.mark.django_db
OMOCODIA = "RSSNNA80A41H50MD"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (row("RSSNNA80A41H501X"), "the check character or the date of the codice fiscale is wrong: RSS•••••••••501X"),
        (row("01234567897"), "the codice fiscale of a company (11 digits): only a person signs in. Write the codice fiscale of its legale rappresentante"),
        (row("RSSNNA80A41H501"), "a codice fiscale of 15 characters instead of 16"),
        (row("1234567890123456"), "not a codice fiscale: 123•••••••••3456"),
        (row(""), "no codice fiscale"),
        (row(role="padrone"), "unknown role 'padrone': write one of titolare, legale_rappresentante, direttore, gestore_provvisorio, delegato"),
        (row(since="31/02/2020"), "no readable date in dal: '31/02/2020'"),
        (row(until="domani"), "no readable date in al: 'domani'"),
        (row(since="01/02/2026", until="31/01/2026"), "it ends (31/01/2026) before it starts (01/02/2026)"),
        (row(code="99"), "unknown pharmacy 99"),
        (row(code=""), "no usable pharmacy code"),
        ("4512;altro", "2 fields instead of 7"),
        (row(code=ANNA), "no usable pharmacy code: 'RSS•••••••'"),
        (row(role=ANNA), "unknown role 'RSS•••••••••501L'"),
        (row(since=ANNA), "no readable date in dal: 'RSS•••••••••501L'"),
    ],
)  # fmt: skip
def test_a_broken_row_is_named_with_its_line_and_its_reason(broken, reason, read) -> None:
    report, _ = read(broken, row(BRUNO, "direttore"))
    assert f"line 2: {reason}" in report
    assert "Broken, skipped: 1 rows" in report
    assert ANNA[:8] not in report
    assert Office.objects.get().codice_fiscale == BRUNO


@pytest.mark.parametrize(
    ("rows", "doubt"),
    [
        ([row(names=("Verdi", "Anna"))], "name_differs"),
        ([row(names=("Rossi", ""))], "name_missing"),
        ([row(since="")], "start_missing"),
        ([row(since="01/01/2027")], "starts_later"),
        ([row(), row(BRUNO)], "two_titolari"),
        ([row(role="direttore"), row(BRUNO, "direttore")], "two_direttori"),
        ([row(), row(since="01/01/2021")], "twice"),
    ],
)
def test_a_doubtful_row_is_imported_and_flagged(rows, doubt, read) -> None:
    report, _ = read(*rows)
    assert f"{doubt} " in report
    assert any(doubt in (office.doubts or []) for office in Office.objects.all())


@pytest.mark.parametrize(
    "rows",
    [
        [row()],
        [row(), row()],  # the same row twice
        [row(" rss nna80a41h501l ", "LEGALE RAPPRESENTANTE", names=("ROSSI", "Anna"))],
        [row(until="31/12/2025"), row(BRUNO, since="01/01/2026")],
        [row(until="31/12/2024"), row(since="01/01/2026")],
        [row(until="31/12/9999")],
        [row(), row(BRUNO, until="31/12/2020", since="01/01/2010")],
        [row(names=("ROSSI", "Ànna"))],
    ],
)
def test_a_good_row_raises_no_doubt(rows, read) -> None:
    report, _ = read(*rows)
    assert "Doubtful, but imported: 0 rows" in report


def test_of_two_rows_about_the_same_days_the_later_start_counts(read) -> None:
    read(row(since="01/01/2021"), row(since="01/01/2020"))
    assert Office.objects.get().since.year == 2020
    assert Office.objects.get().since.month == 12


def test_an_omocodia_is_a_codice_fiscale(read) -> None:
    report, _ = read(row(OMOCODIA, names=("Rossi", "Anna")))
    assert "given 1" in report


@pytest.mark.parametrize(
    ("family", "given", "letters"),
    [
        ("Rossi", "Anna", "RSSNNA"), ("Bianchi", "Bruno", "BNCBRN"), ("Fo", "Al", "FOXLAX"), ("D'Angelo", "Gianfranco", "DNGGFR"),
        ("De Nicolò", "Mària", "DNCMRA"), ("Aiuò", "Io", "AIUIOX"),
    ],
)  # fmt: skip
def test_the_letters_of_a_name_are_those_of_the_decree(family, given, letters) -> None:
    assert letters_of(family, given) == letters


def test_a_header_in_another_order_and_without_names_is_read(read) -> None:
    header = "AL;DAL;CF;RUOLO;CODICEIDENTIFICATIVOFARMACIA"
    report, _ = read(f";01/01/2020;{ANNA};direttore;0004512", header=header)
    assert "given 1" in report
