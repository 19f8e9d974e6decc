"""Runs against a portal that was started with `make run`; PORTAL_UNDER_TEST is its address."""

import os
import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.journey import UUID, certify, code_in_the_mailbox, enter, open_letter, request_id

URL = os.environ.get("PORTAL_UNDER_TEST", "")


@pytest.mark.skipif(not URL, reason="PORTAL_UNDER_TEST names no running portal")
def test_a_stranger_s_first_minutes(chromium: Browser) -> None:
    """Certify, read the code in the test mailbox, request an id, read it: the worker and the mailbox run as in `make run`."""
    context = chromium.new_context(base_url=URL, locale="it-IT")
    context.set_default_timeout(15_000)
    page = context.new_page()
    enter(page, "Bruno Bianchi")
    certify(page, "idsessione@alredentore.example", lambda: code_in_the_mailbox(page, waiting=20))
    request_id(page)
    for _ in range(40):
        page.goto("/prova/posta/")
        if page.get_by_role("link", name=re.compile(", vale fino alle")).count():
            break
        page.wait_for_timeout(500)
    assert re.search(rf"^{UUID}$", open_letter(page, ", vale fino alle"), re.MULTILINE)

    desk = chromium.new_context(base_url=URL, locale="it-IT").new_page()
    desk.goto("/operatori/stato-sessioni/")
    desk.get_by_label("Nome utente").fill("carla")
    desk.get_by_label("Password").fill("prova-operatori-2026")
    desk.get_by_role("button", name="Continua").click()
    tab = desk.context.new_page()
    tab.goto("/prova/app/")
    code = re.sub(r"\D", "", tab.locator(".otp-code").inner_text())
    desk.get_by_label("Codice").fill(code)
    desk.get_by_role("button", name="Entra").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Stato delle sessioni")
