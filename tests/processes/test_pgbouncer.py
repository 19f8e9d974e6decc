"""The portal behind PgBouncer in transaction mode, with the settings that docs/production.md names; and without them."""

import http.client
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest

from portal.demo import processes
from portal.demo.supervisor import Child
from tests.day.servers import UNPRIVILEGED, OwnPostgres
from tests.outbox.sink import Sink, free_port
from tests.processes.conftest import ProcessWorld, until
from tests.processes.gate_scene import IDS
from tests.sessions.gate.gate_door import USUAL, basic

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(240),
    pytest.mark.skipif(PGBOUNCER is None, reason="no pgbouncer on this machine (Debian: apt install pgbouncer)"),
]
DOCUMENTED = {"DATABASE_PREPARE": "0"}
BOUNDS = ("set statement_timeout = '15s'", "set lock_timeout = '5s'")  # of docs/production.md
LETTERS = 2500  # more than two pages of portal/database/paging.py
PREPARED_FOR_THE_TEST = f"""
from datetime import timedelta
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from portal.identity.models import User
from portal.outbox.models import OutgoingMail
from tests.conftest import sign_in_staff
now = timezone.now()
OutgoingMail.objects.bulk_create([OutgoingMail(
    kind="notice", about="N1", recipient=f"{{n}}@altrove.it", domain="altrove.it", subject=f"Avviso {{n}}",
    message_id=f"<{{n}}@prova>", created_at=now, give_up_at=now, next_attempt_at=now,
    failed_at=now - timedelta(seconds=n // 3), last_answer="550 no") for n in range({LETTERS})])
carla = User.objects.create_staff("carla", "una password lunga", roles=["lettura"])
client = sign_in_staff(Client(), carla)
name = settings.SESSION_COOKIE_NAME
print(reverse("staff:outbox_csv") + "?dominio=altrove.it", f"{{name}}={{client.cookies[name].value}}", sep="\\n")
"""
FOUND = """
from django.core.checks import run_checks
print(*sorted(found.id for found in run_checks(databases=["default"]) if found.id.startswith("portal.")))
"""
READS = """
from concurrent.futures import ThreadPoolExecutor
from django.db import connection
from portal.secrets.codes import digest
from sessions.models import IdSessione, gate_row
wanted = IdSessione.objects.order_by("-pk").first()
def read(statement):
    try:
        return [gate_row.read(bytes(wanted.digest), statement).pk for _ in range(60)].count(wanted.pk)
    finally:
        connection.close()
with ThreadPoolExecutor(6) as many:
    print(sum(many.map(read, [gate_row.READ, gate_row.READ_FOR_THE_SERVICE] * 3)))
"""
POST = """
from django.core.mail import EmailMessage
from django.db import transaction
with transaction.atomic():
    EmailMessage("Prova", "testo", to=["pooled@farmacia.it"]).send()
"""


def forgetful() -> dict[str, str]:
    """The setting by which PgBouncer forgets prepared statements; before 1.21 it knows none, nor the setting."""
    shown = subprocess.run([str(PGBOUNCER), "--version"], capture_output=True, encoding="utf-8", check=True).stdout
    version = [int(part) for part in re.findall(r"\d+", shown)[:2]]
    return {"max_prepared_statements": "0"} if version >= [1, 21] else {}


class OwnPgbouncer:
    """A PgBouncer in front of this PostgreSQL, in a folder of its own, which stop() deletes."""

    def __init__(self, folder: Path, postgres: OwnPostgres, **more: str) -> None:
        self.own, self.port = Path(tempfile.mkdtemp(prefix="portale-pgbouncer-")), free_port()
        (self.own / "users").write_text('"postgres" ""\n', encoding="utf-8")
        settings = {
            "listen_addr": "127.0.0.1", "listen_port": str(self.port), "unix_socket_dir": "", "auth_type": "trust",
            "auth_file": str(self.own / "users"), "pool_mode": "transaction", "default_pool_size": "10", **more,
        }  # fmt: skip
        lines = [f"{name} = {value}" for name, value in settings.items()]
        file = self.own / "pgbouncer.ini"
        file.write_text(
            "\n".join(["[databases]", f"* = host=127.0.0.1 port={postgres.port}", "[pgbouncer]", *lines, ""]),
            encoding="utf-8",
        )
        user = UNPRIVILEGED if os.getuid() == 0 else None
        if user is not None:
            for path in (self.own, *self.own.iterdir()):
                shutil.chown(path, *pwd.getpwnam(user)[2:4])
        self.child = Child("pgbouncer", [str(PGBOUNCER), str(file)], os.environ, folder / "pgbouncer.log", user=user)
        self.child.start()
        try:
            until(self._answers, 30, "PgBouncer answers")
        except AssertionError:
            self.stop()
            raise

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def _answers(self) -> bool:
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        self.child.wait_or_kill(0)
        shutil.rmtree(self.own, ignore_errors=True)


