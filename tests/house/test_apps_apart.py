"""No app imports another app's pages, forms, addresses or tasks: what it needs of them is a verb or a model."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.texts import ROOT

APPS = (
    "portal.identity",
    "portal.outbox",
    "portal.journal",
    "portal.watch",
    "portal.demo",
    "pharmacies",
    "sessions",
    "portal",
)
OWN = ("views", "forms", "urls", "tasks")
PUT_TOGETHER = {"portal.urls", "portal.wsgi"}  # the addresses of the whole portal, and what gunicorn serves


def app_of(module: str) -> str:
    return next(app for app in APPS if module == app or module.startswith(f"{app}."))


def is_own(module: str) -> bool:
    """`sessions.tasks`, `sessions.gate.views`, `sessions.preferences.hours_forms`."""
    return module.rpartition(".")[2].rpartition("_")[2] in OWN


def modules() -> dict[str, Path]:
    paths = (path for top in ("portal", "pharmacies", "sessions") for path in (ROOT / top).rglob("*.py"))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def imports(source: str) -> Iterator[str]:
    """Every dotted name that the source imports, inside functions too; `from a import b` says `a` and `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}{name}" for name in ("", *(f".{alias.name}" for alias in node.names)))


def borrowed(module: str, source: str, known: set[str]) -> list[str]:
    if module in PUT_TOGETHER:
        return []
    return [
        f"{module} -> {name}"
        for name in imports(source)
        if name in known and is_own(name) and app_of(name) != app_of(module)
    ]


def test_no_app_imports_views_forms_urls_or_tasks_of_another():
    every = modules()
    assert len(every) > 400
    found = [
        line
        for module, path in every.items()
        for line in borrowed(module, path.read_text(encoding="utf-8"), set(every))
    ]
    assert found == []


def test_what_is_borrowed_is_found_wherever_it_is_imported():
    known = {"pharmacies.views", "sessions.tasks", "sessions.preferences.hours_forms", "pharmacies.access"}
    source = "from pharmacies import access, views\ndef later():\n    from sessions.tasks import x\nimport sessions.preferences.hours_forms\n"
    assert borrowed("portal.watch.facts", source, known) == [
        "portal.watch.facts -> pharmacies.views",
        "portal.watch.facts -> sessions.preferences.hours_forms",
        "portal.watch.facts -> sessions.tasks",
    ]
    assert borrowed("portal.urls", source, known) == []
