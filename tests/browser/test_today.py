"""From sign-in to the code of today: one click and «Copia», on a desk and on a phone, with and without JavaScript."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from sessions.ids import issuing, using
from sessions.models import Context, IdSessione
from tests.browser.harness import WIDTHS, carry_session, faults
from tests.browser.journey import UUID, enter
from tests.conftest import make_pharmacy, make_titolare
from tests.sessions.conftest import make_utenza

PHONE = {"width": 390, "height": 844}
HOME = "/servizi/4512/"


class Clicks:
    """Presses buttons of the page and counts them."""

    def __init__(self, page: Page) -> None:
        self.page, self.number = page, 0

    def press(self, button: Locator) -> None:
        button.click()
        self.number += 1


@pytest.fixture
def two_kinds(utenza, certified) -> list[issuing.Issued]:
    """An SSN id in use and a white one not used yet, of this morning."""
    now = timezone.now() - timedelta(minutes=20)
    ssn = issuing.issue(utenza, Context.objects.usual(), now)
    using.use(ssn.id_sessione, now)
    return [ssn, issuing.issue(utenza, Context.objects.get(contesto="RICETTA-BIANCA"), now)]


@pytest.fixture
def two_utenze(two_kinds, utenza) -> list[issuing.Issued]:
    """The same, and a second utenza whose userId sorts first."""
    now, second = timezone.now() - timedelta(minutes=20), make_utenza("UAAA0001", utenza.pharmacy)
    return [*two_kinds, issuing.issue(second, Context.objects.get(contesto="RICETTA-BIANCA"), now)]


@pytest.fixture
def at_home(page: Page, context, live_server, anna_client) -> Page:
    """Anna's browser on the page that follows the login."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    carry_session(anna_client, context, live_server.url)
    return page


def plain_text(page: Page, where: str = "main") -> str:
    return re.sub(r"\s", "", page.locator(where).inner_text())


def button_of(page: Page, verb: str, issued: issuing.Issued) -> Locator:
    return page.get_by_role("button", name=re.compile(f"^{verb} l’ID …{issued.id_sessione.last4}"))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("which", [0, 1])
def test_one_click_and_copy_with_one_utenza(at_home, two_kinds, console_errors, width, which):
    at_home.set_viewport_size({"width": width, "height": 844})
    at_home.goto("/servizi/")
    clicks = Clicks(at_home)
    clicks.press(button_of(at_home, "Mostra", two_kinds[which]))
    assert clicks.number == 1
    at_home.get_by_role("button", name="Copia").click()
    expect(at_home.get_by_text("Copiato")).to_be_visible()
    assert at_home.evaluate("navigator.clipboard.readText()") == two_kinds[which].plain
    assert console_errors() == []


@pytest.mark.parametrize("which", [0, 1, 2])
def test_one_click_and_copy_with_several_utenze(at_home, two_utenze, which):
    at_home.goto("/servizi/")
    clicks = Clicks(at_home)
    clicks.press(button_of(at_home, "Mostra", two_utenze[which]))
    assert clicks.number == 1
    at_home.get_by_role("button", name="Copia").click()
    assert at_home.evaluate("navigator.clipboard.readText()") == two_utenze[which].plain


def test_copy_on_the_card_copies_without_leaving_the_page(at_home, two_kinds, console_errors):
    at_home.goto(HOME)
    button_of(at_home, "Copia", two_kinds[1]).click()
    expect(at_home.get_by_text("Copiato")).to_be_visible()
    assert at_home.evaluate("navigator.clipboard.readText()") == two_kinds[1].plain
    assert two_kinds[1].plain not in plain_text(at_home)
    assert console_errors() == []


@pytest.mark.parametrize("width", WIDTHS)
def test_when_there_is_none_yet_one_click_makes_both_and_shows_them(at_home, utenza, certified, console_errors, width):
    at_home.set_viewport_size({"width": width, "height": 844})
    at_home.goto("/servizi/")
    clicks = Clicks(at_home)
    clicks.press(at_home.get_by_role("button", name="Richiedi gli ID di oggi"))
    assert clicks.number == 1
    expect(at_home.get_by_role("status").first).to_contain_text("2 ID pronti: ricetta SSN e ricetta bianca")
    assert IdSessione.objects.count() == 2
    for kind in ("ricetta SSN", "ricetta bianca"):
        at_home.get_by_role("button", name=re.compile(f"^Copia l’ID ….*, {kind}")).click()
        expect(at_home.get_by_text("Copiato").first).to_be_visible()
        assert re.fullmatch(UUID, at_home.evaluate("navigator.clipboard.readText()"))
    assert console_errors() == []


