"""The code: six digits, fifteen minutes, five attempts; the page always says when the next action is possible."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from pharmacies.models import CodiceValidazione, MailCertification
from portal.outbox.models import OutgoingMail
from tests.conftest import sign_in
from tests.pharmacies.letters import a_wrong_code, code_in, last_code, letters
from tests.pharmacies.pages import BOX, OTHER, ask, ask_again, content, page, type_code, type_wrong_codes

AT = datetime(2026, 11, 23, 9, 42, 3, tzinfo=UTC)  # 10:42:03 in Italy


@pytest.fixture
def clock():
    with time_machine.travel(AT, tick=False) as moved:
        yield moved


@pytest.fixture
def browser(clock, bruno, al_redentore) -> Client:
    """Bruno's browser at the code page for the address BOX."""
    client = sign_in(Client(), bruno)
    ask(client)
    return client


def later(clock, client, bruno, **by) -> datetime:
    """Moves the clock and signs in again."""
    clock.shift(timedelta(**by))
    sign_in(client, bruno)
    return datetime.now(UTC)


def test_the_page_says_where_the_code_went_until_when_it_holds_and_how_many_attempts(browser):
    body = content(browser.get(page("wizard:code")))
    for words in (BOX, "10:57", "Restano 5 tentativi.", "Richiedi un nuovo codice", "Dove si trova il messaggio"):
        assert words in body
    assert "Potrai usare «Richiedi un nuovo codice» <strong>alle 10:43:03</strong>." in body
    assert "Puoi chiederne altri 3 nella prossima ora." in body
    for attribute in ('inputmode="numeric"', 'autocomplete="one-time-code"'):
        assert attribute in body
    assert last_code() not in body


def test_a_wrong_code_keeps_the_page_counts_and_says_how_many_are_left(browser):
    response = type_code(browser, a_wrong_code())
    assert response.status_code == 200
    body = content(response)
    assert "<title>Errore: " in body
    assert "Il codice non corrisponde a quelli inviati. Restano 4 tentativi." in body
    assert MailCertification.objects.get().failed_attempts == 1


def test_the_same_wrong_code_twice_as_in_a_double_click_or_a_refresh_counts_once(browser):
    wrong = a_wrong_code()
    for _ in range(3):
        type_code(browser, wrong)
    assert MailCertification.objects.get().failed_attempts == 1


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "1" * 80, "x" * 500])
def test_what_is_not_six_digits_is_no_guess(browser, typed):
    body = content(type_code(browser, typed))
    assert "<title>Errore: " in body
    assert MailCertification.objects.get().failed_attempts == 0


def test_after_five_wrong_codes_even_the_right_one_waits_an_hour_and_the_time_is_said(browser, clock, bruno):
    type_wrong_codes(browser, 5)
    body = content(type_code(browser, last_code()) and browser.get(page("wizard:code")))
    assert "Potrai riprovare alle 11:42" in body
    assert not MailCertification.objects.current().exists()
    later(clock, browser, bruno, minutes=61)
    ask_again(browser)
    assert type_code(browser, last_code()).url == page("wizard:done")


def test_asking_again_or_another_address_and_back_gives_no_new_guesses(browser, clock, bruno):
    type_wrong_codes(browser, 4)
    later(clock, browser, bruno, seconds=61)
    ask_again(browser)
    assert "Resta 1 tentativo." in content(browser.get(page("wizard:code")))
    ask(browser, OTHER)
    assert "Restano 5 tentativi." in content(browser.get(page("wizard:code")))
    ask(browser, BOX)
    assert "Resta 1 tentativo." in content(browser.get(page("wizard:code")))
    browser.post(page("pharmacies:mail_change_cancel"))
    ask(browser, BOX)
    assert "Resta 1 tentativo." in content(browser.get(page("wizard:code")))


def test_every_unexpired_code_of_the_request_is_good(browser, clock, bruno):
    first = last_code()
    later(clock, browser, bruno, minutes=5)
    ask_again(browser)
    assert len(letters("code")) == 2
    assert type_code(browser, first).url == page("wizard:done")


def test_a_code_that_expired_while_another_holds_is_told_apart_and_costs_nothing(browser, clock, bruno):
    first = last_code()
    later(clock, browser, bruno, minutes=5)
    ask_again(browser)
    later(clock, browser, bruno, minutes=11)
    body = content(type_code(browser, first))
    assert "Questo codice è scaduto: usa quello più recente, inviato alle 10:47" in body
    assert MailCertification.objects.get().failed_attempts == 0


