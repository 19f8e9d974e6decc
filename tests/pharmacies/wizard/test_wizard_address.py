"""«Qual è l’e-mail della farmacia?»: checked before any letter is sent."""

import re

import pytest

from pharmacies.models import MailCertification
from portal.secrets.sealing import unseal
from tests.pharmacies.letters import letters
from tests.pharmacies.pages import BOX, CODE, ask, content, page


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "Scrivi l’indirizzo e-mail della farmacia"),
        ("farmacia.it", "chiocciola"),
        ("a" * 400 + "@alredentore.it", "troppo lungo"),
        ("alredentore@pec.it", "casella PEC"),
        ("alredentore@legalmail.it", "casella PEC"),
        ("alredentore@mailinator.com", "casella temporanea"),
    ],
)
def test_an_address_that_cannot_do_is_refused_with_the_reason_and_nothing_leaves(
    bruno_client, al_redentore, typed, reason
):
    body = content(ask(bruno_client, typed))
    assert "<title>Errore: " in body
    assert 'class="error-summary"' in body
    assert 'href="#id_indirizzo"' in body
    assert reason in body
    assert 'aria-invalid="true"' in body
    assert f'value="{typed}"' in body or not typed
    assert not letters()
    assert not MailCertification.objects.exists()


def test_gmail_is_a_warning_that_must_be_confirmed(bruno_client, al_redentore):
    body = content(ask(bruno_client, "alredentore@gmail.com"))
    assert "È una casella Gmail." in body
    assert not letters()
    assert ask(bruno_client, "alredentore@gmail.com", conferma="alredentore@gmail.com").url == page("wizard:code")
    assert len(letters("code", "alredentore@gmail.com")) == 1


def test_a_confirmation_holds_for_the_address_it_was_given_for(bruno_client, al_redentore):
    body = content(ask(bruno_client, "altra@gmail.com", conferma="alredentore@gmail.com"))
    assert "È una casella Gmail." in body
    assert not letters()


def test_an_address_of_another_pharmacy_must_be_confirmed_and_the_pharmacy_is_not_named(
    bruno_client, al_redentore, certified
):
    body = content(ask(bruno_client, "IDsessione@FarmaciaSanMarco.it"))
    assert "È già l’indirizzo certificato di un’altra farmacia." in body
    assert "San Marco" not in body.replace("IDsessione@farmaciasanmarco.it", "")
    assert "4512" not in body
    assert not letters()
    confirmed = ask(bruno_client, certified.address, conferma=certified.address)
    assert confirmed.url == page("wizard:code")


def test_a_likely_slip_is_asked_about_and_corrected_in_one_click(bruno_client, al_redentore):
    body = content(ask(bruno_client, "alredentore@libbero.it"))
    assert "Volevi scrivere alredentore@libero.it?" in body
    assert '<input type="hidden" name="indirizzo" value="alredentore@libero.it">' in body
    assert not letters()
    assert ask(bruno_client, "alredentore@libero.it").url == page("wizard:code")


def test_a_slip_that_is_a_throw_away_domain_is_called_a_slip_and_the_correction_comes_first(bruno_client, al_redentore):
    body = content(ask(bruno_client, "anna@gmial.com"))
    assert "Il dominio gmial.com sembra un errore di battitura: forse intendevi anna@gmail.com?" in body
    assert "casella temporanea" not in body
    correct = '<button class="btn btn-primary" type="submit">Correggi e invia</button>'
    again = '<button class="btn btn-outline-primary" type="submit">Invia il codice di validazione</button>'
    assert 0 < body.index(correct) < body.index(again)
    assert "Usa comunque" not in body
    assert not letters()


def test_a_slip_that_may_be_right_is_corrected_first_and_used_all_the_same_second(bruno_client, al_redentore):
    body = content(ask(bruno_client, "alredentore@libbero.it"))
    assert 0 < body.index(">Correggi e invia<") < body.index(">Usa comunque<")
    assert body.partition("</main>")[0].count("btn btn-primary") == 1