@pytest.mark.parametrize("width", WIDTHS)
def test_without_javascript_the_code_is_one_click_away_and_selectable(
    chromium, live_server, anna_client, two_kinds, width
):
    context = chromium.new_context(
        base_url=live_server.url, java_script_enabled=False, viewport={"width": width, "height": 844}
    )
    carry_session(anna_client, context, live_server.url)
    page = context.new_page()
    page.goto("/servizi/")
    assert not page.get_by_role("button", name="Copia").count()
    button_of(page, "Mostra", two_kinds[0]).click()
    assert plain_text(page, "#id-sessione") == two_kinds[0].plain
    page.goto(HOME)
    expect(page.get_by_role("link", name="Aggiorna", exact=True)).to_be_visible()
    context.close()


def test_on_a_phone_both_kinds_and_the_code_stand_on_the_first_screen(at_home, two_kinds):
    at_home.set_viewport_size(PHONE)
    at_home.goto("/servizi/")
    for issued in two_kinds:
        box = button_of(at_home, "Mostra", issued).bounding_box()
        assert box["y"] + box["height"] <= PHONE["height"]
    button_of(at_home, "Mostra", two_kinds[1]).click()
    for element in (at_home.locator("#id-sessione"), at_home.get_by_role("button", name="Copia")):
        box = element.bounding_box()
        assert box["y"] + box["height"] <= PHONE["height"]


def test_the_newest_is_the_first_that_a_phone_shows(at_home, two_kinds, utenza):
    newest = issuing.issue(utenza, Context.objects.usual(), timezone.now())
    at_home.set_viewport_size(PHONE)
    at_home.goto("/servizi/4512/id-sessione/")
    first = at_home.get_by_role("button", name=re.compile("^Mostra")).first
    assert newest.id_sessione.last4 in first.inner_text()
    assert first.bounding_box()["y"] < PHONE["height"]


def test_the_page_refreshes_itself_while_a_letter_is_on_its_way(at_home, two_kinds):
    at_home.goto(HOME)
    expect(at_home.locator("main")).to_contain_text("è in partenza")
    for issued in two_kinds:
        issued.id_sessione.letter.accept(timezone.now(), "250 OK")
    expect(at_home.locator("main")).not_to_contain_text("è in partenza", timeout=12_000)
    button_of(at_home, "Copia", two_kinds[0]).click()
    expect(at_home.get_by_text("Copiato")).to_be_visible()


def test_after_the_login_the_person_lands_where_they_were_going(page, anna, utenza, certified, carla):
    page.goto("/servizi/4512/avvisi/")
    page.get_by_role("button", name="Entra con SPID").click()
    page.get_by_role("radio", name="Anna Rossi,").check()
    page.get_by_role("button", name="Conferma").click()
    page.get_by_role("button", name="Torna al portale").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Avvisi e promemoria")
    page.context.clear_cookies()
    enter(page, "Anna Rossi")
    expect(page.get_by_role("button", name="Richiedi gli ID di oggi")).to_be_visible()


def test_the_pages_are_accessible(at_home, two_utenze, anna, utenza, console_errors):
    issuing.issue(utenza, Context.objects.usual(), timezone.now())
    make_utenza("UZZZ0001", utenza.pharmacy)
    for address in (HOME, "/servizi/4512/id-sessione/"):
        at_home.goto(address)
        assert [f"{at_home.url}: {fault}" for width in WIDTHS for fault in faults(at_home, width)] == []
    at_home.goto(HOME)
    button_of(at_home, "Mostra", two_utenze[0]).click()
    assert [f"{at_home.url}: {fault}" for width in WIDTHS for fault in faults(at_home, width)] == []
    make_titolare(anna, make_pharmacy("0001", "Alfa"))
    at_home.goto("/servizi/")
    assert [f"{at_home.url}: {fault}" for width in WIDTHS for fault in faults(at_home, width)] == []
    assert console_errors() == []
