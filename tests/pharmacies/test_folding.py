"""Search words in one spelling, stored beside every pharmacy by every kind of write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharmacies.folding import folded
from pharmacies.models import Pharmacy
from tests.conftest import make_pharmacy


@pytest.mark.parametrize(
    ("written", "looked_for"),
    [
        ("FORLI'", "forlì"), ("FORLI’", "Forli"), ("CANTU'", "cantù"), ("CITTA` DI CASTELLO", "città di castello"),
        ("Sant’Anna", "SANT'ANNA"), ("SANT´ANNA", "santanna"), ("Mòcheni", "mocheni"), ("DELL’ACQUA", "dell'acqua"),
        ("SAN-MARCO", "san marco"), ("Dott.ssa ROSSI & C.", "dott ssa rossi c"), ("Straße", "STRASSE"), ("ﬁore", "fiore"),
        ("FARMACIA  S.ANNA", "farmacia s anna"), ("forl\u0069\u0300", "FORLI'"),
    ],
)  # fmt: skip
def test_two_spellings_are_one(written, looked_for):
    assert folded(written) == folded(looked_for)


@given(st.text(max_size=40))
def test_folding_again_changes_nothing(text):
    assert folded(folded(text)) == folded(text)


@given(st.from_regex(r"[a-z0-9]{1,8}( [a-z0-9]{1,8}){0,3}", fullmatch=True))
def test_plain_words_pass_unchanged(text):
    assert folded(text) == text


def found_by(pharmacy: Pharmacy) -> str:
    return Pharmacy.objects.get(pk=pharmacy.pk).found_by


@pytest.mark.django_db
def test_whatever_writes_a_name_or_a_comune_writes_what_it_is_found_by():
    pharmacy = make_pharmacy("1", "SANT’ANNA", comune="FORLI'")
    assert found_by(pharmacy) == "farmacia santanna forli"
    pharmacy.name = "Farmacia Città"
    pharmacy.save(update_fields=["name"])
    assert found_by(pharmacy) == "farmacia citta forli"
    Pharmacy.objects.filter(pk=pharmacy.pk).update(comune="CANTU'")
    assert found_by(pharmacy) == "farmacia citta cantu"
    pharmacy.comune = "Trento"
    Pharmacy.objects.bulk_update([pharmacy], ["comune"])
    assert found_by(pharmacy) == "farmacia citta trento"
    again = Pharmacy(code="1", name="MÒCHENI", comune="Palù")
    Pharmacy.objects.bulk_create(
        [again], update_conflicts=True, unique_fields=["code"], update_fields=["name", "comune"]
    )
    assert found_by(pharmacy) == "farmacia mocheni palu"
