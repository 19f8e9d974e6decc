"""The index of the modules is what `make modules` writes, and each line says something."""

import re

from tests.house.modules import PAGE, page


def test_the_index_of_the_modules_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make modules"


def test_every_module_says_what_it_does():
    """A line without a sentence has names only, or nothing."""
    lines = [line.partition(": ")[2] for line in page().splitlines() if line.startswith("- ")]
    assert [line for line in lines if not re.search(r"[a-z]{2,} [a-z(`]+", line)] == []
