"""A test environment for software houses, as an administration runs it: only an operator lets time pass, and the whole day follows."""

import base64
import os
import pty
import re
import sys
from datetime import date, timedelta

import pytest
from django_otp.oath import totp

from tests.installation.conftest import ROOT, Installation, until
from tests.installation.gestionale import ForeignGestionale
from tests.installation.test_from_nothing import ADDRESS, CODES, OFFICES, PASSWORD, PINCODE, REGISTER, UTENZE, letter

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

WORDS = "quattro parole scelte a caso"
BAND = "Ambiente di collaudo"
CERTIFIED = "cod_farmacia;indirizzo;dal\n4512;{address};{day:%d/%m/%Y}\n"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def at_a_terminal(portal: Installation, *argv: str, lines: list[str]) -> str:
    """Runs a command that asks for passwords at a terminal; returns what it printed."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execve(sys.executable, [sys.executable, "manage.py", *argv], portal.environment)  # noqa: S606
    said = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux: the child closed its side
            break
        if not piece:
            break
        said += piece
        if piece.rstrip().endswith(b":") and lines:
            os.write(terminal, lines.pop(0).encode() + b"\n")
    os.close(terminal)
    assert os.waitpid(child, 0)[1] == 0, said.decode()
    return said.decode()


@pytest.fixture
def collaudo(installation: Installation) -> Installation:
    """A test environment with one pharmacy, its certified address and utenza, and an operator for all of Italy."""
    portal, folder = installation, installation.folder
    portal.environment |= {"PORTAL_MODE": "test", "IDENTITY_PROVIDERS": "portal.demo.identity.StubSpid"}
    portal.manage("migrate", "--verbosity", "0")
    portal.manage("collectstatic", "--noinput", "--verbosity", "0")
    certified = CERTIFIED.format(address=ADDRESS, day=date.today() - timedelta(days=30))  # noqa: DTZ011
    files = {
        "import_pharmacies": ("FRM_FARMA_5_20261130.csv", REGISTER),
        "import_offices": ("offices.csv", OFFICES.format(end="")),
        "import_utenze": ("utenze.csv", UTENZE),
        "import_certified": ("certified.csv", certified),
    }
    for command, (name, content) in files.items():
        (folder / name).write_text(content, encoding="utf-8")
        portal.manage(command, str(folder / name))
    portal.manage("a2f_certificate", "new")
    return portal


def test_an_operator_lets_a_day_pass_and_every_process_follows(collaudo: Installation) -> None:
    portal = collaudo
    said = at_a_terminal(
        portal, "create_staff", "olga", "--given-name", "Olga", "--family-name", "Serra", "--territory", "tutta-italia",
        "--role", "amministrazione", lines=[WORDS, WORDS],
    )  # fmt: skip
    secret = re.search(r"secret:\s+(\S+)", said)
    assert secret is not None
    portal.serve()

    gestionale = ForeignGestionale(
        "portale.regione.example", portal.port, "UV512A3B", PASSWORD, PINCODE, "RSSNNA80A41H501L", CODES
    )
    assert gestionale.create() == ("0", "")
    text = letter(portal, "vale fino alle")
    assert BAND in text
    id_sessione = re.search(UUID, text)
    assert id_sessione is not None
    assert gestionale.passes_the_gate(id_sessione[0]) == 204

    stranger = portal.browser().open("/prova/orologio/")
    assert "/operatori/accesso/" in stranger.url
    olga = portal.browser().open("/operatori/accesso/").submit("Continua", username="olga", password=WORDS)
    key = base64.b32decode(secret[1])
    olga.submit("Entra", code=f"{totp(key):06d}")
    olga.open("/prova/orologio/")
    assert BAND in olga.words
    olga.follow("Vai al prossimo promemoria").submit("Fai passare il tempo")
    assert "Fatto: per il portale sono le" in olga.words
    assert BAND in letter(portal, "scade alle")
    assert gestionale.passes_the_gate(id_sessione[0]) == 204

    portal.manage("demo_clock", "--to-expiry")
    until(lambda: gestionale.passes_the_gate(id_sessione[0]) == 403, 10, "the gate follows the clock")
    assert "Per il portale sono le" in portal.manage("demo_clock")
