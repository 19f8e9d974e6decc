"""The holder leaves; another person asks, is approved, and finds the address to confirm: every page on that way."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pharmacies.models import MailCertification, Office, RoleRequest
from portal.identity.models import User
from tests.browser.harness import carry_session
from tests.browser.journey import code_of, enter
from tests.conftest import sign_in_staff

pytestmark = pytest.mark.timeout(400)


def test_the_pages_after_a_change_of_holder(lived_in, sweep, page, context, live_server):
    certification = MailCertification.objects.current().get(pharmacy__code=code_of("Anna"))
    Office.objects.filter(pharmacy=certification.pharmacy).certifying().update(until=timezone.now())
    enter(page, "Franco Galli")
    page.wait_for_url(re.compile("/servizi/"))
    page.get_by_role("link", name="Sono titolare o direttore").click()
    page.get_by_role("button", name="Invia la richiesta").click()
    page.wait_for_load_state()
    sweep()
    page.get_by_label("Codice della farmacia").fill(certification.pharmacy.code)
    page.get_by_label("Direttore").check()
    page.get_by_label("Dal giorno").fill("2026-01-01")
    page.get_by_label("Partita IVA della farmacia").fill("01234560223")
    page.get_by_role("button", name="Invia la richiesta").click()
    page.wait_for_url(re.compile("/servizi/$"))
    sweep()
    carry_session(sign_in_staff(Client(), User.objects.get(username="carla")), context, live_server.url)
    row = RoleRequest.objects.get()
    sweep(reverse("staff:role_requests"), reverse("staff:role_request", args=[row.pk]))
    page.locator("section[aria-labelledby=accogli]").get_by_label("Motivo").fill("Comunicazione della ASL")
    page.get_by_role("button", name="Accogli la richiesta").click()
    page.wait_for_url(re.compile("/richieste/$"))
    sweep(reverse("staff:role_request", args=[row.pk]))
    context.clear_cookies()
    enter(page, "Franco Galli")
    page.wait_for_url(re.compile("/servizi/"))
    code = certification.pharmacy.code
    sweep(
        *(
            reverse(name, args=[code])
            for name in ("pharmacies:overview", "sessions:handover", "pharmacies:mail", "pharmacies:mail_confirm")
        )
    )
