from datetime import date

import pytest
import time_machine

from pharmacies.models import Pharmacy
from tests.pharmacies.register.register_files import NOW, row

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fixed_day():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.parametrize(
    ("cells", "doubt", "kept"),
    [
        ({"partita_iva": "-"}, "partita_iva_missing", {"partita_iva": ""}),
        ({"partita_iva": "0123456"}, "partita_iva_malformed", {"partita_iva": "0123456"}),
        ({"partita_iva": "01234560220"}, "partita_iva_check_digit", {"partita_iva": "01234560220"}),
        ({"partita_iva": "01187200009"}, "partita_iva_office", {"partita_iva": "01187200009"}),
        ({"partita_iva": "1234560223"}, "partita_iva_zeros", {"partita_iva": "01234560223"}),
        ({"cap": "121"}, "cap_zeros", {"cap": "00121"}),
        ({"cap": "381X2"}, "cap_malformed", {"cap": "381X2"}),
        ({"comune_code": "22205"}, "comune_code_zeros", {"comune_code": "022205"}),
        (
            {"region_code": "-", "region": "-"},
            "region_from_comune",
            {"region_code": "042", "region": "PROV. AUTON. TRENTO"},
        ),
        ({"region_code": "999", "region": "ATLANTIDE"}, "region_unknown", {"region_code": "", "region": "ATLANTIDE"}),
        ({"province": "T1"}, "province_malformed", {"province": ""}),
        ({"code": "0"}, "code_zero", {"code": "0"}),
        ({"name": "-"}, "name_missing", {"name": "Farmacia 4512"}),
        ({"name": "a" * 200}, "name_cut", {"name": "a" * 160}),
        ({"address": "-"}, "address_missing", {"address": ""}),
        ({"address": "v" * 300}, "address_cut", {"address": "v" * 200}),
        ({"comune": "-"}, "comune_missing", {"comune": ""}),
        ({"type": "9", "type_name": "Boh"}, "type_unknown", {"type": 1}),
        ({"starts": "-"}, "start_missing", {"valid_from": None}),
        ({"starts": "01/01/2027"}, "not_yet_valid", {"valid_from": date(2027, 1, 1)}),
        ({"starts": "02/01/2020", "ends": "01/01/2020"}, "ends_before_it_starts", {"closed_on": date(2020, 1, 2)}),
    ],
)
def test_a_doubtful_row_is_imported_and_flagged(import_rows, cells, doubt, kept):
    report, _ = import_rows(row(**cells))
    pharmacy = Pharmacy.objects.get()
    assert pharmacy.doubts == [doubt]
    assert {name: getattr(pharmacy, name) for name in kept} == kept
    assert f"{doubt} 1 " in report
    assert "created 1 " in report


@pytest.mark.parametrize(
    ("cells", "field", "value"),
    [
        ({"code": "04512"}, "code", "4512"),
        ({"region_code": "42", "region": "-"}, "region_code", "042"),
        ({"region_code": "-", "region": "Prov. auton. Trento"}, "region_code", "042"),
        ({"type": "3", "type_name": "Dispensario"}, "type", Pharmacy.Type.DISPENSARIO),
        ({"type": "-", "type_name": "Dispensario stagionale"}, "type", Pharmacy.Type.DISPENSARIO_STAGIONALE),
        ({"name": "  Alla   Torre "}, "name", "Alla Torre"),
        ({"name": 'Al "Corso" di Neri'}, "name", 'Al "Corso" di Neri'),
        ({"name": '"Al ""Corso"" di Neri"'}, "name", 'Al "Corso" di Neri'),
        ({"name": '"Alla Torre'}, "name", '"Alla Torre'),
        ({"name": '"Torre; succ. Neri"'}, "name", "Torre; succ. Neri"),
        ({"starts": "2015-02-01"}, "valid_from", date(2015, 2, 1)),
        ({"starts": "01/02/2015 00:00:00"}, "valid_from", date(2015, 2, 1)),
    ],
)
def test_what_is_only_untidy_is_tidied(import_rows, cells, field, value):
    import_rows(row(**cells))
    assert getattr(Pharmacy.objects.get(), field) == value
    assert Pharmacy.objects.get().doubts == []
