from pathlib import Path

import pytest

from pharmacies.models import Pharmacy
from tests.pharmacies.register import importing

REAL_FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "FRM_FARMA_5_20180420.csv"


@pytest.mark.django_db
@pytest.mark.skipif(not REAL_FILE.exists(), reason="the real register of 20 April 2018 is not beside the project")
def test_the_real_register_is_imported_with_the_doubts_that_it_has():
    report, remarks = importing(REAL_FILE)
    assert Pharmacy.objects.count() == 18_962
    assert "created 18,962" in report
    for doubt in (
        "partita_iva_missing 406", "partita_iva_check_digit 129", "partita_iva_office 5", "partita_iva_malformed 2",
        "partita_iva_zeros 1", "region_unresolved 431", "address_missing 281", "Broken, skipped: 0 rows",
    ):  # fmt: skip
        assert doubt in report
    assert "18,000 rows read" in remarks
    report, _ = importing(REAL_FILE)
    assert "created 0 changed 0 reopened 0 closed 0 unchanged 18,962" in report
