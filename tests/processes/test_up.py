"""`make run`, from its start to the end of its last process."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.demo import processes
from portal.demo.broker import EmbeddedBroker
from tests.outbox.sink import free_port
from tests.processes.conftest import until

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(240),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
SERVERS = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL")


class Up:
    """`manage.py up` on data of its own, embedded broker and SQLite, whatever the suite itself uses."""

    def __init__(self, var: Path, port: int) -> None:
        self.var, self.port, self.output = var, port, var.with_suffix(".out")
        self.env = {
            **{name: value for name, value in os.environ.items() if name not in SERVERS},
            "PORTAL_VAR": str(var),
        }
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*processes.MANAGE, "up", "--port", str(port)],
                env=self.env, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_until_ready(self) -> None:
        until(lambda: "pronto in" in self.said or self.process.poll() is not None, 120, "the portal answers")
        assert self.process.poll() is None, self.said

    def left_over(self) -> list[str]:
        """Processes that still belong to it: each one inherits PORTAL_VAR."""
        mark, found = f"PORTAL_VAR={self.var}".encode(), []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(folder.name)
            except OSError:
                continue
        if EmbeddedBroker(self.var, self.output, {}).answers():
            found.append("broker")  # Redis writes its title over its environment in /proc
        return found


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    portal = Up(tmp_path / "var", free_port())
    yield portal
    if portal.process.poll() is None:
        portal.process.terminate()
        portal.process.wait(60)


def test_it_starts_says_who_to_be_answers_and_stops_leaving_nothing_behind(up: Up):
    up.wait_until_ready()
    with urllib.request.urlopen(f"http://127.0.0.1:{up.port}/prova/posta/", timeout=20) as page:
        assert page.status == 200
    for words in ("Anna Rossi", "Operatore: utente carla", "chiave TOTP", f"http://127.0.0.1:{up.port}/prova/posta/"):
        assert words in up.said
    assert "broker" in up.left_over()
    assert len(up.left_over()) >= 8  # itself, broker, mailbox, timetable, web and worker with their children
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(30) == 0
    assert up.left_over() == []
    assert (up.var / "portal.sqlite3").exists()


def test_it_says_each_step_while_it_starts(up: Up):
    up.wait_until_ready()
    steps = (
        "Avvio il portale",
        "preparo il database",
        "avvio il sito",
        "scrivo i dati inventati",
        "aspetto che il sito risponda",
    )
    places = [up.said.index(step) for step in steps]
    assert places == sorted(places)


def test_the_clock_goes_to_the_next_reminder_and_its_letter_arrives_within_seconds(up: Up):
    up.wait_until_ready()
    mailbox = f"http://127.0.0.1:{up.port}/prova/posta/"
    assert ", scade alle " not in read(mailbox)
    command = [*processes.MANAGE, "demo_clock", "--to-next-reminder"]
    moved = subprocess.run(command, env=up.env, capture_output=True, encoding="utf-8", timeout=60, check=True)
    assert "Per il portale sono le" in moved.stdout
    until(lambda: ", scade alle " in read(mailbox), 30, "the reminder is in the test mailbox")
    assert "Orologio avanti di" in read(mailbox)


def read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=20) as page:
        return str(page.read().decode())


def test_killed_with_9_it_leaves_no_orphan(up: Up):
    up.wait_until_ready()
    up.process.kill()
    up.process.wait()
    until(lambda: not up.left_over(), 40, "every process is gone")


def test_a_port_in_use_is_a_sentence_before_anything_starts(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        second = Up(tmp_path / "var", port)
        assert second.process.wait(60) == 1
    assert f"La porta {port} è occupata" in second.said
    assert "Avvio il portale" not in second.said
