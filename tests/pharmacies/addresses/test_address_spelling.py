"""An address as it is pasted, and the confirmation of a well-formed address that looks mistyped."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from pharmacies.addresses.examination import NotAnAddress, examine, normalise
from portal.values.mail_address import readable


@pytest.mark.parametrize(
    "pasted",
    [
        "info@esempio.it", "<info@esempio.it>", "Farmacia Rossi <info@esempio.it>", '"Rossi, dott. Anna" <info@esempio.it>',
        "info@esempio.it <info@esempio.it>", "Farmacia Rossi (Trento) <info@esempio.it>;", "info@esempio.it.", "info@esempio.it,",
        "(info@esempio.it)", "«info@esempio.it»", "'info@esempio.it'", "mailto:info@esempio.it", "MAILTO:info@esempio.it?subject=Id",
        "E-mail: info@esempio.it", "e-mail farmacia:\tinfo@esempio.it", "info@esempio.it (Anna Rossi)", "in\u200bfo@esempio.it",
        "info\u00ad@esem\u00adpio.it", "\u2068info@esempio.it\u2069", "info@esempio.it\u202c", "\ufeffinfo@ese\ufeffmpio.it",
        "ｉｎｆｏ＠ｅｓｅｍｐｉｏ．ｉｔ", "\u00a0info@esempio.it\u00a0", "info@esempio.it\r\n", "<mailto:info@esempio.it>",
    ],
)  # fmt: skip
def test_what_was_pasted_around_an_address_is_taken_off(pasted):
    assert normalise(pasted) == "info@esempio.it"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("farmacia@dominio,it", "farmacia@dominio.it"),
        ("mario,rossi@dominio,it", "mario.rossi@dominio.it"),
        ("Farmacia <farmacia@dominio,it>", "farmacia@dominio.it"),
    ],
)
def test_a_comma_for_a_dot_is_a_suggestion_and_nothing_is_corrected_by_itself(typed, meant):
    with pytest.raises(NotAnAddress, match="virgola al posto di un punto") as refusal:
        normalise(typed)
    assert refusal.value.suggestion == meant


@pytest.mark.parametrize(
    "local",
    [
        "noreply",
        "no-reply",
        "No.Reply",
        "no_reply+x",
        "postmaster",
        "abuse",
        "mailer-daemon",
        "non-rispondere",
        "bounces",
    ],
)
def test_a_mailbox_that_no_pharmacist_opens_is_told_apart(local):
    assert examine(f"{local}@esempio.it", check_mx=False).is_role


@pytest.mark.parametrize("local", ["info", "farmacia", "abusetti", "nullo", "rispondere", "webmaster2"])
def test_an_ordinary_mailbox_is_not_one_of_them(local):
    assert not examine(f"{local}@esempio.it", check_mx=False).is_role


@pytest.mark.parametrize("domain", ["f\u0430rmacia.it", "\u0444\u0430\u0440\u043c\u0430.it", "farm\u03b1cia.it"])
def test_letters_of_two_alphabets_in_a_domain_are_told(domain):
    examined = examine(f"info@{domain}", check_mx=False)
    assert examined.mixes_scripts
    assert readable(examined.address) == examined.address  # in ASCII, as in a browser's address bar


@pytest.mark.parametrize("domain", ["farmacia-sanità.it", "weiße-apotheke.example", "farmacia24.it", "a-b.it"])
def test_accents_and_digits_are_one_alphabet(domain):
    assert not examine(f"info@{domain}", check_mx=False).mixes_scripts


PLAIN_ADDRESS = st.builds(
    "{}@{}.it".format,
    st.from_regex(r"[A-Za-z0-9!#$%&'*+/=^_`{|}~-]{1,12}(\.[A-Za-z0-9]{1,4})?", fullmatch=True),
    st.from_regex(r"[a-zà-ö][a-z0-9à-ö]{0,8}", fullmatch=True),
)


@given(PLAIN_ADDRESS)
@example("{a}@b.it")
@example("'hara'@b.it")
def test_an_address_that_is_written_well_passes_unchanged(address):
    try:
        plain = validate_email(address, check_deliverability=False, allow_smtputf8=False).normalized
    except EmailNotValidError:
        return
    if not plain.startswith("=?"):
        assert normalise(address) == plain
        assert normalise(f"Farmacia Rossi <{address}>") == plain
