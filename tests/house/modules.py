"""Writes docs/modules.md, the index of every module: `make modules`. The index quotes the code, so it is never edited by hand."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "modules.md"
TOPS = ("portal", "pharmacies", "sessions", "tests/benchmarks", "tests/day", "tests/conformance", "deploy")
LEFT_OUT = {"migrations", "__pycache__", "static"}
WIDE = 150  # characters of names behind a sentence
DATA = (".txt", ".csv", ".tsv")
SHOWN_WHOLE = "portal/settings.py"
HEAD = """# Every module in one line

Written by `make modules` from the first sentence of each module and its public names. Words of the field: [glossary.md](glossary.md).
"""


def page() -> str:
    """The whole page."""
    lines = [HEAD]
    for folder, files in _folders():
        lines += [f"## {folder}/", "", *(_line(file) for file in files), ""]
    return "\n".join(lines)


def _folders() -> Iterator[tuple[str, list[Path]]]:
    for top in TOPS:
        for folder in sorted({file.parent for file in (ROOT / top).rglob("*") if _is_listed(file)}):
            yield str(folder.relative_to(ROOT)), sorted(file for file in folder.iterdir() if _is_listed(file))


def _is_listed(file: Path) -> bool:
    if LEFT_OUT & set(file.parts) or not file.is_file():
        return False
    if "deploy" in file.relative_to(ROOT).parts[:1]:
        return file.suffix in (".conf", ".py", ".yaml", ".yml", ".service", ".timer", ".target", ".sh")
    if file.suffix in DATA:
        return True
    is_code = file.suffix == ".py" and file.name not in ("__init__.py", "apps.py", "urls.py")
    return is_code and not file.name.startswith("test_")


def _line(file: Path) -> str:
    if file.suffix in DATA:
        return f"- `{_path(file)}`: rows of data"
    if file.suffix != ".py":
        return f"- `{_path(file)}`: {_first_comment(file)}"
    tree = ast.parse(file.read_text(encoding="utf-8"))
    sentence = (ast.get_docstring(tree) or _help(tree)).split("\n")[0]
    names = [name for name in _names(tree) if name != "Command"]
    shown = ""
    for name in names:
        if len(shown) + len(name) > WIDE and _path(file) != SHOWN_WHOLE:
            shown += " …"
            break
        shown += f" `{name}`"
    return f"- `{_path(file)}`: {sentence}{shown}"


def _path(file: Path) -> str:
    return str(file.relative_to(ROOT))


def _names(tree: ast.Module) -> Iterator[str]:
    """Public constants first, then classes and functions, in their order."""
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        yield from (
            name.id for name in targets if isinstance(name, ast.Name) and name.id.isupper() and name.id[0] != "_"
        )
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name


def _help(tree: ast.Module) -> str:
    """The help of a management command."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(
            isinstance(name, ast.Name) and name.id == "help" for name in node.targets
        ):
            return str(ast.literal_eval(node.value))
    return ""


def _first_comment(file: Path) -> str:
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return next((line.lstrip("# ") for line in lines if line.startswith("# ")), "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
