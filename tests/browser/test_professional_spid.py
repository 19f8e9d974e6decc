"""SPID for professional use, in Chromium: two buttons, the stub's page, the pages of outcome 30 and of an identity of a company."""

import pytest
from playwright.sync_api import Page, expect

from tests.identity.providers.saml import forge


@pytest.fixture(autouse=True)
def _switched_on(settings) -> None:
    settings.SPID_PROFESSIONAL = True


def finish(page: Page, button: str, **chosen: str) -> None:
    """Presses this button, chooses Anna and an outcome on the stub's page, and returns to the portal."""
    page.goto("/accesso/?next=/informazioni/mappa/")
    page.get_by_role("button", name=button, exact=True).click()
    page.locator("input[name=persona][value=anna]").check()
    if "outcome" in chosen:
        page.get_by_label(f"({chosen['outcome']})").check()
    if "fault" in chosen:
        page.get_by_text("Risposte difettose").click()
        page.get_by_label("Difetto della risposta").select_option(chosen["fault"])
    page.get_by_role("button", name="Conferma").click()
    page.get_by_role("button", name="Torna al portale").click()


def test_the_login_page_and_the_guides_speak_of_both_buttons(page, sweep):
    sweep("/accesso/", "/informazioni/guida-certificare/", "/informazioni/delega/", "/informazioni/privacy/")
    page.goto("/accesso/")
    expect(page.get_by_role("heading", name="SPID per uso professionale")).to_be_visible()
    expect(page.get_by_text("personale o per uso professionale")).to_be_visible()
    page.get_by_role("button", name="Entra con SPID per uso professionale").click()
    expect(page.get_by_text("Purpose P")).to_be_visible()
    sweep()


def test_a_person_with_a_professional_identity_comes_in(page, console_errors):
    finish(page, "Entra con SPID per uso professionale")
    page.wait_for_url("**/informazioni/mappa/")
    assert console_errors() == []


def test_outcome_30_leads_from_each_button_to_the_other(page, sweep):
    finish(page, "Entra con SPID", outcome="30")
    expect(page.get_by_role("alert")).to_contain_text("premi qui sotto «Entra con SPID per uso professionale»")
    sweep()
    page.get_by_role("button", name="Entra con SPID per uso professionale", exact=True).click()
    expect(page.get_by_text("Purpose P")).to_be_visible()
    finish(page, "Entra con SPID per uso professionale", outcome="30")
    expect(page.get_by_role("alert")).to_contain_text("premi qui sotto «Entra con SPID»")
    sweep()
    page.get_by_role("button", name="Entra con SPID", exact=True).click()
    expect(page.get_by_text("Purpose P")).to_have_count(0)


def test_an_identity_of_a_company_reads_why(page, sweep):
    finish(page, "Entra con SPID per uso professionale", fault="impresa")
    expect(page.locator("h1")).to_have_text("Questa identità è di un’impresa, non di una persona")
    sweep()


def test_each_button_opens_its_own_list_of_providers(page, sweep, settings, tmp_path):
    settings.IDENTITY_PROVIDERS, settings.IDENTITY_METADATA = ["portal.identity.providers.saml.Spid"], tmp_path
    for name in ("alfa", "beta", "gamma"):
        forge.registered(tmp_path, name)
    sweep("/accesso/")
    page.goto("/accesso/")
    page.locator("summary", has_text="Entra con SPID per uso professionale").click()
    expect(page.get_by_role("button", name="https://alfa.example")).to_have_count(1)
