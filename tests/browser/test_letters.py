"""Every letter on a phone of 320 px and in a preview of 600 px: nothing is wider than the screen."""

import pytest

from portal.demo.gallery.letters import gallery_letters
from portal.demo.gallery.page import WIDTHS, letter_view
from tests.browser.harness import no_horizontal_scroll

pytestmark = pytest.mark.timeout(300)


def test_no_letter_is_wider_than_the_screen(db, chromium):
    views = [letter_view(letter) for letter in gallery_letters()]
    page = chromium.new_page()
    wide = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for view in views:
            page.set_content(view.html)
            if not no_horizontal_scroll(page):
                wide.append(f"{view.name} at {width} px")
    page.close()
    assert wide == []
