"""The pages where the staff are managed, and where a new operator comes in: 0 axe violations at the three widths."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from portal.identity.models import User
from tests.browser.harness import carry_session
from tests.conftest import sign_in_staff

pytestmark = pytest.mark.timeout(400)


def test_the_pages_of_who_manages_the_staff(lived_in, sweep, page, context, live_server):
    carry_session(sign_in_staff(Client(), User.objects.get(username="amedeo")), context, live_server.url)
    for name, who in (("", "livia"), ("", "amedeo"), ("_disable", "livia"), ("_enable", "livia"), ("_reset", "livia")):
        sweep(reverse(f"identity:operator{name}", args=[User.objects.get(username=who).pk]))
    page.goto(reverse("identity:operator_new"))
    page.get_by_role("button", name="Crea").click()  # with nothing in it
    page.wait_for_load_state()
    sweep()
    for label, typed in (("Nome utente", "olga"), ("Nome", "Olga"), ("Cognome", "Blu")):
        page.get_by_label(label, exact=True).fill(typed)
    page.get_by_role("button", name="Crea").click()
    page.get_by_role("heading", name="Password provvisoria").wait_for()
    sweep()
    password = page.locator("dd").nth(1).inner_text()
    context.clear_cookies()
    page.goto(reverse("identity:staff_login"))
    page.get_by_label("Nome utente").fill("olga")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Continua").click()
    page.wait_for_url(re.compile("/attiva/"))
    sweep()
