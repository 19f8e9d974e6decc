"""The rule for operators' passwords: what it refuses, what it says, and what it lets pass."""

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from portal.identity.models import StaffTotp, User
from portal.identity.staff import passwords
from portal.identity.staff.account_forms import ChangePasswordForm, EnrolForm
from portal.identity.staff.accounts import _new_password
from tests.identity.staff.staff_door import PASSWORD

SILVIA = User(username="silvia.costa", given_name="Silvia", family_name="Costa", is_staff=True)
KNOWN, NAME, COMMON = "Tolti il tuo nome", "Somiglia troppo", "più usate al mondo"
REPEATED, SHORT, EASY = "Ripete sempre", "È troppo corta", "facile da indovinare"


def said(password: str, user: User = SILVIA) -> str:
    fault = passwords.first_fault(password, user)
    return " ".join(fault.messages) if fault else ""


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("silvia-silvia", REPEATED),
        ("Silvia Costa 2026", NAME),
        ("portalefarmacie", KNOWN),
        ("farmacia2026", KNOWN),
        ("aaaaaaaaaaaa", REPEATED),
        ("Password1234!", KNOWN),
        ("undici car.", SHORT),
        ("F4rmac1a-2026!", KNOWN),
        ("farmacia-portale-2026!", KNOWN),
        ("2026 silvia operatore 1999", KNOWN),
        ("Sìlvìa! Còsta! 12", KNOWN),
        ("abcabcabcabc", REPEATED),
        ("abababababab", REPEATED),
        ("123456789012345", EASY),
        ("qwertyuiop12", COMMON),
        ("sweetheart123", EASY),
    ],
)
def test_a_password_that_an_attacker_tries_first_is_refused_with_the_reason(password, sentence):
    assert sentence in said(password)


@pytest.mark.parametrize(
    "password",
    [
        "cavallo pila lampada",
        "tramonto-viola-39-gattino",
        "la farmacia del gatto viola canta piano",  # a known word among others
        "kX7#pQ!w2Zr$9",
        "dodici o più caratteri",
        "un’altra ancora più lunga",
        "è già perché così però ciò",
        "cavallo pila lampada " * 2 + "sedia verde " * 12,
        "ßß ﬁne cavallo pila lampada",
    ],
)
def test_a_good_pass_phrase_passes(password):
    assert said(password) == ""


def test_the_name_of_the_administration_is_a_word_that_anyone_tries(settings):
    settings.OWNER_NAME = "Repubblica di Sanseverino"
    assert KNOWN in said("Sanseverino-2026")
    settings.OWNER_NAME = "Altrove"
    assert KNOWN not in said("Sanseverino-2026")


def test_the_names_of_another_operator_are_ordinary_words():
    assert said("silvia trota lampada") == ""
    assert said("silvia trota lampada", User(username="trota", given_name="Silvia", family_name="Lampada"))


def test_without_a_person_the_rule_still_holds():
    with pytest.raises(passwords.ValidationError):
        passwords.validation.validate_password("portalefarmacie")
    passwords.validation.validate_password("cavallo pila lampada")


@given(st.text(max_size=120))
def test_every_text_gets_an_answer_and_no_sentence_repeats_the_password(password):
    sentence = said(password)
    assert len(password) < 6 or password not in sentence


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=12), st.integers(2, 6))
def test_a_text_written_several_times_is_refused(word, times):
    assert said(word * times)


def test_the_temporary_password_of_an_administrator_obeys_the_rule():
    assert {said(_new_password()) for _ in range(20)} == {""}


@pytest.mark.django_db
def test_every_page_where_an_operator_chooses_a_password_keeps_the_rule(carla):
    StaffTotp.enrol(carla)
    carla.password_given_at = carla.created_at
    for password, sentence in (("carla neri 2026", KNOWN), ("aaaaaaaaaaaa", REPEATED)):
        fields = {"password": PASSWORD, "new_password": password, "code": "123456"}
        for form in (ChangePasswordForm(carla, fields), EnrolForm(carla, fields)):
            assert len(form.errors["new_password"]) == 1
            assert sentence in str(form.errors["new_password"])


@pytest.mark.django_db
def test_django_s_own_command_for_passwords_keeps_the_rule(carla, monkeypatch, capsys):
    monkeypatch.setattr("getpass.getpass", lambda prompt: "portalefarmacie")
    with pytest.raises(Exception, match="Aborting"):
        call_command("changepassword", "carla")
    assert KNOWN in capsys.readouterr().err
    carla.refresh_from_db()
    assert carla.check_password(PASSWORD)
