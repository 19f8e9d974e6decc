"""«Turni» at the desk: the form, a refused file and a report, without an axe violation."""

from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from pharmacies.models import Pharmacy
from tests.browser.harness import carry_session

pytestmark = pytest.mark.timeout(300)


def test_an_operator_checks_and_writes_the_duties_of_a_file(lived_in, sweep, page, operator, live_server, tmp_path):
    carry_session(operator("anagrafica"), page.context, live_server.url)
    sweep("/operatori/turni/")
    code, day = Pharmacy.objects.order_by("code").first().code, date.today() + timedelta(days=10)  # noqa: DTZ011
    rows = [f"{code};giorno;{day:%d/%m/%Y};;8:30;19:30", f"99999;notte;{day:%d/%m/%Y};;;", f"{code};mattina;;;;"]
    file = tmp_path / "turni.csv"
    file.write_text("\n".join(["cod_farmacia;turno;dal;al;dalle;alle", *rows, ""]), encoding="utf-8")
    page.get_by_label("File dei turni").set_input_files(file)
    page.get_by_role("button", name="Controlla senza scrivere").click()
    expect(page.get_by_role("heading", name="Controllato: 1 turno da scrivere")).to_be_visible()
    expect(page.get_by_role("table", name="Le righe rifiutate")).to_contain_text("Nessuna farmacia del tuo territorio")
    sweep()
    page.get_by_role("button", name="Scrivi i turni").click()
    expect(page.get_by_role("alert")).to_contain_text("Scegli il file dei turni")
    sweep()
    page.get_by_label("File dei turni").set_input_files(file)
    page.get_by_role("button", name="Scrivi i turni").click()
    expect(page.get_by_role("heading", name="1 turno scritto")).to_be_visible()
