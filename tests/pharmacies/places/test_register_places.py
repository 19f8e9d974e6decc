"""Region and province of the rows of the register that have none, and what holds when a later file lacks them."""

import pytest
import time_machine

from pharmacies.models import Pharmacy, PlaceCorrection, RegisterChange
from tests.pharmacies.register.register_files import NOW, TODAY, importing, row
from tests.pharmacies.register.test_real_file import REAL_ROWS

pytestmark = pytest.mark.django_db
NOWHERE = {"region_code": "-", "region": "-", "province": "-", "province_code": "-", "comune_code": "-"}
VENARIA = NOWHERE | {"comune": "VENARIA", "cap": "10078"}


@pytest.fixture(autouse=True)
def _fixed_day():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def read(tmp_path):
    def write_and_import(*rows):
        file = tmp_path / "register.csv"
        file.write_text("\n".join([TODAY, *rows]) + "\n", encoding="utf-8")
        return importing(file)

    return write_and_import


def place(code="4512"):
    return Pharmacy.objects.values_list("catasto", "province", "region_code", "region").get(code=code)


def test_a_row_without_region_gets_region_province_and_comune_with_doubts_that_say_so(read):
    read(row(**VENARIA))
    assert place() == ("L727", "TO", "010", "PIEMONTE")
    assert Pharmacy.objects.get().doubts == ["province_from_comune", "region_from_comune"]


def test_the_rows_of_sardegna_2026_are_in_their_comune_whatever_their_istat_code(read):
    of_sardegna = {"region_code": "200", "region": "SARDEGNA"}
    read(
        row("900", comune="OLBIA", comune_code="090047", province="SS", cap="07026", **of_sardegna),
        row("901", comune="OLBIA", comune_code="113014", province="OT", cap="07026", **of_sardegna),
        row("902", comune="CARBONIA", comune_code="119003", province="-", cap="09013", **of_sardegna),
    )
    assert place("900") == ("G015", "SS", "200", "SARDEGNA")
    assert place("901") == ("G015", "OT", "200", "SARDEGNA")
    assert place("902") == ("B745", "CI", "200", "SARDEGNA")
    assert Pharmacy.objects.get(code="902").doubts == ["province_from_comune"]
    assert Pharmacy.objects.get(code="901").doubts == []


def test_a_comune_that_is_not_unique_stays_without_a_region(read):
    report, _ = read(row(**NOWHERE | {"comune": "CASTRO", "cap": "-"}))
    assert place() == ("", "", "", "")
    assert "region_unresolved 1 " in report


def test_a_region_that_a_later_file_lacks_is_kept(read):
    read(row(comune="VENARIA", province="TO", region_code="010", region="PIEMONTE", comune_code="001292", cap="10078"))
    RegisterChange.objects.all().delete()
    read(row(**NOWHERE | {"comune": "VENARIA", "cap": "-"}))
    assert place()[1:] == ("TO", "010", "PIEMONTE")
    assert Pharmacy.objects.get().doubts == ["region_kept"]
    assert set(RegisterChange.objects.values_list("field", flat=True)) == {"cap", "comune_code"}
    report, _ = read(row(**NOWHERE | {"comune": "VENARIA", "cap": "-"}))
    assert "unchanged 1" in report


def test_a_pharmacy_that_moves_to_another_comune_does_not_keep_the_region_of_before(read):
    read(row())
    read(row(**VENARIA))
    assert place() == ("L727", "TO", "010", "PIEMONTE")


def test_a_correction_survives_an_import_and_gives_way_to_a_region_of_the_register(read, carla):
    unknown = NOWHERE | {"comune": "CASTRO", "cap": "-"}
    read(row(**unknown))
    pharmacy = Pharmacy.objects.get()
    PlaceCorrection.objects.create(
        pharmacy=pharmacy, region_code="160", province="LE", by=carla, at=NOW, because="lo dice il titolare"
    )
    read(row(**unknown))
    assert place()[1:] == ("LE", "160", "PUGLIA")
    assert Pharmacy.objects.get().doubts == ["province_unresolved", "region_unresolved"]
    read(row(comune="CASTRO", cap="24063", comune_code="016065", province="BG", region_code="030", region="LOMBARDIA"))
    assert place() == ("C337", "BG", "030", "LOMBARDIA")
    assert Pharmacy.objects.get().doubts == []


def test_an_import_gives_the_comune_to_stored_pharmacies_without_a_line_in_their_history(read):
    read(row())
    Pharmacy.objects.update(catasto="")
    report, _ = read(row())
    assert place()[0] == "L378"
    assert "unchanged 1" in report
    assert not RegisterChange.objects.exists()


def test_no_open_pharmacy_of_the_real_rows_stays_without_region_province_or_comune():
    importing(REAL_ROWS)
    assert not Pharmacy.objects.filter(region_code="").exists()
    assert not Pharmacy.objects.filter(province="").exists()
    assert set(Pharmacy.objects.filter(catasto="").values_list("comune", flat=True)) == set()
