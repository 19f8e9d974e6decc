"""The code of a site, as files and people write it."""

import pytest

from pharmacies.codes import names_a_parafarmacia, parafarmacia_code, stored_code, typed_codes


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("4512", "4512"), ("04512", "4512"), ("0", "0"), ("a12", "A12"), ("P20001", "P20001"), ("p 020001", "P20001"),
        ("P-20001", "P20001"), ("P0", "P0"), ("P", "P"), ("", ""), ("12345678901", ""), ("P1234567890", ""), ("45-12", ""),
    ],
)  # fmt: skip
def test_a_code_is_stored_without_zeros_and_a_parafarmacia_with_its_p(written, code):
    assert stored_code(written) == code
    assert names_a_parafarmacia(code) == (code[:1] == "P" and len(code) > 1)


@pytest.mark.parametrize(
    ("written", "code"),
    [("20001", "P20001"), ("020001", "P20001"), ("P20001", "P20001"), ("A1", ""), ("", ""), ("-", "")],
)
def test_a_number_of_the_register_of_parafarmacie_gets_its_p(written, code):
    assert parafarmacia_code(written) == code


def test_a_typed_number_may_be_a_pharmacy_or_a_parafarmacia():
    assert typed_codes(" 020001 ") == ["20001", "P20001"]
    assert typed_codes("p20001") == ["P20001"]
    assert typed_codes("A1") == ["A1"]
    assert typed_codes("@") == []
