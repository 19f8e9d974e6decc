"""The three journeys in a real Chromium, with a real SMTP server and the clock moved."""

import re
from datetime import timedelta

import time_machine
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from portal.outbox.sending.delivery import deliver_due
from sessions.models import IdSessione
from sessions.reminders.sending import send_due
from tests.browser.harness import carry_session
from tests.browser.journey import UUID, certify, code_in_the_mailbox, enter, open_letter, request_id
from tests.conftest import sign_in_staff
from tests.journeys.conftest import post_round  # noqa: F401  the same mailbox


def test_certify_request_and_reminder_in_a_browser(
    page,
    context,
    console_errors,
    live_server,
    bruno,
    al_redentore,
    carla,
    utenza,
    post_round,  # noqa: F811
):
    utenza.pharmacy = al_redentore
    utenza.save()

    def read_code() -> str:
        assert post_round() == 1
        return code_in_the_mailbox(page)

    enter(page, "Bruno Bianchi")
    certify(page, "idsessione@alredentore.example", read_code)
    request_id(page)
    post_round()
    page.get_by_role("button", name="Mostra").first.click()
    shown = re.search(UUID, page.get_by_role("main").inner_text().replace("\n", "")).group(0)
    assert re.search(rf"^({UUID})$", open_letter(page, "ID SESSIONE"), re.MULTILINE).group(1) == shown

    with time_machine.travel(IdSessione.objects.get().expires_at - timedelta(minutes=59)):
        assert send_due(timezone.now()) == 1
        post_round()
        assert shown[-4:] in open_letter(page, "scade")

        context.clear_cookies()
        carry_session(sign_in_staff(Client(), carla), context, live_server.url)
        page.goto("/operatori/stato-sessioni/")
        row = page.get_by_role("row", name="Al Redentore")
        expect(row).to_contain_text("In scadenza")
        expect(row).to_contain_text(shown[-4:])
        assert shown not in page.content()
    assert console_errors() == []
    assert deliver_due(timezone.now()) == 0
