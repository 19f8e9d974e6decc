"""`manage.py up`: runs the whole portal on this machine, without other programs. `make run` calls it."""

import fcntl
import http.client
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection, connections
from django.utils import timezone

from portal.demo import people, processes, running
from portal.demo.broker import EmbeddedBroker, UnsafeFolder
from portal.demo.progress import still_at_work
from portal.demo.seed import seeding
from portal.demo.staff_code import staff_code
from portal.demo.supervisor import CannotStart, Child, Supervisor

START_WITHIN = 60  # seconds


class Command(BaseCommand):
    help = "Avvia il portale per provarlo: web, worker, orologio, coda e posta di prova. Ctrl-C ferma tutto."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", default="8000", help="porta su 127.0.0.1, da 1 a 65535")
        parser.add_argument(
            "--queue-in-files", action="store_true", help="la coda è una cartella, senza broker incorporato (più lento)"
        )

    def handle(self, *, port: str | int, queue_in_files: bool, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("«up» avvia la dimostrazione: per un ambiente di collaudo vedi docs/production.md.")
        self.port, self.var = _number(port), settings.VAR_DIR.resolve()
        _must_be_free(self.port)
        try:
            self._run(queue_in_files)
        except OSError as error:
            raise CommandError(
                f"Non riesco a scrivere in {self.var}: {error.strerror or 'senza un motivo'}."
                " Libera spazio, o scegli un’altra cartella con PORTAL_VAR."
            ) from error
        except DatabaseError as error:
            raise CommandError(
                "Il database non risponde o non si lascia scrivere: controlla DATABASE_URL, o lo spazio libero su disco."
            ) from error

    def _run(self, queue_in_files: bool) -> None:
        (self.var / "log").mkdir(parents=True, exist_ok=True)
        with (self.var / running.LOCK).open("a", encoding="utf-8") as lock:
            _only_one(lock, self.var)
            self.supervisor = Supervisor(self.stdout.write)
            try:
                self._start(queue_in_files)
                self.supervisor.watch()
            except (CannotStart, UnsafeFolder) as error:
                raise CommandError(str(error)) from error
            finally:
                self.stdout.write("\nMi fermo …")
                self.supervisor.stop()
                running.forget(self.var)
                self.stdout.write("Tutto fermo; i dati restano in " + str(self.var))

    def _start(self, queue_in_files: bool) -> None:
        started = time.monotonic()
        self.stdout.write("Avvio il portale …")
        self.stdout.flush()
        _must_be_ours()
        mail_port = _free_port()
        self.env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PORTAL_VAR": str(self.var),
            "PORTAL_URL": f"http://127.0.0.1:{self.port}",
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",  # files and logs are UTF-8 in every locale
        }
        broker = None if queue_in_files or self.env.get("REDIS_URL") else self._embedded_broker()
        running.write(self.var, self.env)
        self._say("preparo il database")
        with still_at_work(self._say):
            call_command("migrate", verbosity=0)
        connections.close_all()
        if broker is not None:
            self.supervisor.wait_for(broker.answers, broker.child, START_WITHIN)
        self.env["METRICS_FOLDERS"] = str(self._counts("worker"))
        self._say("avvio il sito e la posta di prova")
        web = self._child("web", processes.web(self.port), self._counts("web"))
        self._child("mailbox", processes.mailbox(mail_port))
        self._say("scrivo i dati inventati, se non ci sono già")
        with still_at_work(self._say):
            self._seed()
        self._say("avvio il lavoro in sottofondo e aspetto che il sito risponda")
        self._child("worker", processes.worker(), self._counts("worker"))
        self._child("timetable", processes.timetable())
        with still_at_work(self._say):
            answers = self.supervisor.wait_for(lambda: _answers(self.port), web, START_WITHIN)
        if answers:
            self._welcome(time.monotonic() - started)

    def _say(self, step: str) -> None:
        """Prints the step that begins: on a busy machine some take many seconds."""
        self.stdout.write(f"  {step} …")
        self.stdout.flush()

    def _embedded_broker(self) -> EmbeddedBroker | None:
        try:
            broker = EmbeddedBroker(self.var, self._log("broker"), self.env)
        except ImportError:
            self.stdout.write("Nessun broker incorporato per questo sistema: la coda è una cartella, un po’ più lenta.")
            return None
        self.env["REDIS_URL"] = broker.url
        self.supervisor.start(broker.child)
        return broker

    def _child(self, name: str, argv: list[str], counts: Path | None = None) -> Child:
        """Starts a process; `counts`: the folder of its counters for /metrics, which is emptied first."""
        env = self.env
        if counts is not None:
            shutil.rmtree(counts, ignore_errors=True)
            counts.mkdir(parents=True)
            env = {**env, "PROMETHEUS_MULTIPROC_DIR": str(counts)}
        return self.supervisor.start(Child(name, argv, env, self._log(name)))

    def _counts(self, name: str) -> Path:
        return Path(self.var / "metrics" / name)

    def _log(self, name: str) -> Path:
        return Path(self.var / "log" / f"{name}.log")

    def _seed(self) -> None:
        """Runs seed_demo in a process of its own, because this one read its settings before the broker existed."""
        if "seed_demo" not in get_commands():
            return
        with self._log("seed").open("ab") as log:
            done = subprocess.run(  # noqa: S603
                [*processes.MANAGE, "seed_demo"], env=self.env, stdout=log, stderr=log, check=False
            )
        if done.returncode and not self.supervisor.stopping.is_set():
            raise CannotStart(f"I dati inventati non si possono scrivere. Vedi {self._log('seed')}.")

    def _welcome(self, seconds: float) -> None:
        url = f"http://127.0.0.1:{self.port}"
        lines = [
            "", f"  Portale Farmacie: {url}/    (pronto in {seconds:.1f} s)", "",
            f"  Come provare      {url}/prova/",
            f"  Posta di prova    {url}/prova/posta/",
            f"  Passa il tempo    {url}/prova/orologio/",
            f"  Operatori         {url}/operatori/accesso/", "",
            "  Chi puoi essere (accesso con SPID, CIE o TS-CNS di prova)",
            *[f"    {one.full_name:<18}{one.codice_fiscale}  {one.who}" for one in people.PEOPLE], "",
            f"  Operatore: utente {people.STAFF_USERNAME}, password {people.STAFF_PASSWORD}",
            f"    chiave TOTP {people.STAFF_TOTP_SECRET}, codice in questo momento {staff_code(timezone.now())}",
            "    con la stessa password e la stessa chiave, uno per ruolo:",
            *[f"    {one.username:<8}{one.who}" for one in people.OPERATORS if one is not people.CARLA], "",
            f"  Log in {self.var / 'log'}. Ctrl-C ferma tutto.", "",
        ]  # fmt: skip
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _must_be_ours() -> None:
    """Checks a database server before anything is written there. seed_demo checks SQLite after `migrate`."""
    if connection.vendor == "sqlite":
        return
    try:
        seeding.must_be_ours()
    except seeding.NotOurs as refusal:
        raise CannotStart(" ".join(str(refusal.__doc__).split())) from refusal


def _number(port: str | int) -> int:
    """Returns the port as a number. Raises CommandError."""
    typed = str(port)
    if not (typed.isascii() and typed.isdigit() and len(typed) < 6 and 1 <= int(typed) <= 65535):
        raise CommandError("La porta deve essere un numero da 1 a 65535, per esempio: make run PORT=8080")
    return int(typed)


def _must_be_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise CommandError(
                f"La porta {port} è riservata al sistema. Scegline una da 1024 in su: make run PORT=8080"
            ) from error
        except OSError as error:
            raise CommandError(
                f"La porta {port} è occupata da un altro programma, forse dal portale stesso."
                f" Scegline un’altra: make run PORT={port + 1 if port < 65535 else 8080}"
            ) from error


def _only_one(lock: IO[str], var: Path) -> None:
    """Takes the lock of `up`: two supervisors on the same data would stop each other's broker. Raises CommandError."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise CommandError(f"Il portale è già in funzione sui dati in {var}: prima fermalo.") from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        line.request("GET", "/prova/")
        return line.getresponse().status < 500
    except OSError:
        return False
    finally:
        line.close()
