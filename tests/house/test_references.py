"""Documents, sections, paths and modules that a text of the repository names exist in the repository."""

import re
from fnmatch import fnmatch
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.apps import apps

from tests.house.texts import ROOT, files, matches, spoken

PAGE = r"(?P<page>(?:docs/)?(?:[\w-]+/)*[\w-]+\.md)"
NUMBERS = r"(?P<numbers>\d+(?:(?:\s+to\s+|\s*[-–]\s*|,\s*|\s+and\s+)\d+)*)"
A_PAGE = re.compile(r"(?<![\w/.*-])" + PAGE + r"(?!\w)")
A_SECTION = re.compile(PAGE + r"\)?,\s+sections?\s+" + NUMBERS)
A_RULE = re.compile(PAGE + r"\)?,\s+rules?\s+" + NUMBERS)
A_TITLE = re.compile(PAGE + r"\)?,\s+[\"«](?P<title>[^\"»\n]+)[\"»]")
A_PATH = re.compile(
    r"(?<![\w/.~-])(?:docs|tests|deploy|portal|pharmacies|sessions|templates|requirements|\.ci)/[\w./*-]*\w"
)
A_MODULE_FILE = re.compile(r"(?<![\w/.*-])[a-z_][\w*]*\.py\b")
A_DOTTED = re.compile(
    r"(?<![\w./@«-])(?:portal|pharmacies|sessions|tests)(?!\.conf\b|\.[EW]\d|[\w.]*\.NAME\b)(?:\.[A-Za-z_]\w*)+"
)
A_LINK = re.compile(r"\]\((?P<target>[^)#:\s]+)(?:#[^)]*)?\)")
ABSENT = re.compile(
    r"A2F contract|[Dd]esign note|\.\./shared|\b(?:DESIGN|HOUSE|DOMAIN|IDENTITY|STYLE|UX|PEERS|SAR|A2F)\.md\b|(?<!\.md, )\b[Rr]ule [1-9]\b"
)
WRITTEN_BY_A_RUN = {"day.md"}
NAMED_AS_FORBIDDEN = {"services.py", "utils.py", "helpers.py"}


def page_of(named: str) -> Path | None:
    """The page of this name, from the root or from docs/."""
    return next((ROOT / path for path in (named, f"docs/{named}") if path in files()), None)


def titles(page: Path) -> list[str]:
    """Headings, and the bold words that begin a paragraph."""
    found = re.findall(r"^(?:#+ +(.+?) *|\*\*([^*]+?)\.?\*\*.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [heading or bold for heading, bold in found]


def numbered(numbers: str) -> set[int]:
    """`1-3 and 7` is 1, 2, 3, 7."""
    found: set[int] = set()
    for first, last in re.findall(r"(\d+)(?:(?:\s+to\s+|\s*[-–]\s*)(\d+))?", numbers):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def is_there(match: re.Match[str]) -> bool:
    """A path, a pattern of paths, or the prefix that `{a,b}` or `<name>` completes; NAME stands for any name."""
    named = match[0].replace("NAME", "*").rstrip("./")
    if match.string[match.end() :].lstrip(".")[:1] in ("{", "<", "*", "@") or named.endswith("_"):
        named += "*"
    return named in files() or any(fnmatch(path, named) for path in files() if "*" in named)


def is_module_or_in_one(dotted: str) -> bool:
    """A module, an attribute of a module at any depth, or a model by its label."""
    if dotted in {model._meta.label_lower for model in apps.get_models()}:
        return True
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        try:
            if find_spec(name) is None:
                continue
        except ModuleNotFoundError:
            continue
        found = import_module(name)
        for part in parts[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def test_every_page_that_is_named_is_there() -> None:
    assert [
        f"{place} {m['page']}"
        for place, m in matches(A_PAGE)
        if not (page_of(m["page"]) or is_beside(place, m["page"]) or m["page"] in WRITTEN_BY_A_RUN)
    ] == []


def is_beside(place: str, named: str) -> bool:
    """Whether the page lies in the folder of the text that names it."""
    return str(Path(place.partition(":")[0]).parent / named) in files()


@pytest.mark.parametrize(
    ("pattern", "line"), [(A_SECTION, r"^#+ {}\. "), (A_RULE, r"^(?:#+ )?\**{}\.")], ids=["section", "rule"]
)
def test_every_section_and_rule_that_is_named_is_there(pattern, line) -> None:
    missing = []
    for place, match in matches(pattern):
        text = page.read_text(encoding="utf-8") if (page := page_of(match["page"])) else ""
        gone = [n for n in numbered(match["numbers"]) if not re.search(line.format(n), text, re.MULTILINE)]
        missing += [f"{place} {match['page']} {n}" for n in gone]
    assert missing == []


def test_every_title_that_is_named_is_there() -> None:
    named = [(place, m, page_of(m["page"])) for place, m in matches(A_TITLE)]
    assert [f"{place} {m['title']}" for place, m, page in named if page is None or m["title"] not in titles(page)] == []


def test_every_path_that_is_named_is_there() -> None:
    assert [f"{place} {m[0]}" for place, m in matches(A_PATH) if not is_there(m)] == []


def test_every_file_of_code_that_is_named_is_there() -> None:
    names = {Path(path).name for path in files()}
    named = [(place, m[0]) for place, m in matches(A_MODULE_FILE) if m[0] not in NAMED_AS_FORBIDDEN]
    assert [f"{place} {name}" for place, name in named if not any(fnmatch(pattern, name) for pattern in names)] == []


def test_every_module_that_is_named_is_there() -> None:
    assert sorted({f"{place} {m[0]}" for place, m in matches(A_DOTTED) if not is_module_or_in_one(m[0])}) == []


def test_every_link_of_a_page_leads_to_a_file() -> None:
    links = [(place, m["target"]) for place, m in matches(A_LINK) if ".md:" in place]
    assert [f"{place} {target}" for place, target in links if not (ROOT / Path(place).parent / target).exists()] == []


def test_nothing_is_named_that_the_repository_does_not_hold() -> None:
    own_folder = "tests/house/"
    assert [f"{place} {m[0]}" for place, m in matches(ABSENT) if not place.startswith(own_folder)] == []


def test_the_rule_sees_what_is_not_there(tmp_path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        '"""See docs/nowhere.md, sections 1 to 3."""\nname = "docs/data.md"  # as sessions.nowhere\n', encoding="utf-8"
    )
    text = spoken(module)
    assert [m["page"] for m in A_PAGE.finditer(text)] == ["docs/nowhere.md"]
    assert numbered(A_SECTION.search(text)["numbers"]) == {1, 2, 3}
    assert [is_module_or_in_one(m[0]) for m in A_DOTTED.finditer(text)] == [False]
    assert is_module_or_in_one("tests.house.texts.spoken")
    assert not is_module_or_in_one("tests.house.texts.written")
