"""Rows that the Ministry of Health wrote, with the faults that they have (data/README.md: IODL 2.0)."""

from pathlib import Path

import pytest

from pharmacies.models import Pharmacy
from tests.pharmacies.register import importing

REAL_FILE = Path(__file__).parent / "data" / "FRM_FARMA_5_20180420.csv"


@pytest.mark.django_db
def test_rows_of_the_real_register_are_imported_with_the_doubts_that_they_have():
    report, _ = importing(REAL_FILE)
    assert Pharmacy.objects.count() == 263
    for doubt in (
        "partita_iva_missing 28", "partita_iva_check_digit 1", "partita_iva_malformed 2", "partita_iva_zeros 1",
        "region_unresolved 25", "address_missing 24", "Broken, skipped: 0 rows",
    ):  # fmt: skip
        assert doubt in report
    report, _ = importing(REAL_FILE)
    assert "created 0 changed 0 reopened 0 closed 0 unchanged 263" in report
