"""The commands start for any user, in any folder, time zone and locale."""

import os
import subprocess
import sys

import pytest

from .test_settings import OURS, ROOT

PLACES = {
    "the last time zone, no locale": {"TZ": "Pacific/Kiritimati", "LC_ALL": "C"},
    "a Turkish terminal": {"TZ": "Europe/Istanbul", "LANG": "tr_TR.UTF-8"},
    "a terminal without accents": {
        "PYTHONIOENCODING": "ascii",
        "LC_ALL": "C",
        "TZ": "America/St_Johns",
    },
    "no home and no name": {"HOME": "", "USER": "", "LOGNAME": ""},
}


def run(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[bytes]:
    clean = {name: value for name, value in os.environ.items() if name not in {*OURS, "LC_ALL", "LANG", "TZ"}}
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={**clean, **environment},
        capture_output=True,
        check=False,
    )


@pytest.mark.processes
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_command_speaks_in_any_terminal(tmp_path, place):
    folder = tmp_path / "Cartella di Anna, è così"
    done = run({**place, "PORTAL_VAR": str(folder)}, "up", "--port", "ottomila")
    said = done.stderr.decode("utf-8", "replace")
    assert done.returncode == 1
    assert said.startswith("CommandError: La porta deve essere un numero da 1 a 65535, per esempio: make run PORT=8080")
    assert (folder / "secret_key").exists()
    helped = run({**place, "PORTAL_VAR": str(folder)}, "up", "--help")
    assert helped.returncode == 0, helped.stderr
    assert b"--queue-in-files" in helped.stdout


def test_the_recipes_call_python_and_not_the_scripts_of_the_environment():
    """A script's first line holds the path of its environment, which some systems cut at the first space."""
    scripts = [line for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines() if "$(BIN)/" in line]
    assert scripts
    assert [line for line in scripts if "$(BIN)/python" not in line] == []
