"""Real Chromium against the portal in this process: `pytest -m browser`.

`chromium` is one browser for the whole run (/usr/bin/chromium, or $CHROMIUM); `context` and `page` are new for every
test and go to `live_server`; `console_errors` is what the console complained about, Content-Security-Policy included.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright

from portal.demo.models import DemoLetter
from tests import emptying
from tests.browser.harness import WIDTHS, faults

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test of this folder as a browser test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium(django_db_setup) -> Iterator[Browser]:
    named = os.environ.get("CHROMIUM")
    path = Path(named or "/usr/bin/chromium")
    if not path.exists():
        if named:
            pytest.fail(f"CHROMIUM names {named}, which is not there")
        pytest.skip("no Chromium here: install it, or name it with CHROMIUM")
    # Playwright keeps an event loop in this thread: Django would refuse database access to the fixtures. Django also sees another
    # connection object from here on, which must restore the migrations' rows after each test as the first one did.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    rows = connections["default"]._test_serialized_contents
    with sync_playwright() as playwright:
        connection = connections["default"]
        connection._test_serialized_contents = rows
        emptying.quickly()
        # The browser keeps its connections open, so the server's threads may close the shared in-memory SQLite connection only
        # after the test that opened them. The sharing lasts as long as the browser.
        connection.inc_thread_sharing()
        browser = playwright.chromium.launch(executable_path=str(path), args=QUIET)
        yield browser
        browser.close()
        connection.dec_thread_sharing()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def context(chromium: Browser, live_server) -> Iterator[BrowserContext]:
    """A browser with no cookies; relative addresses go to the live server. A page that waits over 15 s is a failure."""
    context = chromium.new_context(
        base_url=live_server.url, locale="it-IT", timezone_id="Europe/Rome", viewport={"width": 1280, "height": 900}
    )
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def console_errors(context: BrowserContext) -> Callable[[], list[str]]:
    """Returns the complaints so far. A 403 or 404 response does not count as one; a stylesheet that fails to load does."""
    messages: list[ConsoleMessage] = []
    crashes: list[str] = []
    pages: set[str] = set()

    def note(response: Response) -> None:
        if response.request.is_navigation_request():
            pages.add(response.url)

    context.on("response", note)
    context.on("console", lambda message: messages.append(message) if message.type == "error" else None)
    context.on("weberror", lambda error: crashes.append(str(error.error)))
    return lambda: [message.text for message in messages if message.location["url"] not in pages] + crashes


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def lived_in(live_server, django_db_serialized_rollback) -> None:
    call_command("seed_demo", verbosity=0)
    DemoLetter.objects.create(
        received_at="2026-11-23T08:00Z", recipient="a@b.example", subject="Prova", raw=b"Subject: Prova\r\n\r\nCiao\r\n"
    )


@pytest.fixture
def sweep(page, console_errors):
    """Opens addresses (or the page that is open) at the three widths, and reports all faults at the end."""
    found: list[str] = []

    def look(*addresses: str) -> None:
        for address in addresses or [""]:
            if address:
                response = page.goto(address)
                assert response.status == 200, f"{response.status} {address}"
            found.extend(f"{page.url} at {width}: {fault}" for width in WIDTHS for fault in faults(page, width))
            page.set_viewport_size({"width": WIDTHS[0], "height": 900})  # the rest of the test runs at desktop width

    yield look
    assert found == []
    assert console_errors() == []
