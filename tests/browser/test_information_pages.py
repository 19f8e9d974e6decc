"""Pages of text and pages of errors, in Chromium, at every width, under the Content-Security-Policy."""

import pytest
from playwright.sync_api import Page, expect

from portal.information import INFORMATION
from tests.browser.harness import WIDTHS, carry_session, faults


def submit(page: Page, fields: int) -> None:
    """Posts a form with that many fields and no CSRF token."""
    with page.expect_navigation():
        page.evaluate(
            """(fields) => {
                const form = document.createElement("form");
                form.method = "post";
                for (let n = 0; n < fields; n++) {
                    const input = document.createElement("input");
                    input.name = `campo${n}`;
                    form.append(input);
                }
                document.body.append(form);
                form.submit();
            }""",
            fields,
        )


@pytest.mark.parametrize("slug", INFORMATION)
def test_a_page_of_information_is_accessible_at_every_width(page, console_errors, slug):
    page.goto(f"/informazioni/{slug}/")
    expect(page.locator("h1")).to_have_text(INFORMATION[slug].title)
    for width in WIDTHS:
        assert faults(page, width) == []
    assert console_errors() == []


@pytest.mark.urls("tests.web.crashing_urls")
@pytest.mark.parametrize(
    ("path", "heading"), [("/nulla/", "Pagina non trovata"), ("/rotto/", "Qualcosa non ha funzionato")]
)
def test_a_page_that_is_not_there_or_crashes_is_accessible_at_every_width(page, console_errors, path, heading):
    page.goto(path)
    expect(page.locator("h1")).to_have_text(heading)
    for width in WIDTHS:
        assert faults(page, width) == []
    assert console_errors() == []


@pytest.mark.parametrize(
    ("fields", "heading"), [(1, "Il modulo non è più valido"), (1001, "Non abbiamo capito la richiesta")]
)
def test_a_form_that_is_refused_is_accessible_at_every_width(
    page, context, live_server, console_errors, fields, heading
):
    # with a cookie Django parses the fields to find the token, and there refuses too many of them
    context.add_cookies([{"name": "csrftoken", "value": "a" * 32, "url": live_server.url}])
    page.goto("/informazioni/assistenza/")
    submit(page, fields)
    expect(page.locator("h1")).to_have_text(heading)
    for width in WIDTHS:
        assert faults(page, width) == []
    assert console_errors() == []


def test_a_forbidden_page_is_accessible_at_every_width(page, context, live_server, console_errors, dario_client):
    carry_session(dario_client, context, live_server.url)
    page.goto("/operatori/stato-sessioni/")
    expect(page.locator("h1")).to_have_text("Non puoi aprire questa pagina")
    for width in WIDTHS:
        assert faults(page, width) == []
    assert console_errors() == []


def test_the_keyboard_finds_the_way_to_the_content_first(page):
    page.goto("/informazioni/assistenza/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Vai al contenuto")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contenuto"


def test_fonts_icons_and_style_come_from_this_site_only(page, live_server):
    requested = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto("/informazioni/assistenza/", wait_until="networkidle")
    assert any("titillium" in url for url in requested)
    assert [url for url in requested if not url.startswith((live_server.url, "data:"))] == []
