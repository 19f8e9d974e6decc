"""The map of the README shows every folder that holds code, and no folder that is not there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOPS = ("portal", "pharmacies", "sessions", "tests", "docs", "deploy")
OF_DJANGO = {"migrations", "management", "commands", "templatetags"}
FOLDERS = re.compile(r"(?P<indent> *)(?P<names>(?:[\w/]+/ +)+)")


def in_the_map(readme: str) -> set[str]:
    """`sessions/staff/desk`: the folders at the start of each line, under the folder that is less indented."""
    lines = readme.split("## Map", 1)[1].split("```")[1].splitlines()
    above: dict[int, str] = {}
    found = set()
    for line in lines:
        match = FOLDERS.match(line)
        if match is None:
            continue
        depth = len(match["indent"])
        parent = next((above[level] + "/" for level in sorted(above, reverse=True) if level < depth), "")
        names = [name.rstrip("/") for name in match["names"].split()]
        above = {level: path for level, path in above.items() if level < depth} | {depth: parent + names[0]}
        found |= {parent + name for name in names}
    return found


def in_the_tree() -> set[str]:
    """Folders with code, or of docs and deploy; those of tests that mirror a folder of the code need no line."""
    found = set()
    for top in TOPS:
        folders = [ROOT / top, *(path for path in (ROOT / top).rglob("*") if path.is_dir())]
        for folder in folders:
            path = folder.relative_to(ROOT)
            files = [file for file in folder.iterdir() if file.is_file()]
            has_code = any(file.suffix == ".py" for file in files)
            if OF_DJANGO & set(path.parts) or "__pycache__" in path.parts:
                continue
            if has_code or (top in ("docs", "deploy") and files):
                found.add(str(path))
    return {path for path in found if not mirrors(path)}


def mirrors(path: str) -> bool:
    top, _, code = path.partition("/")
    return top == "tests" and code != "" and any((ROOT / base / code).is_dir() for base in (".", "portal"))


def test_every_folder_with_code_is_in_the_map():
    assert sorted(in_the_tree() - in_the_map((ROOT / "README.md").read_text(encoding="utf-8"))) == []


def test_every_folder_of_the_map_is_in_the_tree():
    mapped = in_the_map((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(mapped) > 50
    assert sorted(path for path in mapped if not (ROOT / path).is_dir()) == []


def test_how_the_map_is_read():
    readme = "## Map\n```\na/    text b/ text\n  c/ d/e/   text\n    f/    text\n  g.py  text\nh/   text\n```\n"
    assert in_the_map(readme) == {"a", "a/c", "a/d/e", "a/c/f", "h"}
