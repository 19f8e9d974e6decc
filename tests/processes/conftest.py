"""Real worker processes on a real database and a real broker, apart from those of the other tests.

With DATABASE_URL and REDIS_URL set: a database of its own on that server, a number of its own on that Redis.
Otherwise SQLite and the embedded broker, in a temporary folder.
"""

import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from portal.demo import processes
from portal.demo.broker import EmbeddedBroker
from portal.demo.supervisor import Child
from tests.outbox.sink import Sink

_SET_UP = "import django; django.setup()\n"
_EMPTY_BROKER = """
from portal.celery import app
with app.connection() as connection:
    connection.default_channel.client.flushdb()
"""
_number = itertools.count(1)


def until(ready: Callable[[], bool], seconds: float, what: str) -> None:
    """Polls until true: other processes send no event. Fails with `what` after that many seconds."""
    end, pause = time.monotonic() + seconds, Event()
    while not ready():
        assert time.monotonic() < end, f"after {seconds} seconds still not: {what}"
        pause.wait(0.1)


class ProcessWorld:
    """The environment of the processes, and the methods to start, kill and inspect them."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder
        self.env = {**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings", "PORTAL_VAR": str(folder), **env}
        self.children: list[Child] = []

    def start(self, name: str, argv: list[str], **env: str) -> Child:
        child = Child(name, argv, {**self.env, **env}, self.folder / f"{name}.log")
        self.children.append(child)
        child.start()
        return child

    def start_worker(self, name: str = "worker", **env: str) -> Child:
        return self.start(name, processes.worker(name), **env)

    def start_timetable(self, name: str = "timetable", **env: str) -> Child:
        return self.start(name, processes.timetable(), **env)

    def kill(self, child: Child) -> None:
        """Sends SIGKILL to the process and to every process it started."""
        child.wait_or_kill(0)

    def kill_all(self) -> None:
        for child in self.children:
            self.kill(child)
        self.children.clear()

    def run(self, code: str, **env: str) -> str:
        """Runs Python code on this world's database in a process of its own; returns its output."""
        done = subprocess.run(
            [processes.PYTHON, "-c", _SET_UP + code],
            env={**self.env, **env},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def manage(self, *argv: str, **env: str) -> str:
        """Runs a command on this world's database; returns its output."""
        command = [*processes.MANAGE, *argv]
        return subprocess.run(
            command, env={**self.env, **env}, capture_output=True, check=True, encoding="utf-8"
        ).stdout


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessWorld]:
    """A template made once: its database is migrated and never written to, its broker answers. Each test gets a copy."""
    folder = tmp_path_factory.mktemp("world")
    env: dict[str, str] = {}
    url, redis = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    if url:
        env["DATABASE_URL"] = _another_database(url, f"portale_processes_{os.getpid()}")
        _create_database(env["DATABASE_URL"], "template1")
    if redis:
        env["REDIS_URL"] = urlunsplit(urlsplit(redis)._replace(path=f"/{1 + os.getpid() % 15}"))
    world = ProcessWorld(folder, env)
    broker = None
    if not redis:
        broker = EmbeddedBroker(folder, folder / "broker.log", world.env)
        broker.child.start()
        until(broker.answers, 20, "the broker answers")
        world.env["REDIS_URL"] = broker.url
    world.manage("migrate", "--verbosity", "0")
    yield world
    if broker is not None:
        broker.child.wait_or_kill(0)
    if url:
        _drop_database(env["DATABASE_URL"])


def _another_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _create_database(url: str, template: str) -> None:
    _on_server(url, f'CREATE DATABASE "{_name(url)}" TEMPLATE "{template}"')


def _drop_database(url: str) -> None:
    _on_server(url, f'DROP DATABASE IF EXISTS "{_name(url)}" WITH (FORCE)')


def _name(url: str) -> str:
    return urlsplit(url).path[1:]


def _on_server(url: str, statement: str) -> None:
    with psycopg.connect(_another_database(url, "postgres"), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


@pytest.fixture
def world(migrated: ProcessWorld, tmp_path: Path) -> Iterator[ProcessWorld]:
    """A database for this test alone and an empty broker; every process of the test is killed at its end."""
    with _world(migrated, tmp_path) as world:
        yield world


@pytest.fixture(scope="module")
def shared_world(migrated: ProcessWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessWorld]:
    """One world for all tests of a module that do not depend on each other's data: a portal takes seconds to start."""
    with _world(migrated, tmp_path_factory.mktemp("shared")) as world:
        yield world


@contextmanager
def _world(migrated: ProcessWorld, folder: Path) -> Iterator[ProcessWorld]:
    world = ProcessWorld(folder, {"REDIS_URL": migrated.env["REDIS_URL"]})
    template = migrated.env.get("DATABASE_URL", "")
    own = f"{template}_{next(_number)}"
    if template:
        world.env["DATABASE_URL"] = own
        _create_database(own, _name(template))
    else:
        for part in migrated.folder.glob("portal.sqlite3*"):
            shutil.copy(part, folder)
    world.run(_EMPTY_BROKER)
    yield world
    world.kill_all()
    if template:
        _drop_database(own)  # a test may have replaced the world's server meanwhile


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Give `EMAIL_URL=sink.url` to the workers that should deliver to it."""
    with Sink() as sink:
        yield sink
