"""From the address to the certified mailbox on the pages, without JavaScript."""

import re

import pytest
import time_machine
from django.test import Client

from pharmacies.models import MailCertification
from portal.journal.models import Entry
from tests.conftest import sign_in
from tests.pharmacies.letters import last_code, letters, parts_of, text_of
from tests.pharmacies.pages import BOX, ask, content, page


def test_a_titolare_certifies_the_mailbox_from_the_address_to_the_official_words(bruno_client, al_redentore):
    response = bruno_client.get(page("wizard:resume"), follow=True)
    assert "Qual è l’e-mail della farmacia?" in content(response)

    response = bruno_client.post(page("wizard:address"), {"indirizzo": f"  {BOX} "}, follow=True)
    assert response.redirect_chain == [(page("wizard:code"), 302)]
    assert "Inserisci il codice di validazione" in content(response)
    assert BOX in content(response)

    response = bruno_client.post(page("wizard:code"), {"codice": last_code()}, follow=True)
    assert response.redirect_chain == [(page("wizard:done"), 302)]
    assert "La mail è stata validata e registrata con successo" in content(response)

    certification = MailCertification.objects.current().get(pharmacy=al_redentore)
    assert certification.address == BOX
    assert certification.certified_by.full_name == "Bruno Bianchi"
    assert certification.certified_with == "SPID livello 2"
    assert [letter.kind for letter in letters()] == ["code", "certified"]


def test_the_code_is_forgiven_its_spaces_dashes_and_the_words_in_front(bruno_client, al_redentore):
    ask(bruno_client)
    code = last_code()
    typed = f"Codice validazione: {code[:3]} - {code[3:]} "
    assert bruno_client.post(page("wizard:code"), {"codice": typed}).url == page("wizard:done")


def test_the_letter_carries_the_code_in_a_stable_line_and_not_in_its_subject(bruno, al_redentore):
    with time_machine.travel("2026-11-23T09:42:03Z", tick=False):
        ask(sign_in(Client(), bruno))
    (letter,) = letters("code")
    text, html = parts_of(letter)
    code = last_code()
    assert f"\nCodice validazione: {code}\n" in text
    assert code in html
    assert "10:57 di lunedì 23 novembre 2026" in text
    assert code not in letter.subject
    assert letter.secret
    assert letter.give_up_at.isoformat() == "2026-11-23T09:57:03+00:00"


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_at_any_page_sends_nothing(bruno_client, al_redentore, method):
    ask(bruno_client)
    before = letters()
    for name in ("resume", "address", "code", "new_code", "done"):
        getattr(bruno_client, method)(page(f"wizard:{name}"))
    assert letters() == before


def test_the_way_goes_on_from_another_device(bruno_client, bruno, al_redentore):
    ask(bruno_client)
    phone = sign_in(Client(), bruno)
    response = phone.get(page("wizard:resume"), follow=True)
    assert response.redirect_chain == [(page("wizard:code"), 302)]
    assert phone.post(page("wizard:code"), {"codice": last_code()}).url == page("wizard:done")


def test_confirming_twice_lands_on_success_and_writes_once(bruno_client, al_redentore):
    ask(bruno_client)
    code = last_code()
    for _ in range(2):
        assert bruno_client.post(page("wizard:code"), {"codice": code}).url == page("wizard:done")
    assert len(letters("certified")) == 1
    assert Entry.objects.filter(verb="certification.certified").count() == 1


def test_the_address_form_sent_twice_sends_one_letter_and_lands_on_the_code(bruno_client, al_redentore):
    for _ in range(2):
        assert ask(bruno_client).url == page("wizard:code")
    assert len(letters("code")) == 1


def test_a_certified_pharmacy_is_sent_to_the_management_page(anna_client, certified):
    for name in ("wizard:resume", "wizard:address"):
        assert anna_client.get(page(name, "4512")).url == page("pharmacies:mail", "4512")


def test_the_success_page_without_a_certified_address_leads_back_to_the_way(bruno_client, al_redentore):
    assert bruno_client.get(page("wizard:done")).url == page("wizard:resume")


def test_a_request_that_nobody_completes_is_forgotten_after_a_day(bruno_client, bruno, al_redentore):
    ask(bruno_client)
    with time_machine.travel("2030-01-01T10:00:00Z"):
        sign_in(bruno_client, bruno)
        assert bruno_client.get(page("wizard:resume")).url == page("wizard:address")


def test_the_side_list_shows_the_eight_steps_in_the_official_words(bruno_client, al_redentore):
    body = content(bruno_client.get(page("wizard:address")))
    steps = re.search(r'<ol class="steps.*?</ol>', body, re.DOTALL)[0]
    assert steps.count("<li") == 8
    assert steps.count('class="done"') == 3
    assert steps.count('aria-current="step"') == 1
    for words in (
        "SPID, CIE o TS-CNS", "«Servizi on line»", "«Sicurezza»", "«Certifica mail»", "non PEC, possibilmente non gmail",
        "«Richiedi un nuovo codice»", "«La mail è stata validata e registrata con successo»", "«Modifica» e «Revoca»",
    ):  # fmt: skip
        assert words in steps
    assert "Passo 4 di 8 · Indirizzo e-mail" in body
    ask(bruno_client)
    assert "Passo 5 di 8 · Codice validazione" in content(bruno_client.get(page("wizard:code")))


def test_the_receipt_says_who_certified_and_carries_no_code(bruno_client, al_redentore):
    ask(bruno_client)
    code = last_code()
    bruno_client.post(page("wizard:code"), {"codice": code})
    (receipt,) = letters("certified")
    assert "Bruno Bianchi con SPID livello 2" in text_of(receipt)
    assert code not in text_of(receipt)
    assert not receipt.secret
