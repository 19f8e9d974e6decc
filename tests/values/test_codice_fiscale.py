import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from portal.demo.people import PEOPLE
from portal.values import codice_fiscale

ANNA = "RSSNNA80A41H501L"


@pytest.mark.parametrize("value", [ANNA, "BRNMRA84D55H50MN", *(person.codice_fiscale for person in PEOPLE)])
def test_a_right_one_is_accepted_omocodia_included(value):
    assert codice_fiscale.is_valid(value)
    codice_fiscale.validate(value)


@pytest.mark.parametrize(
    "value",
    [
        "", "RSSNNA80A41H501", ANNA + "A", "RSSNNA80A41H501M", "RSSNNA80A30B501L", "12345678901", "00743110157",
        "RSSNNA80A41H50\u0661L", "RSSNNA80A41H501\u212a",
    ],
)  # fmt: skip
def test_a_wrong_one_is_refused_with_a_sentence(value):
    assert not codice_fiscale.is_valid(value)
    with pytest.raises(ValidationError, match="16 caratteri"):
        codice_fiscale.validate(value)


@pytest.mark.parametrize("typed", ["rssnna80a41h501l", " RSSNNA80A41H501L ", "RSS NNA 80A41 H501L"])
def test_small_letters_and_spaces_are_forgiven(typed):
    assert codice_fiscale.normalise(typed) == ANNA
    codice_fiscale.validate(typed)


@given(st.integers(0, 15), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
def test_one_wrong_character_is_always_noticed(at, character):
    typed = ANNA[:at] + character + ANNA[at + 1 :]
    assert codice_fiscale.is_valid(typed) == (typed == ANNA)


@pytest.mark.parametrize("letter", ["\u017f", "\u212a", "\uff33"])  # each becomes S or K in capitals or in NFKC
def test_a_letter_outside_ascii_makes_no_codice_fiscale(letter):
    typed = ANNA.replace("S", letter, 1)
    assert not codice_fiscale.is_valid(codice_fiscale.normalise(typed))
    assert codice_fiscale.SHAPE.search(typed) is None


@given(st.text(max_size=30))
def test_no_text_breaks_it(typed):
    codice_fiscale.is_valid(codice_fiscale.normalise(typed))
    codice_fiscale.is_valid_partita_iva(typed)


@pytest.mark.parametrize(
    ("value", "is_valid"),
    [("00743110157", True), ("00743110158", False), ("0743110157", False), ("IT00743110157", False), ("", False),
     ("0074311015\u0667", False), ("00000000000", False), ("007 43110157", False)],
)  # fmt: skip
def test_a_partita_iva_is_eleven_digits_with_the_right_check_digit(value, is_valid):
    assert codice_fiscale.is_valid_partita_iva(value) == is_valid
