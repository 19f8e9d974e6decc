"""Rows written by the Ministry of Health, with their faults (data/README.md: IODL 2.0).

REGISTER_UNDER_TEST=FILE reads another file of the same open data beside them, for instance a whole one.
"""

import os
from pathlib import Path

import pytest

from pharmacies.models import Pharmacy
from tests.pharmacies.register.register_files import importing

REAL_ROWS = Path(__file__).parent / "data" / "FRM_FARMA_5_20180420.csv"
FILES = [REAL_ROWS, *map(Path, filter(None, [os.environ.get("REGISTER_UNDER_TEST")]))]


@pytest.mark.django_db
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_row_is_imported_and_a_second_reading_changes_nothing(file) -> None:
    rows = len(file.read_text(encoding="utf-8", errors="replace").splitlines()) - 1
    report, _ = importing(file)
    assert "Broken, skipped: 0 rows" in report
    assert Pharmacy.objects.count() == rows
    report, _ = importing(file)
    assert f"created 0 changed 0 reopened 0 closed 0 unchanged {rows}" in report


@pytest.mark.django_db
def test_rows_of_the_real_register_are_imported_with_the_doubts_that_they_have() -> None:
    report, _ = importing(REAL_ROWS)
    for doubt in (
        "partita_iva_missing 28", "partita_iva_check_digit 1", "partita_iva_malformed 2", "partita_iva_zeros 1",
        "region_from_comune 26", "province_from_comune 26", "address_missing 24",
    ):  # fmt: skip
        assert doubt in report


@pytest.mark.django_db
def test_the_rows_hold_every_region_and_what_is_odd_in_the_whole_file() -> None:
    importing(REAL_ROWS)
    pharmacies = Pharmacy.objects.all()
    regions = set(pharmacies.values_list("region_code", flat=True))
    assert len(regions - {""}) == 21
    assert len(set(pharmacies.values_list("province", flat=True)) - {""}) == 110
    assert pharmacies.filter(partita_iva="13195220150").count() == 22  # one owner, many pharmacies
    texts = " ".join(part for row in pharmacies.values_list("name", "address", "comune") for part in row)
    assert set("'&%+()?\\^`/.,-") <= set(texts)