def test_an_expired_code_sends_the_titolare_back_to_ask_for_a_new_one(browser, clock, bruno):
    code = last_code()
    later(clock, browser, bruno, minutes=15)
    response = browser.post(page("wizard:code"), {"codice": code}, follow=True)
    body = content(response)
    assert "Il codice è scaduto" in body
    assert "valeva fino alle <strong>10:57</strong>" in body
    assert "Passo 6 di 8" in body
    assert not MailCertification.objects.current().exists()
    assert MailCertification.objects.get().failed_attempts == 0
    ask_again(browser)
    assert type_code(browser, last_code()).url == page("wizard:done")


def test_a_new_code_within_a_minute_is_refused_with_the_exact_time(browser, clock):
    clock.shift(timedelta(seconds=59))
    response = ask_again(browser)
    assert "potrai chiederne un altro alle 10:43:03" in content(response)
    assert len(letters("code")) == 1
    clock.shift(timedelta(seconds=1))
    assert "Un nuovo codice è in partenza." in content(ask_again(browser))
    assert len(letters("code")) == 2


def test_a_fifth_code_in_an_hour_waits_and_the_time_is_said(browser, clock, bruno):
    for _ in range(3):
        later(clock, browser, bruno, minutes=5)
        ask_again(browser)
    later(clock, browser, bruno, minutes=5)
    body = content(ask_again(browser))
    assert len(letters("code")) == 4
    assert "Potrai chiedere un altro codice alle 11:43" in body  # rounded up: the first left at 10:42:03
    assert "Hai già chiesto i 4 codici consentiti in un’ora." in body
    assert "potrai chiederne un altro alle 11:43" in body
    response = ask(browser, OTHER)
    assert "potrai chiederne un altro alle 11:43" in content(response)
    assert not letters("code", OTHER)
    assert BOX in content(browser.get(page("wizard:code")))  # the request under way is kept


def test_an_address_gets_ten_codes_a_day_over_all_pharmacies(browser, clock, bruno, anna, san_marco):
    for hours in range(9):
        later(clock, browser, bruno, minutes=30)
        ask_again(browser)
        assert len(letters("code", BOX)) == hours + 2
    annas = sign_in(Client(), anna)
    body = content(ask(annas, BOX, code="4512"))
    assert (
        "i 10 codici consentiti in un giorno per questo indirizzo: potrai chiederne un altro domani alle 10:43" in body
    )
    assert len(letters("code", BOX)) == 10
    assert ask(annas, "altra@farmaciasanmarco.it", code="4512").url == page("wizard:code", "4512")


def test_a_new_code_is_offered_only_when_it_may_be_asked(browser, clock):
    button = f'action="{page("wizard:new_code")}"'
    body = content(browser.get(page("wizard:code")))
    assert button not in body
    assert f'<a href="{page("wizard:code")}">Aggiorna la pagina</a>' in body
    clock.shift(timedelta(seconds=60))
    body = content(browser.get(page("wizard:code")))
    assert button in body
    assert "Potrai usare" not in body


def test_the_page_says_that_the_letter_left_only_when_a_server_has_taken_it(browser):
    assert f"Lo stiamo inviando a <strong>{BOX}" in content(browser.get(page("wizard:code")))
    OutgoingMail.objects.update(accepted_at=AT)
    assert f"Lo abbiamo inviato a <strong>{BOX}" in content(browser.get(page("wizard:code")))


def test_after_too_many_wrong_codes_nothing_is_said_to_leave_by_itself(browser):
    type_wrong_codes(browser, 5)
    body = content(browser.get(page("wizard:code")))
    assert f"Dopo potrai chiedere un nuovo codice per <strong>{BOX}</strong>: non parte da solo." in body


def test_the_step_of_the_code_is_not_done_when_its_letter_was_refused(browser):
    OutgoingMail.objects.update(failed_at=AT, last_answer="552 5.2.2 Mailbox full", sealed_source=None)
    body = content(browser.get(page("wizard:code")))
    assert "Passo 6 di 8" in body
    assert body.count("(fatto)") == 4


