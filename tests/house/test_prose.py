"""Prose is read once, and a name stands for one thing (CONTRIBUTING.md)."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import pytest

from tests.house.texts import CODE, ROOT, texts

READ_TWICE = {
    "begins": re.compile(
        r"""(?:^|[.!?:]\s+|^\s*(?:"{3}|\#|[-*|]|\d+\.)\s*)(?:Who|What|Those|Whoever)\b""", re.MULTILINE
    ),
    "says": re.compile(r"\bfor who\b|\bof those that\b|\bthe one that\b|\bwhat of it\b", re.IGNORECASE),
}
SAY_NOTHING = {"told", "asked", "mine", "theirs", "each"}
NAMED_BY_TEMPLATE = re.compile(r"{%\s*(?:for ([\w, ]+) in\b|with (\w+)=)|\bas (\w+)\s*%}")
MAY_REPEAT = {"Meta", "Command", "Migration", "Config"}


@cache
def modules() -> dict[str, ast.Module]:
    """The tree of each module by its path. Migrations are left out: they are a record."""
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
        for folder in CODE
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts
    }


def spoken_twice(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """The line of each match. A rule that quotes the words it forbids puts them in «», quotation marks or backquotes."""
    for match in pattern.finditer(text):
        begin = text.rfind("\n", 0, match.end() - 1) + 1
        line = text[begin : (text + "\n").index("\n", match.end())].strip()
        if not re.search(r"[«\"`]" + re.escape(match[0].split()[-1]), line.removeprefix('"""')):
            yield line


def sentences() -> Iterator[str]:
    for path, text in texts().items():
        if path.startswith((*(f"{folder}/" for folder in CODE), "docs/")):
            for pattern in READ_TWICE.values():
                yield from (f"{path}: {line}" for line in spoken_twice(pattern, text))


def repeated_classes() -> Iterator[str]:
    places: defaultdict[str, set[str]] = defaultdict(set)
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name not in MAY_REPEAT:
                places[node.name].add(path)
    for name, paths in places.items():
        if len(paths) > 1:
            yield f"{name}: {', '.join(sorted(paths))}"


def bound(tree: ast.Module) -> Iterator[str]:
    """The names that a module gives to values: variables, parameters, attributes, functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name


def bound_by_template(text: str) -> Iterator[str]:
    """The names that a template gives to values."""
    for groups in NAMED_BY_TEMPLATE.findall(text):
        yield from re.findall(r"\w+", " ".join(groups))


def templates() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*.*")}


def says_nothing(name: str) -> bool:
    return name.strip("_").lower() in SAY_NOTHING


def empty_names() -> Iterator[str]:
    named = {path: set(bound(tree)) for path, tree in modules().items()}
    named |= {path: set(bound_by_template(text)) for path, text in templates().items()}
    for path, names in named.items():
        yield from (f"{name}: {path}" for name in sorted(filter(says_nothing, names)))


RULES = {"sentence": sentences, "class": repeated_classes, "name": empty_names}


@pytest.mark.parametrize("kind", RULES)
def test_nothing_has_to_be_read_twice(kind) -> None:
    assert sorted(RULES[kind]()) == []


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ('"""Who asks waits."""', 1),
        ("# The caller waits. What it sends is kept.", 1),
        ("a letter, the one that left", 1),
        ("The caller waits for the one reply.", 0),
        ("no sentence starts with «Who»", 0),
        ("Whole files only. Whatever comes", 0),
    ],
)
def test_the_rule_sees_a_sentence_that_is_read_twice(text, faults) -> None:
    assert sum(len(list(spoken_twice(pattern, text))) for pattern in READ_TWICE.values()) == faults


def test_the_rule_sees_the_names_of_values() -> None:
    tree = ast.parse("def mine(asked):\n    told = asked\n    self.theirs = told\n    each = 1\n")
    assert set(bound(tree)) == SAY_NOTHING
    template = (
        "{% for mine, each in rows %}{% with told=each.x %}{{ asked }}{% url 'x' as theirs %}{% endwith %}{% endfor %}"
    )
    assert set(bound_by_template(template)) == SAY_NOTHING - {"asked"}
