"""«Copie dei promemoria» and the way out of the copies, in every state: 0 axe violations, no complaint of the console."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from pharmacies.copies import leaving
from pharmacies.models import CopyMailbox
from tests.browser.journey import code_of, enter
from tests.pharmacies.letters import last_code

pytestmark = pytest.mark.timeout(400)


def test_a_mailbox_is_named_confirmed_and_left(lived_in, sweep, page):
    enter(page, "Anna Rossi")
    page.wait_for_url(re.compile("/servizi/"))
    page.goto(f"/servizi/{code_of('Anna')}/avvisi/copie/")
    sweep()
    page.get_by_label("Indirizzo e-mail per le copie").fill("anna@example.it")
    page.get_by_role("button", name="Invia il codice").click()
    expect(page.get_by_role("heading", name="Manca la conferma")).to_be_visible()
    sweep()
    page.get_by_label("Codice ricevuto").fill("12")
    page.get_by_role("button", name="Conferma la casella").click()
    expect(page.get_by_role("alert")).to_be_visible()
    sweep()
    page.get_by_label("Codice ricevuto").fill(last_code("anna@example.it"))
    page.get_by_role("button", name="Conferma la casella").click()
    expect(page.get_by_role("heading", name="Le copie arrivano alla tua casella")).to_be_visible()
    sweep()
    page.context.clear_cookies()
    sweep(reverse("leave_copies", args=[leaving.token_of(CopyMailbox.objects.open().get().pk)]))
    page.get_by_role("button", name="Non mandatemi più copie").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Non ti mandiamo più copie")
    sweep()
    assert not CopyMailbox.objects.open().exists()
