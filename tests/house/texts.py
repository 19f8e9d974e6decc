"""The prose of the repository: comments, docstrings, pages of documentation, configuration."""

import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("portal", "pharmacies", "sessions", "tests")
OTHER = (
    "*.md",
    "*.toml",
    "Makefile",
    ".ci/*",
    "docs/**/*.md",
    "deploy/**/*",
    "tests/**/*.md",
    "requirements/*.sh",
    "portal/**/*.xsd",
)
NOT_OURS = ("bi", "schemas", "__pycache__")  # folders of third-party files, and of the interpreter


@cache
def files() -> frozenset[str]:
    """Every path of the repository relative to its root, folders too, without the environment and files written by runs."""
    found: set[str] = set()
    for top in ROOT.iterdir():
        if top.name in ("var", ".git", "staticfiles") or top.name.startswith(
            (".venv", ".mypy", ".ruff", ".pytest", ".hyp")
        ):
            continue
        found |= {str(path.relative_to(ROOT)) for path in (top, *top.rglob("*")) if path.suffix != ".pyc"}
    return frozenset(found)


def spoken(path: Path) -> str:
    """Comments and docstrings of a module; all other lines are blank."""
    lines = [""] * (len(path.read_text(encoding="utf-8").splitlines()) + 1)
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            is_prose = token.type == tokenize.COMMENT or (
                token.type == tokenize.STRING and token.string.startswith('"""')
            )
            for number, line in enumerate(token.string.splitlines() if is_prose else [], token.start[0] - 1):
                lines[number] += line
    return "\n".join(lines)


@cache
def texts() -> dict[str, str]:
    """The text of each file by its path. Migrations are left out: they are a record."""
    found = {
        path: spoken(path)
        for folder in CODE
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts
    }
    for pattern in OTHER:
        found |= {
            path: path.read_text(encoding="utf-8")
            for path in ROOT.glob(pattern)
            if path.is_file() and not set(path.parts) & set(NOT_OURS)
        }
    return {str(path.relative_to(ROOT)): text for path, text in found.items()}


def matches(pattern) -> Iterator[tuple[str, object]]:
    """(`path:line`, match) of every match in every text."""
    for path, text in texts().items():
        for match in pattern.finditer(text):
            yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}", match
