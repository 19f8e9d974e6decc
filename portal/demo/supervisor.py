"""Starts the processes of the demonstration, restarts the ones that die, and stops them all at the end."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

STOP_WITHIN = 6.0  # seconds a process may take to stop before it is killed
YOUNG = 10.0  # seconds: a process that dies earlier has not really started
YOUNG_DEATHS = 3  # early deaths in a row after which everything stops
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class CannotStart(Exception):
    """A process does not start or does not stay up; `str()` names it and its log."""


class Child:
    """One process with its own log and its own session, so that Ctrl-C reaches the supervisor only."""

    def __init__(
        self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path, user: str | None = None
    ) -> None:
        """`user`: the system user of the process, for programs that refuse to run as root."""
        self.name, self.argv, self.env, self.log = name, argv, env, log
        self.user = user
        self.process: subprocess.Popen[bytes] | None = None
        self.born_at = 0.0
        self.young_deaths = 0

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  our own command lines
                self.argv, env=self.env, user=self.user, cwd="/" if self.user else None, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=_die_with_the_supervisor if _libc else None,  # noqa: PLW1509
            )  # fmt: skip
        self.born_at = time.monotonic()

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def revive(self) -> None:
        """Starts the process again. Raises CannotStart after YOUNG_DEATHS early deaths in a row."""
        self.young_deaths = self.young_deaths + 1 if time.monotonic() - self.born_at < YOUNG else 1
        if self.young_deaths >= YOUNG_DEATHS:
            raise CannotStart(f"{self.name} si ferma appena avviato. Le sue ultime parole sono in {self.log}.")
        self.start()

    def ask_to_stop(self) -> None:
        if self.process is not None and self.alive:
            self.process.terminate()

    def wait_or_kill(self, until: float) -> None:
        """Waits for the end until that instant (monotonic seconds), then kills the process and its children."""
        if self.process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(until - time.monotonic(), 0.1))
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)  # children stay in the group after its leader has died
        self.process.wait()


class Supervisor:
    """The running processes. At the end the ones in LAST_TO_STOP, which the others use, stop last."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.children: list[Child] = []
        self.say = say
        self.stopping = Event()
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, lambda *_: self.stopping.set())

    def start(self, child: Child) -> Child:
        self.children.append(child)
        child.start()
        return child

    def wait_for(self, ready: Callable[[], bool], child: Child, seconds: float) -> bool:
        """Returns True once `ready()` is true; False when a stop was requested. Raises CannotStart after `seconds`."""
        until = time.monotonic() + seconds
        while not self.stopping.wait(0.05):
            if ready():
                return True
            if not child.alive:
                raise CannotStart(f"{child.name} non è partito. Le sue ultime parole sono in {child.log}.")
            if time.monotonic() > until:
                raise CannotStart(f"{child.name} non ha risposto in {seconds:.0f} secondi. Vedi {child.log}.")
        return False

    def watch(self) -> None:
        """Restarts dead processes until a stop is requested. Raises CannotStart."""
        while not self.stopping.wait(0.5):
            for child in self.children:
                if not child.alive:
                    self.say(f"{child.name} si è fermato da solo: lo riavvio (vedi {child.log}).")
                    child.revive()

    def stop(self) -> None:
        """Stops every process; the broker and the mailbox stop last. Idempotent."""
        self.stopping.set()
        broker_and_mail = [child for child in self.children if child.name in LAST_TO_STOP]
        users = [child for child in self.children if child.name not in LAST_TO_STOP]
        for group in (users, broker_and_mail):
            for child in group:
                child.ask_to_stop()
            until = time.monotonic() + STOP_WITHIN
            for child in group:
                child.wait_or_kill(until)


LAST_TO_STOP = ("broker", "mailbox")


def _die_with_the_supervisor() -> None:
    """Linux: asks the kernel to send SIGTERM to this process when the supervisor dies, even by kill -9."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
