"""The staff's list refreshes itself, and pauses when it should; its sheets and bulk acts have no axe violation."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from pharmacies.models import MailCertification
from portal.identity.models import User
from tests.browser.harness import carry_session
from tests.browser.journey import code_of
from tests.conftest import sign_in_staff

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def desk(lived_in, page, context, live_server):
    """Carla's browser at the list; the test controls the page's clock."""
    carry_session(sign_in_staff(Client(), User.objects.get(username="carla")), context, live_server.url)
    page.clock.install()
    page.goto(reverse("staff:status"))
    return page


def is_refresh(response) -> bool:
    return response.request.headers.get("x-frammento") == "1"


def test_the_list_refreshes_itself_and_reads_out_only_counters_that_changed(desk):
    said = desk.locator("[data-said]")
    with desk.expect_response(is_refresh) as first:
        desk.clock.run_for(36_000)
    assert first.value.status == 200
    assert said.inner_text() == ""

    MailCertification.objects.current().get(pharmacy__code=code_of("Anna")).revoke(
        User.objects.get(username="carla"), timezone.now(), "prova"
    )
    before = desk.locator("[data-counter=attive]").inner_text()
    with desk.expect_response(is_refresh):
        desk.clock.run_for(36_000)
    expect(said).not_to_have_text("")  # polled from here: the page's CSP forbids a script given as text

    assert desk.locator("[data-counter=attive]").inner_text() == str(int(before) - 1)
    assert f"{int(before) - 1} attive" in said.inner_text()


def test_nothing_moves_under_the_focus_nor_while_it_is_paused(desk):
    link = desk.locator("#elenco table a").first
    link.focus()
    with desk.expect_response(is_refresh):
        desk.clock.run_for(36_000)
    assert desk.evaluate("document.activeElement.closest('#elenco') !== null")

    requests: list[str] = []
    desk.on("request", lambda request: requests.append(request.url))
    desk.get_by_role("button", name="Sospendi").click()
    desk.clock.run_for(150_000)

    assert requests == []
    assert desk.locator("[data-stale]").inner_text() == "Dati vecchi di 2 minuti"
    with desk.expect_response(is_refresh):
        desk.get_by_role("button", name="Riprendi").click()


def test_the_pages_of_a_bulk_act_and_of_a_search(lived_in, sweep, page, context, live_server):
    carry_session(sign_in_staff(Client(), User.objects.get(username="carla")), context, live_server.url)
    page.goto(f"{reverse('staff:bulk')}?stato=attive")
    page.get_by_role("button", name="Conta").click()  # without an act and a reason
    page.wait_for_load_state()
    sweep()
    page.get_by_label("Revoca gli ID").check()
    page.get_by_label("Motivo").fill("Prova di un incidente")
    page.get_by_role("button", name="Conta").click()
    page.get_by_role("button", name="Revoca").wait_for()
    sweep()
    field = page.get_by_label(re.compile("per confermare"))
    field.fill(re.search(r"Scrivi ([\d.]+)", page.locator("main").inner_text())[1])
    page.get_by_role("button", name="Revoca").click()
    page.wait_for_url(re.compile(r"/lavori/\d+/"))
    sweep()
    sweep(reverse("staff:jobs"))
    sweep(f"{reverse('staff:status')}?stato=tutte&certificazione=mai")
    sweep(f"{reverse('staff:status')}?cerca=nessuna-farmacia-si-chiama-cosi")
    field = page.get_by_label("Cerca una farmacia")
    field.evaluate("node => node.removeAttribute('maxlength')")  # as a person without such a browser
    field.fill("a" * 90)
    page.get_by_role("button", name="Filtra").click()
    page.wait_for_url(re.compile("/cerca/"))
    sweep()
