"""The semaforo: made by a titolare, open on a screen without a session and without JavaScript, at every width."""

import re

import pytest

from tests.browser.harness import WIDTHS, axe, no_horizontal_scroll
from tests.browser.journey import code_of, enter

pytestmark = pytest.mark.timeout(400)
# The lights must renew themselves without JavaScript: nothing is lost, because nobody can type or scroll there.
REFRESHES = "meta-refresh"


def test_the_semaforo_from_its_page_to_the_screen(lived_in, live_server, sweep, page, chromium, tmp_path):
    enter(page, "Anna Rossi")
    page.wait_for_url(re.compile("/servizi/"))
    place = f"/servizi/{code_of('Anna')}/avvisi/semaforo/"
    page.goto(place)
    sweep()
    page.get_by_role("button", name="Crea l’indirizzo").click()
    page.wait_for_url(re.compile("/indirizzo/"))
    address = re.search(r"/semaforo/[\w-]+/", page.locator("#semaforo").inner_text())[0]
    sweep()
    sweep(page.url, place)
    for scripts in (False, True):  # axe-core needs them, the page does not
        browser = chromium.new_context(java_script_enabled=scripts)
        screen = browser.new_page()
        for path, words in ((address, "ID SESSIONE alle"), (address[:-9] + "AAAAAAAA/", "Questo semaforo è spento")):
            screen.goto(f"{live_server.url}{path}")
            assert words in screen.locator("main").inner_text()
            for width in WIDTHS if scripts else []:
                screen.set_viewport_size({"width": width, "height": 900})
                assert [fault for fault in axe(screen) if not fault.startswith(REFRESHES)] == []
                assert no_horizontal_scroll(screen)
        assert browser.cookies() == []
        browser.close()
