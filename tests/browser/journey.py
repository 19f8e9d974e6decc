"""The three journeys of a first day in a browser, shared by the in-process test and the test of a fresh clone."""

import re

from playwright.sync_api import Page, expect

from pharmacies.models import Pharmacy
from portal.demo.people import PEOPLE

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def enter(page: Page, person: str) -> None:
    """Signs in with SPID as one of the invented people."""
    page.goto("/accesso/")
    page.get_by_role("button", name="Entra con SPID").click()
    page.get_by_role("radio", name=f"{person},").check()
    page.get_by_role("button", name="Conferma").click()
    page.get_by_role("button", name="Torna al portale").click()


def certify(page: Page, address: str, read_code) -> None:
    """Steps 2 to 8 from «Servizi on line»; `read_code()` returns the six digits that arrived."""
    menu = page.get_by_role("navigation", name="Servizi on line")
    menu.get_by_role("link", name="Sicurezza").click()
    page.get_by_role("main").get_by_role("link", name="Certifica mail").last.click()
    page.get_by_label("Indirizzo e-mail").fill(address)
    page.get_by_role("button", name="Invia il codice").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inserisci il codice di validazione")
    page.get_by_label("Codice validazione").fill(read_code())
    page.get_by_role("button", name="Conferma il codice").click()
    expect(page.get_by_role("main")).to_contain_text("La mail è stata validata e registrata con successo")


def request_id(page: Page) -> None:
    page.get_by_role("navigation", name="Servizi on line").get_by_role("link", name="Gestione ID-SESSIONE").click()
    page.get_by_role("button", name="Richiedi l’ID per la ricetta SSN").click()
    expect(page.get_by_role("main")).to_contain_text("Validato")


def open_letter(page: Page, subject: str) -> str:
    """The newest letter with this subject in the demo mailbox; its text."""
    page.goto("/prova/posta/")
    address = (
        page.get_by_role("main").get_by_role("link", name=re.compile(re.escape(subject))).first.get_attribute("href")
    )
    page.goto(f"{address}?vista=testo")
    return page.get_by_role("main").inner_text()


def code_in_the_mailbox(page: Page, waiting: float = 0) -> str:
    """The validation code, read in another tab; reloads for up to `waiting` seconds."""
    tab = page.context.new_page()
    try:
        tab.goto("/prova/posta/")
        found = tab.get_by_role("link", name=re.compile("Codice validazione"))
        for _ in range(int(waiting * 2)):
            if found.count():
                break
            tab.wait_for_timeout(500)
            tab.reload()
        return re.search(r"Codice validazione: (\d{6})", open_letter(tab, "Codice validazione")).group(1)
    finally:
        tab.close()


def code_of(person: str) -> str:
    who = next(known for known in PEOPLE if known.given_name == person)
    return Pharmacy.objects.filter(offices__codice_fiscale=who.codice_fiscale).first().code