@dataclass
class Behind:
    """The portal's database, and what the tests ask of it."""

    world: ProcessWorld
    postgres: OwnPostgres
    id_sessione: str
    csv: str
    cookie: str

    @contextmanager
    def pooled(self, **more: str) -> Iterator[dict[str, str]]:
        """The environment of processes behind a PgBouncer with these settings."""
        pooler = OwnPgbouncer(self.world.folder, self.postgres, **more)
        try:
            yield {"DATABASE_URL": pooler.url, "PGOPTIONS": ""}  # the suite's own options would be refused
        finally:
            self.world.kill_all()
            pooler.stop()

    def alter_role(self, *changes: str) -> None:
        with psycopg.connect(self.postgres.url, autocommit=True) as line:
            for change in changes:
                line.execute(f"alter role postgres {change}")


@pytest.fixture(scope="module")
def behind(shared_world: ProcessWorld) -> Iterator[Behind]:
    own = OwnPostgres(shared_world.folder)
    own.start()
    shared_world.env["DATABASE_URL"] = own.url
    shared_world.manage("migrate", "--verbosity", "0")
    live = shared_world.run(IDS.format(n=1)).split()[0]
    csv, cookie = shared_world.run(PREPARED_FOR_THE_TEST).splitlines()
    yield Behind(shared_world, own, live, csv, cookie)
    shared_world.kill_all()
    own.remove()


def ask(port: int, path: str, **headers: str) -> tuple[int, bytes]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def answers(port: int) -> bool:
    try:
        return ask(port, "/healthz")[0] == 200
    except OSError:
        return False


def test_with_the_documented_settings_everything_works(behind: Behind, sink: Sink):
    behind.alter_role(*BOUNDS)
    with behind.pooled() as env:
        env |= {**DOCUMENTED, "EMAIL_URL": sink.url}
        assert behind.world.run(FOUND, **env) == ""
        port = free_port()
        behind.world.start("web", processes.web(port), **env)
        behind.world.start_worker(**env)
        behind.world.start_timetable(**env)
        until(lambda: answers(port), 60, "the portal answers")
        gate = {"Authorization": basic(), "Authorization2F": f"Bearer {behind.id_sessione}"}
        with ThreadPoolExecutor(6) as many:
            calls = [many.submit(ask, port, f"/a2f/gate?{urlencode(USUAL)}", **gate) for _ in range(200)]
            sheets = [many.submit(ask, port, behind.csv, Cookie=behind.cookie) for _ in range(3)]
        assert Counter(call.result()[0] for call in calls) == {204: 200}
        for sheet in sheets:
            status, body = sheet.result()
            assert (status, body.count(b"@altrove.it")) == (200, LETTERS)
        behind.world.run(POST, **env)
        until(lambda: "pooled@farmacia.it" in sink.recipients, 60, "the worker delivers through the pooler")
        assert json.loads(ask(port, "/readyz")[1])["checks"]["database"]["ok"]


def test_without_them_the_log_readyz_and_the_check_say_what_to_do(behind: Behind):
    with behind.pooled(ignore_startup_parameters="options", **forgetful()) as env:
        port = free_port()
        web = behind.world.start("web", processes.web(port), **env)
        until(lambda: answers(port), 60, "the portal answers")
        assert "set DATABASE_PREPARE=0" in web.log.read_text(encoding="utf-8")
        gate = {"Authorization": basic(), "Authorization2F": f"Bearer {behind.id_sessione}"}
        with ThreadPoolExecutor(6) as many:
            calls = [many.submit(ask, port, f"/a2f/gate?{urlencode(USUAL)}", **gate) for _ in range(200)]
        assert Counter(call.result()[0] for call in calls) == {204: 200}
        assert "set DATABASE_PREPARE=0" in " ".join(json.loads(ask(port, "/readyz")[1])["warnings"])
    with behind.pooled() as env, pytest.raises(subprocess.CalledProcessError) as refused:
        behind.world.manage("check", "--database", "default", **env)
    assert "portal.E008" in refused.value.stderr


def test_a_pooler_that_forgets_prepared_statements_is_found_and_every_read_has_its_answer(behind: Behind):
    with behind.pooled(ignore_startup_parameters="options", **forgetful()) as env:
        assert behind.world.run(FOUND, **env) == "portal.E008"
        assert behind.world.run(READS, **env) == "360"


def test_a_role_without_timeouts_is_found(behind: Behind):
    behind.alter_role("reset all")
    with behind.pooled() as env:
        assert behind.world.run(FOUND, **env, **DOCUMENTED) == "portal.W001"


def test_in_session_mode_the_options_must_be_let_in(behind: Behind):
    with behind.pooled(pool_mode="session", ignore_startup_parameters="options") as env:
        assert behind.world.run(FOUND, **env) == ""
    with behind.pooled(pool_mode="session") as env:
        assert behind.world.run(FOUND, **env) == "portal.E009"


def test_without_a_pooler_nothing_is_found(behind: Behind):
    assert behind.world.run(FOUND) == ""
