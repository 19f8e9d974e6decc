"""People come in by file, certify, change and delegate, in a real Chromium."""

import re
from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import expect

from pharmacies.models import MailCertification
from portal.time.clock import ROME
from tests.browser.journey import certify, code_in_the_mailbox, enter, request_id
from tests.journeys.conftest import post_round  # noqa: F401  the same mailbox

HEADER = "cod_farmacia;codice_fiscale;cognome;nome;ruolo;dal;al"
BRUNO, GIULIA = "1877;BNCBRN75B12F205N;Bianchi;Bruno", "1877;FRRGLI71E63L378K;Ferraro;Giulia"
ELENA = "MROLNE90P48G224U"


def test_a_direttore_changes_confirms_delegates_and_takes_back(
    chromium,
    page,
    context,
    console_errors,
    live_server,
    al_redentore,
    utenza,
    tmp_path,
    post_round,  # noqa: F811
):
    utenza.pharmacy = al_redentore
    utenza.save()
    today = timezone.now().astimezone(ROME).date()

    def send_file(*rows: str) -> None:
        path = tmp_path / f"uffici_{today:%Y%m%d}.csv"
        path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        call_command("import_offices", str(path), verbosity=0)

    def read_code() -> str:
        assert post_round() >= 1
        return code_in_the_mailbox(page)

    main, menu = page.get_by_role("main"), page.get_by_role("navigation", name="Servizi on line")

    # the file brings the titolare, who certifies the address and asks for an id
    enter(page, "Bruno Bianchi")
    expect(main).to_contain_text("non risulti titolare o direttore di una farmacia")
    send_file(f"{BRUNO};titolare;01/01/2020;")
    page.goto("/servizi/")
    certify(page, "idsessione@alredentore.example", read_code)
    request_id(page)

    # the next file ends his office yesterday and names a direttrice: his open session loses the pharmacy
    yesterday = today - timedelta(days=1)
    send_file(f"{BRUNO};titolare;01/01/2020;{yesterday:%d/%m/%Y}", f"{GIULIA};direttore;{today:%d/%m/%Y};")
    assert page.goto("/servizi/1877/").status == 404
    post_round()
    page.goto("/prova/posta/")
    news = main.get_by_role("link", name=re.compile("Cambia chi può certificare"))
    addresses = [link.get_attribute("href") for link in news.all()]
    texts = [page.goto(f"{address}?vista=testo") and main.inner_text() for address in addresses]
    for name in ("Bruno Bianchi", "Giulia Ferraro"):
        assert any(name in text for text in texts)
    page.goto("/servizi/")
    page.get_by_role("button", name="Esci", exact=True).first.click()

    # she confirms the address that he certified
    enter(page, "Giulia Ferraro")
    expect(main).to_contain_text("Questo indirizzo è stato certificato da Bruno Bianchi")
    expect(main).to_contain_text("resta valido")
    page.get_by_role("button", name="Conferma l’indirizzo").click()
    page.goto("/servizi/1877/")
    expect(main).not_to_contain_text("Questo indirizzo è stato certificato da")
    assert MailCertification.objects.current().get().confirmed_by.codice_fiscale == "FRRGLI71E63L378K"

    # she gives a delegation
    menu.get_by_role("link", name="Persone").click()
    page.get_by_role("link", name="Dai una delega").click()
    page.get_by_label("Codice fiscale").fill(ELENA.lower())
    page.get_by_label("Nome", exact=True).fill("Elena")
    page.get_by_label("Cognome").fill("Moro")
    page.get_by_role("button", name="Dai la delega").click()
    expect(main).to_contain_text("Elena Moro")

    # the delegate works in her own browser, until the delegation is taken back
    own = chromium.new_context(base_url=live_server.url, locale="it-IT", timezone_id="Europe/Rome")
    try:
        elena = own.new_page()
        enter(elena, "Elena Moro")
        elena.goto("/servizi/1877/id-sessione/")
        expect(elena.get_by_role("main")).to_contain_text("Validato")
        assert elena.goto("/servizi/1877/persone/").status == 403

        page.get_by_role("link", name="Togli la delega di Elena Moro").click()
        page.get_by_role("button", name="Togli la delega").click()
        expect(main).to_contain_text("Nessuna delega")

        assert elena.goto("/servizi/1877/id-sessione/").status == 404
        elena.goto("/servizi/")
        expect(elena.get_by_role("main")).to_contain_text("non risulti titolare o direttore")
    finally:
        own.close()
    assert console_errors() == []
