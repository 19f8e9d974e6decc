"""Scripts inside strings import what exists: no tool that moves a module sees them, and few tests run them."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module

from tests.house.texts import CODE, ROOT

IMPORT = re.compile(rf"^\s*from ((?:{'|'.join(CODE)})(?:\.\w+)*) import ([\w, ]+)$", re.MULTILINE)


def imports_in(text: str) -> Iterator[tuple[str, str]]:
    """The (module, name) pairs that a script imports from this repository."""
    for module, names in IMPORT.findall(text):
        yield from ((module, name.split(" as ")[0].strip()) for name in names.split(",") if name.strip())


def resolves(module: str, name: str) -> bool:
    try:
        if hasattr(import_module(module), name):
            return True
        import_module(f"{module}.{name}")
    except ModuleNotFoundError:
        return False
    return True


def test_a_script_in_a_string_imports_what_exists() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}: from {module} import {name}"
        for folder in CODE
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "house" not in path.parts
        for module, name in imports_in(node.value)
        if not resolves(module, name)
    ]
    assert wrong == []


def test_the_rule_sees_a_module_that_moved() -> None:
    script = "import os\nfrom sessions.ids import issuing, nowhere\n"
    assert [name for module, name in imports_in(script) if not resolves(module, name)] == ["nowhere"]