def test_a_refused_letter_shows_the_reason_and_two_ways_on(browser, clock):
    clock.shift(timedelta(seconds=61))
    OutgoingMail.objects.update(failed_at=AT, last_answer="552 5.2.2 Mailbox full", sealed_source=None)
    body = content(browser.get(page("wizard:code")))
    for words in (
        "Il messaggio non è stato consegnato",
        "Scegli come continuare",
        "Cambia indirizzo",
        "Invia di nuovo",
    ):
        assert words in body
    assert "Rifiutato: casella piena" in body
    assert page("wizard:address") in body


def test_the_code_page_of_another_tab_about_another_address_costs_no_attempt(browser):
    old_tab = MailCertification.objects.get().pk
    old_code = last_code()
    ask(browser, OTHER)
    response = browser.post(page("wizard:code"), {"codice": old_code, "richiesta": old_tab}, follow=True)
    assert "Nel frattempo l’indirizzo è cambiato" in content(response)
    assert not MailCertification.objects.exclude(failed_attempts=0).exists()


def test_the_code_of_one_address_does_not_certify_another(browser):
    old_code = last_code()
    ask(browser, OTHER)
    if old_code != last_code(OTHER):
        assert type_code(browser, old_code).status_code == 200
    assert not MailCertification.objects.current().exists()


def test_only_a_keyed_hash_of_the_code_is_kept(browser):
    code, row = last_code(), CodiceValidazione.objects.get()
    stored = {str(value) for value in CodiceValidazione.objects.values().get().values()}
    assert not any(code == value or f":{code}" in value for value in stored)
    assert len(row.code_hash) == 64
    assert code not in bytes(letters("code")[0].sealed_source).decode("latin-1")
    assert code_in(letters("code")[0]) == code


@pytest.mark.parametrize(
    "line",
    [
        "il codice è {}", "Codice: {} vale 15 minuti", "\u200b{}\ufeff", "\u2066{}\u2069", "«{}»",
        "Codice validazione: {} (vale fino alle 10:57 di lunedì 23 novembre 2026)",
    ],
)  # fmt: skip
@pytest.mark.parametrize("digits", ["0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩"])
def test_the_code_is_read_in_what_was_pasted_with_it(browser, line, digits):
    pasted = line.format(last_code().translate({ord(str(n)): digit for n, digit in enumerate(digits)}))
    assert type_code(browser, pasted).url == page("wizard:done")


def test_two_different_codes_are_no_guess_and_a_sentence_of_their_own(browser):
    body = content(type_code(browser, f"{last_code()} {a_wrong_code()}"))
    assert "Hai incollato due codici diversi: scrivi solo il più recente" in body
    assert MailCertification.objects.get().failed_attempts == 0


@pytest.mark.parametrize(
    ("facts", "sentence", "button"),
    [
        ({}, "manca solo la conferma", "Riprendi: inserisci il codice"),
        ({"failed_at": AT}, "non è stato consegnato: controlla la casella", "Riprendi: scegli come continuare"),
        ({"withdrawn_at": AT}, "è stato annullato prima di partire", "Riprendi: richiedi un nuovo codice"),
    ],
    ids=["on its way", "refused", "withdrawn"],
)
def test_the_summary_says_what_became_of_the_code(browser, facts, sentence, button):
    OutgoingMail.objects.update(sealed_source=None, **facts)
    body = content(browser.get(page("pharmacies:overview")))
    assert f"<strong>{BOX}</strong>" in body
    assert sentence in body
    assert button in body


def test_the_summary_says_that_the_code_expired_or_that_too_many_were_wrong(browser, clock, bruno):
    type_wrong_codes(browser, 5)
    assert "troppi codici errati: potrai riprovare dalle" in content(browser.get(page("pharmacies:overview")))
    later(clock, browser, bruno, minutes=61)
    body = content(browser.get(page("pharmacies:overview")))
    assert "è scaduto: richiedine uno nuovo" in body
    assert "Riprendi: richiedi un nuovo codice" in body


def test_the_page_of_a_code_that_was_withdrawn_with_its_request_asks_for_a_new_one(browser):
    ask(browser, OTHER)
    ask(browser, BOX)
    body = content(browser.get(page("wizard:code")))
    assert f"Il codice per <strong>{BOX}</strong> è stato annullato prima di partire: richiedine uno nuovo." in body
    assert "Lo stiamo inviando" not in body
