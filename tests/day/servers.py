"""Starts a PostgreSQL and a Redis that the day may kill, with their own folders and ports, and removes them at the end."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import psycopg

from portal.demo.supervisor import CannotStart, Child

START_WITHIN = 30.0  # seconds
UNPRIVILEGED = (
    "postgres"  # system user for PostgreSQL when this process is root, because PostgreSQL refuses to run as root
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class OwnPostgres:
    """A PostgreSQL with its data in a temporary folder, which remove() deletes, and its log in `folder`.

    Raises CannotStart when PostgreSQL is not installed or does not answer.
    """

    def __init__(self, folder: Path) -> None:
        self.programs = _programs()
        self.data, self.port = Path(tempfile.mkdtemp(prefix="portale-postgres-")), free_port()
        self.user = UNPRIVILEGED if os.getuid() == 0 else None
        if self.user is not None:
            shutil.chown(self.data, *pwd.getpwnam(self.user)[2:4])
        argv = [str(self.programs / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]  # fmt: skip
        done = subprocess.run(
            argv, user=self.user, cwd="/", capture_output=True, encoding="utf-8", errors="replace", check=False
        )
        if done.returncode:
            raise CannotStart(f"initdb: {done.stderr.strip()}")
        argv = [
            str(self.programs / "postgres"),
            "-D",
            str(self.data),
            "-p",
            str(self.port),
            "-k",
            "",
            "-h",
            "127.0.0.1",
        ]
        self.child = Child("postgres", argv, os.environ, folder / "postgres.log", user=self.user)

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        self.child.start()
        _wait_for(self.child, self._answers)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def restart(self) -> None:
        """Restarts like `pg_ctl restart -m immediate`: cuts every connection, then recovers from the write-ahead log."""
        self.stop()
        self.start()

    def stop(self) -> None:
        if self.child.process is not None and self.child.alive:
            self.child.process.send_signal(signal.SIGQUIT)
            with suppress(subprocess.TimeoutExpired):
                self.child.process.wait(START_WITHIN)
        self.child.wait_or_kill(0)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)


class OwnRedis:
    """A Redis without persistence. Raises CannotStart when redis-server is not installed or does not answer."""

    def __init__(self, folder: Path, env: Mapping[str, str] = os.environ) -> None:
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        if program is None:
            raise CannotStart("redis-server is missing (Debian: apt install redis-server).")
        self.port, data = free_port(), folder / "redis"
        data.mkdir(exist_ok=True)
        argv = [
            program,
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(data),
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        self.child = Child("redis", argv, env, folder / "redis.log")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.child.start()
        _wait_for(self.child, lambda: self._says("PING") == b"+PONG")

    def empty(self) -> None:
        self._says("FLUSHALL")

    def kill(self) -> None:
        """Kills it with SIGKILL; without persistence, its content is lost."""
        self.child.wait_or_kill(0)

    stop = kill

    def _says(self, word: str) -> bytes:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
                line.sendall(f"{word}\r\n".encode())
                return line.recv(64).strip()
        except OSError:
            return b""


def _programs() -> Path:
    """Returns the folder of initdb and postgres, which Debian keeps out of the PATH. Raises CannotStart."""
    found = shutil.which("initdb")
    if found and shutil.which("postgres"):
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not versions:
        raise CannotStart("PostgreSQL is missing (Debian: apt install postgresql).")
    return versions[-1].parent


def _wait_for(child: Child, answers: Callable[[], bool]) -> None:
    end = time.monotonic() + START_WITHIN
    while not answers():
        if not child.alive or time.monotonic() > end:
            raise CannotStart(f"{child.name} does not answer. Its last words are in {child.log}.")
        time.sleep(0.05)
