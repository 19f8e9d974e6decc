"""Pasted input: a code of digits and an ID-SESSIONE, in the forms of mail programs, telephones and gestionali."""

import re
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.values.pasted import LONGEST, PLAIN_ID, codes_in, digits_of, id_sessione, visible

ID = "3f2a1b4c-9d8e-4a7b-8c6d-0123456789ab"
OTHER = "3f2a1b4c-9d8e-4a7b-8c6d-0123456789ac"
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202e\u2066\u2069\u061c\ufe0f\u3164"
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u2043"
PLAIN = st.uuids(version=4).map(str)
CODE = st.from_regex(r"[0-9]{6}", fullmatch=True)


@pytest.mark.parametrize(
    "pasted",
    [
        "314469", " 314469\n", "314 469", "314-469", "314–469", "31 44 69", "3 1 4 4 6 9", "314.469", "314\u00a0469",
        "\u200b314469", "314\u200b469", "\ufeff314469\ufeff", "314\u00ad469", "\u2066314469\u2069", "\u202e314469",
        "３１４４６９", "٣١٤٤٦٩", "۳۱۴۴۶۹", "३१४४६९", "3\ufe0f14469",
        "il codice è 314469", "Codice: 314469 vale", "Codice validazione: 314469", "Codice validazione: 314 469",
        "Il codice è 314469, vale fino alle 10:57 (15 minuti).", "314469 15", "cod.314469", "«314469»", "<b>314469</b>",
        "314469 314469", "314469 e ancora 314 469", "314469 del 23-11-26", "314469 farmacia 4512, tel. 800 030 070",
    ],
)  # fmt: skip
def test_the_one_group_of_six_digits_is_the_code(pasted):
    assert codes_in(pasted, 6) == ["314469"]


@pytest.mark.parametrize("pasted", ["314469 271828", "314469, poi 271 828", "prima 314469 dopo ２７１８２８"])
def test_two_different_groups_are_two_codes(pasted):
    assert codes_in(pasted, 6) == ["314469", "271828"]


@pytest.mark.parametrize(
    "pasted",
    ["", "codice", "31446", "3144690", "31446a", "314a469", "800 030 070", "10:57:03", "23/11/2026", "1" * 500],
)
def test_without_a_group_of_six_digits_there_is_no_code(pasted):
    assert codes_in(pasted, 6) == []


@given(CODE)
def test_a_code_passes_unchanged(code):
    assert codes_in(code, 6) == [code]
    assert digits_of(code) == code


@given(CODE, st.text(st.sampled_from(INVISIBLE + " -–.·"), max_size=6), st.integers(0, 6))
def test_separators_and_invisible_characters_anywhere_change_no_code(code, noise, at):
    assert codes_in(code[:at] + noise + code[at:], 6) == [code]


@given(st.text(max_size=80))
def test_what_is_read_as_a_code_is_one_and_stays_one(text):
    for code in codes_in(text, 6):
        assert re.fullmatch("[0-9]{6}", code)
        assert codes_in(code, 6) == [code]


@given(st.lists(CODE, min_size=2, max_size=3, unique=True))
def test_no_code_hides_another(codes):
    assert codes_in(" oppure ".join(codes), 6) == codes


@pytest.mark.parametrize(
    "pasted",
    [
        ID, ID.upper(), f" {ID}\r\n", f"{{{ID}}}", f"{{{ID.upper()}}}", f'"{ID}"', f"'{ID}'", f"«{ID}»", f"“{ID}”", f"({ID})",
        f"<{ID}>", f"ID-SESSIONE: {ID}", f"ID SESSIONE: {ID}", f"Id sessione {ID}", f"IDSESSIONE={ID}", f"ID: {ID}",
        f"Il tuo ID SESSIONE è: {ID}", f'"ID-SESSIONE": "{ID}"', f"Bearer {ID}", f"bearer {{{ID.upper()}}}", f"{ID}.", f"{ID},",
        ID.replace("-", " - "), ID.replace("-", "-\n"), ID[:20] + "\r\n  " + ID[20:], "\u00a0".join(ID), f"\ufeff{ID}",
        ID[:9] + "\u200b" + ID[9:], f"\u2068{ID}\u2069", ID.replace("-", "\u00ad-"), ID.translate({0x33: "３", 0x61: "ａ"}),
        *(ID.replace("-", dash) for dash in DASHES),
    ],
)  # fmt: skip
def test_an_id_is_read_however_it_is_written(pasted):
    assert id_sessione(pasted) == ID


@pytest.mark.parametrize(
    "pasted",
    [
        "", "x", ID[:-1], f"{ID}0", f"0{ID}", f"{ID},{ID}", f"{ID} {OTHER}", f"Bearer {ID},Bearer {ID}", f"Basic {ID}",
        ID.replace("-", ""), ID.replace("4", "g"), f"{OTHER}: {ID}", f"{ID}-RICETTA-DEM", "UV386Q5B-2026-11-RICETTA-DEM",
        f"{ID}\0", "-" * 36, " " * 500 + ID,
    ],
)  # fmt: skip
def test_anything_else_stays_as_it_is(pasted):
    assert id_sessione(pasted) == pasted


@given(PLAIN)
@example("abcdefab-cdef-4abc-8def-abcdefabcdef")
@example("e3f2a1b4-9d8e-4a7b-8c6d-0123456789ab")
def test_an_id_passes_unchanged_and_so_do_its_spellings(plain):
    for spelling in (
        plain,
        plain.upper(),
        f"{{{plain}}}",
        f"ID SESSIONE {plain}",
        f"ID-SESSIONE: {plain}",
        f"id {plain}",
    ):
        assert id_sessione(spelling) == plain


@given(PLAIN, st.data())
def test_white_space_and_invisible_characters_anywhere_change_no_id(plain, data):
    noise = st.text(st.sampled_from(INVISIBLE + " \t\r\n\u00a0"), max_size=3)
    pasted = "".join(c + data.draw(noise) for c in plain)
    assert id_sessione(pasted) == plain


@given(st.one_of(st.text(max_size=60), st.text(st.sampled_from("0123456789abcdefABCDEF-{}\"' :"), max_size=60)))
def test_any_text_is_an_id_or_stays_as_it_is(text):
    read = id_sessione(text)
    assert read == text or (PLAIN_ID.match(read) and str(UUID(read)) == read)
    assert id_sessione(read) == read


@given(PLAIN, PLAIN)
def test_two_ids_are_none(one, other):
    assert id_sessione(f"{one} {other}") == f"{one} {other}"


@given(st.text(max_size=LONGEST))
def test_nothing_invisible_is_left(text):
    assert visible(visible(text)) == visible(text)
    assert not set(visible(text)) & set(INVISIBLE)
