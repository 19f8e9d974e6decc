"""The skip link lands on the content, a warning takes the focus, and Back never offers to send a form again."""

import re

import pytest
from playwright.sync_api import expect

from pharmacies.models import CodiceValidazione
from tests.browser.journey import code_of, enter

pytestmark = pytest.mark.timeout(400)
BEFORE = "nav, .menu, .place, header"  # trail, side menu, box of the pharmacy


def go_back(page) -> None:
    """As the button of the browser: Chromium refuses when it would have to send a form again (net::ERR_CACHE_MISS)."""
    response = page.go_back(wait_until="load")
    assert response is None or response.status == 200
    expect(page.locator("h1")).to_have_count(1)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_skip_link_lands_after_trail_and_menu(lived_in, page, width):
    enter(page, "Anna Rossi")
    page.wait_for_url(re.compile("/servizi/"))
    code = code_of("Anna")
    page.set_viewport_size({"width": width, "height": 844})
    for place in (
        f"/servizi/{code}/",
        f"/servizi/{code}/id-sessione/",
        f"/servizi/{code}/avvisi/",
        "/informazioni/privacy/",
    ):
        page.goto(place)
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text("Vai al contenuto")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "contenuto"
        assert page.evaluate("document.activeElement.querySelector('h1') !== null")
        page.keyboard.press("Tab")
        assert page.evaluate(f"document.activeElement.closest('{BEFORE}')") is None, place
        assert page.evaluate("document.activeElement.closest('#contenuto') !== null"), place


def test_a_warning_about_the_address_takes_the_focus_and_back_asks_nothing(lived_in, page):
    enter(page, "Bruno Bianchi")
    page.wait_for_url(re.compile("/servizi/"))
    page.goto(f"/servizi/{code_of('Bruno')}/sicurezza/certifica-mail/indirizzo/")
    send = page.get_by_role("button", name="Invia il codice")
    for typed, words in (("farmacia", "C’è un problema"), ("alredentore@gmail.com", "Controlla prima di proseguire")):
        page.get_by_label("Indirizzo e-mail").fill(typed)
        send.click()
        page.wait_for_load_state()
        expect(page.locator(":focus h2")).to_have_text(words)
    page.get_by_role("checkbox").check()
    send.click()
    page.wait_for_url(re.compile("/codice/"))
    go_back(page)
    expect(page.locator("h1")).to_have_text(re.compile("Qual è l’e-mail"))
    page.go_forward()
    page.get_by_label("Codice validazione").fill("000000")
    page.get_by_role("button", name="Conferma il codice").click()
    page.wait_for_load_state()
    assert CodiceValidazione.objects.exists()
    page.goto(f"/servizi/{code_of('Bruno')}/")
    go_back(page)
    expect(page.locator("h1")).to_have_text(re.compile("codice"))


def test_back_after_refused_hours_and_a_refused_check(lived_in, page):
    enter(page, "Anna Rossi")
    page.wait_for_url(re.compile("/servizi/"))
    place = f"/servizi/{code_of('Anna')}"
    page.goto(f"{place}/avvisi/orari/")
    for hours in ("9–13, 12–19", "9–13"):
        page.get_by_label("Mercoledì").fill(hours)
        page.get_by_role("button", name="Salva gli orari").last.click()
        page.wait_for_load_state()
    page.wait_for_url(re.compile("/avvisi/$"))
    go_back(page)
    page.goto(f"{place}/id-sessione/errore-9101/")
    for code in ("", "pippo"):
        page.get_by_label("Il codice che la cassa rifiuta").fill(code)
        page.get_by_role("button", name="Perché non va?").click()
        page.wait_for_load_state()
    go_back(page)


def test_back_after_a_refused_login(lived_in, page):
    page.goto("/operatori/accesso/")
    page.locator("input[type=password]").fill("sbagliata")
    page.locator("main button[type=submit]").first.click()
    page.wait_for_load_state()
    page.goto("/informazioni/privacy/")
    go_back(page)
