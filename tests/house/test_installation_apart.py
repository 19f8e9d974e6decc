"""The test of an installation uses commands, HTTP and SMTP alone: it imports nothing of the portal."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = {"portal", "pharmacies", "sessions"}
SHARED = {"tests.installation", "tests.outbox.sink"}  # the SMTP server on loopback imports nothing of the portal either


def imported(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(f"{'.' * node.level}{node.module or ''}")
    return found


def test_no_module_of_the_installation_imports_the_portal():
    modules = [*(ROOT / "tests" / "installation").glob("*.py"), ROOT / "tests" / "outbox" / "sink.py"]
    assert len(modules) > 4
    for file in modules:
        for name in imported(file):
            assert name.split(".")[0] not in OURS, (file.name, name)
            assert not name.startswith("."), (file.name, name)
            if name.startswith("tests"):
                assert any(name.startswith(allowed) for allowed in SHARED), (file.name, name)
