"""Which ASL a pharmacy belongs to: one rule, as a condition on many and as an answer about one."""

import pytest
from django.utils import timezone

from pharmacies.models import AslOfComune, Pharmacy, PlaceCorrection, RoleRequest, Utenza
from pharmacies.models.pharmacy import in_asl, within
from pharmacies.places.asl import AslSource, asl_of
from portal.identity.territory import Territory
from tests.conftest import ANNA, make_pharmacy

pytestmark = pytest.mark.django_db
VENARIA = {"comune": "VENARIA REALE", "province": "TO", "region_code": "010", "region": "PIEMONTE", "catasto": "L727"}


def table(catasto, *codes, region="010"):
    for asl in codes:
        AslOfComune.objects.create(
            catasto=catasto,
            comune="X",
            region_code=region,
            asl_code=asl,
            asl_name=f"TO{asl[-1]}",
            loaded_at=timezone.now(),
        )


def utenza(pharmacy, asl, region="010", **fields):
    now = timezone.now()
    return Utenza.objects.create(
        pharmacy=pharmacy, user_id=f"UV{Utenza.objects.count()}", password="!", pincode="!", codice_fiscale=ANNA,
        codice_regione=region, codice_asl=asl, codice_ssa="000001", created_at=now, password_changed_at=now, **fields,
    )  # fmt: skip


def correction(pharmacy, by, asl):
    return PlaceCorrection.objects.create(
        pharmacy=pharmacy, asl_code=asl, by=by, at=timezone.now(), because="telefonata"
    )


@pytest.fixture
def venaria():
    return make_pharmacy("375", "Buridani", **VENARIA)


def belongs(pharmacy, *codes):
    """The answer about one pharmacy; holds it against the condition on many."""
    answer = asl_of(Pharmacy.objects.get(pk=pharmacy.pk))
    assert [asl for _, asl in answer.codes] == list(codes)
    for asl in ("201", "203", "204", "301"):
        found = Pharmacy.objects.filter(in_asl("010", asl), pk=pharmacy.pk).exists()
        assert found == (asl in codes), asl
        assert found == Pharmacy.objects.filter(within(Territory.of([f"010-{asl}"])), pk=pharmacy.pk).exists()
    assert Pharmacy.objects.without_asl().filter(pk=pharmacy.pk).exists() == (not codes)
    return answer.source


def test_the_table_decides_where_it_names_one_asl(venaria, carla):
    assert belongs(venaria) is AslSource.UNKNOWN
    table("L727", "203")
    assert belongs(venaria, "203") is AslSource.TABLE
    utenza(venaria, "301")
    correction(venaria, carla, "204")
    assert belongs(venaria, "203") is AslSource.TABLE
    assert asl_of(venaria).words == "203 TO3, dalla tabella dei comuni"


def test_in_a_divided_comune_the_utenze_decide(venaria):
    table("L727", "201", "204")
    assert belongs(venaria) is AslSource.UNKNOWN
    assert asl_of(venaria).words == "non indicata (comune diviso tra le ASL 201, 204)"
    utenza(venaria, "204")
    assert belongs(venaria, "204") is AslSource.UTENZA
    assert asl_of(venaria).words == "204, dalle utenze (comune diviso tra le ASL 201, 204)"


def test_utenze_that_disagree_give_the_pharmacy_to_both(venaria):
    utenza(venaria, "204")
    utenza(venaria, "301", blocked_at=timezone.now())
    assert belongs(venaria, "204", "301") is AslSource.UTENZA


def test_without_a_table_and_an_utenza_a_correction_decides(venaria, carla):
    utenza(venaria, "301", disabled_at=timezone.now())
    correction(venaria, carla, "204")
    assert belongs(venaria, "204") is AslSource.CORRECTION
    utenza(venaria, "203")
    assert belongs(venaria, "203") is AslSource.UTENZA


def test_a_correction_of_the_asl_alone_needs_a_region(venaria, carla):
    correction(venaria, carla, "204")
    venaria.region_code = ""
    venaria.save()
    assert belongs(venaria) is AslSource.UNKNOWN


def test_a_pharmacy_without_a_comune_is_in_no_table(venaria):
    Pharmacy.objects.update(catasto="")
    venaria.refresh_from_db()
    table("L727", "203")
    assert belongs(venaria) is AslSource.UNKNOWN


def test_a_condition_with_a_prefix_finds_the_rows_of_the_pharmacy(venaria, anna):
    table("L727", "203")
    utenza(venaria, "301")
    for asl, found in (("203", 1), ("301", 0)):
        inside = within(Territory.of([f"010-{asl}"]), "pharmacy__")
        assert Utenza.objects.filter(inside).count() == found
        assert RoleRequest.objects.filter(inside).count() == 0


def test_a_pharmacy_without_a_region_is_seen_by_operators_of_the_whole_nation_only(venaria):
    Pharmacy.objects.update(region_code="", catasto="")
    assert not Pharmacy.objects.filter(within(Territory.of(["010"]))).exists()
    assert Pharmacy.objects.filter(within(Territory())).exists()


def test_the_codes_of_two_regions_are_two_asl(venaria):
    table("L727", "201", region="010")
    assert not Pharmacy.objects.filter(in_asl("150", "201")).exists()
