"""The pages of the hours, of the calendar and of the gestionale, in every state: 0 axe violations, no complaint of the console."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from sessions.webhooks.calls import call_due
from tests.browser.journey import code_of, enter

pytestmark = pytest.mark.timeout(400)


def test_the_pages_of_the_hours_the_calendar_and_the_gestionale(lived_in, sweep, page, settings):
    settings.WEBHOOK_ADDRESSES = "tests.sessions.webhooks.conftest.NamedHere"
    enter(page, "Anna Rossi")
    page.wait_for_url(re.compile("/servizi/"))
    place = f"/servizi/{code_of('Anna')}/avvisi/"
    sweep(f"{place}orari/?modello=spezzato")
    page.get_by_label("Mercoledì").fill("9–13, 12–19")
    page.get_by_role("button", name="Salva gli orari").last.click()
    page.wait_for_load_state()
    sweep()
    page.get_by_label("Mercoledì").fill("9–13")
    page.get_by_role("button", name="Salva gli orari").last.click()
    page.wait_for_url(re.compile("/avvisi/$"))
    sweep()
    page.goto(f"{place}giorni/")
    for name in ("Aggiungi la chiusura", "Aggiungi il turno"):
        page.get_by_role("button", name=name).click()
        page.wait_for_load_state()
        sweep()
    tomorrow = timezone.localdate() + timedelta(days=1)
    page.get_by_label("Dal giorno").first.fill(tomorrow.isoformat())
    page.get_by_role("button", name="Aggiungi la chiusura").click()
    page.wait_for_load_state()
    page.get_by_label("Dal giorno").last.fill(tomorrow.isoformat())
    page.get_by_role("button", name="Aggiungi il turno").click()
    page.wait_for_load_state()
    sweep()
    sweep(place)
    page.goto(f"{place}giorni/")
    page.get_by_role("button", name="Siamo aperti").first.click()
    page.get_by_role("button", name="Togli la chiusura").first.click()
    page.wait_for_url(re.compile("tolto=chiusura"))
    sweep()
    page.goto(f"{place}calendario/")
    page.get_by_role("button", name="Crea l’indirizzo").click()
    page.wait_for_url(re.compile("/indirizzo/"))
    sweep()
    sweep(page.url, f"{place}calendario/")
    page.goto(f"{place}gestionale/collega/")
    page.get_by_label("Indirizzo del gestionale").fill("http://gestionale.example.it:9/")
    page.get_by_role("button", name="Collega il gestionale").click()
    page.wait_for_url(re.compile("/chiave/"))
    sweep()
    sweep(page.url, f"{place}gestionale/nuova-chiave/", f"{place}gestionale/scollega/", f"{place}gestionale/")
    page.get_by_role("button", name="Prova").click()
    page.wait_for_load_state()
    call_due(timezone.now() - timedelta(minutes=10))
    call_due(timezone.now() + timedelta(minutes=10))
    sweep(f"{place}gestionale/")
