"""A portal installed as docs/production.md says, on an empty database: commands, HTTP and SMTP alone.

Nothing in this folder imports the portal (tests/house/test_installation_apart.py). The processes run in production mode.
"""

import base64
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import pytest

from tests.installation.person import PlainBrowser
from tests.outbox.sink import Sink, free_port

ROOT = Path(__file__).resolve().parents[2]
HOST = "portale.regione.example"
ORGANISATION = """
name = "Regione di prova"
display_name = "Regione di prova"
url = "https://www.regione.example"
email = "spid@regione.example"
telephone = "+390612345678"
kind = "public"
ipa_code = "r_prova"
municipality = "022205"
province = "TN"
"""


def until(ready: Callable[[], object], seconds: float, what: str) -> None:
    """Polls until the result is true; fails with `what` after so many seconds."""
    end, pause = time.monotonic() + seconds, Event()
    while not ready():
        assert time.monotonic() < end, f"after {seconds} seconds still not: {what}"
        pause.wait(0.1)


class Installation:
    """The environment file of an administration, and its processes."""

    def __init__(self, folder: Path, database_url: str, redis_url: str, sink: Sink) -> None:
        self.folder, self.sink, self.port = folder, sink, free_port()
        self.processes: list[subprocess.Popen[bytes]] = []
        self.browsers: list[PlainBrowser] = []
        (folder / "organisation.toml").write_text(ORGANISATION, encoding="utf-8")
        self.run(
            "openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "30", "-subj", f"/CN={HOST}",
            "-keyout", str(folder / "saml.key"), "-out", str(folder / "saml.crt"),
        )  # fmt: skip
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        self.environment = {
            **inherited,
            "PORTAL_MODE": "production",
            "PORTAL_VAR": str(folder / "var"),
            "SECRET_KEY": secrets.token_urlsafe(60),
            "SEALING_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "EMAIL_URL": sink.url,
            "EMAIL_OWN_DOMAINS": "*",
            "MAIL_DOMAIN": HOST,
            "ALLOWED_HOSTS": HOST,
            "PORTAL_URL": f"https://{HOST}",
            "CHECK_MX": "0",
            "STATIC_ROOT": str(folder / "static"),
            "IDENTITY_PROVIDERS": "portal.identity.providers.saml.Spid",
            "IDENTITY_METADATA": str(folder / "identity"),
            "SAML_PRIVATE_KEY_FILE": str(folder / "saml.key"),
            "SAML_CERTIFICATE_FILE": str(folder / "saml.crt"),
            "SAML_ORGANISATION_FILE": str(folder / "organisation.toml"),
        }

    def run(self, *argv: str, **options: object) -> str:
        """Runs a program; returns its output. Fails with what it wrote."""
        done = subprocess.run(
            argv, cwd=ROOT, capture_output=True, encoding="utf-8", check=False, timeout=180, **options
        )  # type: ignore[call-overload]
        assert done.returncode == 0, f"{argv[:4]} → {done.returncode}\n{done.stdout}\n{done.stderr}"
        return str(done.stdout)

    def manage(self, *argv: str, typed: str | None = None) -> str:
        return self.run(sys.executable, "manage.py", *argv, env=self.environment, input=typed)

    def start(self, *argv: str) -> None:
        name = f"{len(self.processes)}-{Path(argv[0]).name}"
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                argv, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(process)

    def serve(self) -> None:
        """Starts gunicorn, a worker and the timetable; returns when pages answer and the workers take letters."""
        programs = Path(sys.executable).parent
        self.start(
            str(programs / "gunicorn"), "-c", "deploy/gunicorn.conf.py", "-b", f"127.0.0.1:{self.port}", "-w", "2",
            "portal.wsgi",
        )  # fmt: skip
        celery = (str(programs / "celery"), "-A", "portal")
        self.start(*celery, "worker", "-n", "all@test", "-Q", "urgent,timetable,bulk", "-c", "2")
        self.start(*celery, "beat", "--pidfile=", "--schedule", str(self.folder / "beat"))
        until(lambda: self.status("/healthz") == 200, 60, f"gunicorn answers\n{self.said()}")

    def status(self, path: str) -> int:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=20).status_code
        except httpx.TransportError:
            return 0

    def said(self) -> str:
        return "\n".join(file.read_text(encoding="utf-8")[-2000:] for file in sorted(self.folder.glob("*.log")))

    def browser(self) -> PlainBrowser:
        self.browsers.append(PlainBrowser(HOST, self.port))
        return self.browsers[-1]

    def stop(self) -> None:
        for browser in self.browsers:
            browser.client.close()
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture
def empty_database() -> Iterator[str]:
    """The address of an empty PostgreSQL database, of one test: a database belongs to the mode that first started on it."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        pytest.skip("needs DATABASE_URL and REDIS_URL: production runs on PostgreSQL")
    name = f"portale_installation_{os.getpid()}"
    server = urlunsplit(urlsplit(url)._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')  # type: ignore[arg-type]
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type]
    yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')  # type: ignore[arg-type]


@pytest.fixture
def installation(empty_database: str, tmp_path: Path) -> Iterator[Installation]:
    redis = urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{1 + os.getpid() % 15}"))
    with Sink() as sink:
        portal = Installation(tmp_path, empty_database, redis, sink)
        try:
            yield portal
        finally:
            portal.stop()
