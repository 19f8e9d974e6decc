"""The pages of the ID-SESSIONE in Chromium, at every width, under the Content-Security-Policy."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from sessions.ids import issuing, revealing, using
from sessions.models import Context, IdSessione
from tests.browser.harness import WIDTHS, carry_session, faults

HOME = "/servizi/4512"


@pytest.fixture
def page(page: Page, context, live_server, anna_client) -> Page:
    """Anna's browser."""
    carry_session(anna_client, context, live_server.url)
    return page


@pytest.fixture
def ids(utenza, certified) -> list[IdSessione]:
    """An id in use that ends within the hour, an unused one, one of yesterday."""
    now, usual = timezone.now(), Context.objects.usual()
    issuing.issue(utenza, usual, now - timedelta(hours=40))
    in_use = issuing.issue(utenza, usual, now - timedelta(hours=15, minutes=20)).id_sessione
    using.use(in_use, now - timedelta(hours=15))
    return [in_use, issuing.issue(utenza, usual, now - timedelta(minutes=5)).id_sessione]


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("id-sessione/", "Gestione ID-SESSIONE"),
        ("id-sessione/richiedi/", "Vuoi un nuovo ID SESSIONE?"),
        ("id-sessione/{pk}/revoca/", "Vuoi revocare l’ID …"),
        ("avvisi/", "Avvisi e promemoria"),
        ("", "Servizi on line"),
    ],
)
def test_a_page_about_ids_is_accessible_at_every_width(page, ids, console_errors, path, heading):
    page.goto(f"{HOME}/{path.format(pk=ids[1].pk)}")
    expect(page.locator("h1")).to_contain_text(heading)
    for width in WIDTHS:
        assert faults(page, width) == []
    assert console_errors() == []


def test_without_a_certified_address_the_page_is_accessible_too(page, utenza, console_errors):
    page.goto(f"{HOME}/id-sessione/")
    expect(page.get_by_role("heading", name="Prima serve un indirizzo certificato")).to_be_visible()
    for width in WIDTHS:
        assert faults(page, width) == []
    assert console_errors() == []


def test_the_id_shown_in_groups_is_copied_as_36_characters(page, context, ids, console_errors):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    plain = revealing.reveal(ids[1], None, timezone.now())
    page.goto(f"{HOME}/id-sessione/")
    page.get_by_role("button", name=f"Mostra l’ID …{plain[-4:]}").click()
    expect(page.locator("h1")).to_have_text("Il tuo ID SESSIONE")
    for width in WIDTHS:
        assert faults(page, width) == []
    page.get_by_role("button", name="Copia").click()
    expect(page.get_by_text("Copiato")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == plain
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#id-sessione'))")
    page.keyboard.press("Control+C")
    assert page.evaluate("navigator.clipboard.readText()") == plain
    assert console_errors() == []
