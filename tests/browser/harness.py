"""The checks that browser tests run on every page: accessibility, console, width. Chromium itself is in conftest.py."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

WIDTHS = [1280, 390, 320]  # a desk, a phone, the 400 % zoom of WCAG 1.4.10
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe(page: Page) -> list[str]:
    """The violations found by axe-core, a line each: the rule and the elements."""
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in found]


def no_horizontal_scroll(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def faults(page: Page, width: int) -> list[str]:
    """All faults of the page at this width (CSS pixels), with every disclosure open."""
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    page.evaluate("document.fonts.ready.then(() => true)")  # a stand-in font is wider than ours
    wide = [] if no_horizontal_scroll(page) else [f"scrolls sideways at {width} px"]
    headings = page.locator("h1").count()
    return axe(page) + wide + ([] if headings == 1 else [f"{headings} h1"])


def carry_session(client, context: BrowserContext, url: str) -> None:
    """Gives the browser the portal session of a Django test client (`anna_client`, `carla_client`, ...)."""
    context.add_cookies([{"name": name, "value": morsel.value, "url": url} for name, morsel in client.cookies.items()])