def test_who_insists_on_the_spelling_is_believed(bruno_client, al_redentore):
    typed = "alredentore@libbero.it"
    assert ask(bruno_client, typed, cosi=typed).url == page("wizard:code")
    assert len(letters("code", typed)) == 1


def test_the_form_asks_for_an_email_keyboard_and_says_why_and_links_to_the_privacy_page(bruno_client, al_redentore):
    body = content(bruno_client.get(page("wizard:address")))
    for part in ('type="email"', 'autocomplete="email"', 'spellcheck="false"', "/informazioni/privacy/", "Non PEC"):
        assert part in body
    assert "Perché sconsigliamo Gmail" in body
    assert "Ho più farmacie" in body


def test_correcting_the_address_needs_no_wait_and_leaves_one_request_under_way(bruno_client, al_redentore):
    ask(bruno_client, "idsesione@alredentore.it")
    body = content(bruno_client.get(page("wizard:address")))
    assert 'value="idsesione@alredentore.it"' in body
    ask(bruno_client, BOX)
    assert len(letters("code", BOX)) == 1
    assert BOX in content(bruno_client.get(page("wizard:code")))
    assert MailCertification.objects.filter(pharmacy__code=CODE, withdrawn_at=None).count() == 1


def test_the_page_of_the_address_writes_nothing_of_what_was_typed_unescaped(bruno_client, al_redentore):
    body = content(ask(bruno_client, '"><script>alert(1)</script>@x.it'))
    assert "<script>alert" not in body


def test_an_internationalised_domain_gets_its_letter_in_a_form_that_every_server_takes(bruno_client, al_redentore):
    assert ask(bruno_client, "ricette@farmaciacittà.it").url == page("wizard:code")
    (letter,) = letters("code")
    assert letter.recipient == "ricette@xn--farmaciacitt-99a.it"
    assert b"To: ricette@xn--farmaciacitt-99a.it" in unseal(letter.sealed_source)
    assert "ricette@farmaciacittà.it" in content(bruno_client.get(page("wizard:code")))


def test_the_code_goes_to_the_very_domain_that_was_checked(bruno_client, al_redentore):
    """Django's own encoding (IDNA 2003) would write `weisse-…`: another domain with another owner."""
    assert ask(bruno_client, "id@weiße-apotheke.example").url == page("wizard:code")
    assert MailCertification.objects.get().address == "id@xn--weie-apotheke-ddb.example"
    (letter,) = letters("code")
    assert letter.recipient == "id@xn--weie-apotheke-ddb.example"
    assert b"To: id@xn--weie-apotheke-ddb.example" in unseal(letter.sealed_source)
    assert "id@weiße-apotheke.example" in content(bruno_client.get(page("wizard:code")))


@pytest.mark.parametrize("pasted", ["Farmacia Al Redentore <{}>", "<{}>", "{}.", "mailto:{}", "\u200b{}", "E-mail: {}"])
def test_an_address_is_read_in_what_was_pasted_with_it(bruno_client, al_redentore, pasted):
    assert ask(bruno_client, pasted.format(BOX)).url == page("wizard:code")
    assert [letter.recipient for letter in letters()] == [BOX]


def test_a_comma_for_a_dot_is_offered_and_sent_only_when_chosen(bruno_client, al_redentore):
    body = content(ask(bruno_client, "idsessione@alredentore,it"))
    assert f"Volevi scrivere {BOX}?" in body
    assert f'name="indirizzo" value="{BOX}"' in body
    assert "virgola al posto di un punto" in body
    assert not letters()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("noreply@alredentore.it", "Sembra una casella di servizio."),
        ("id@\u0430lredentore.it", "Il dominio mescola alfabeti diversi."),
    ],
)
def test_a_doubtful_address_must_be_confirmed(bruno_client, al_redentore, address, words):
    body = content(ask(bruno_client, address))
    assert "Controlla prima di proseguire" in body
    assert words in body
    assert not letters()
    (confirmed,) = re.findall(r'name="conferma" id="id_conferma" value="([^"]+)"', body)
    assert ask(bruno_client, address, conferma=confirmed).url == page("wizard:code")
    assert len(letters("code", confirmed)) == 1
