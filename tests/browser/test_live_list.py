"""The staff's list refreshes itself, and stands still when it should."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pharmacies.models import MailCertification
from portal.identity.models import User
from tests.browser.harness import carry_session
from tests.browser.journey import code_of
from tests.conftest import sign_in_staff

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def desk(lived_in, page, context, live_server):
    """Carla at the list, with the clock of the page in our hands."""
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
    desk.wait_for_function("document.querySelector('[data-said]').textContent !== ''")

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
