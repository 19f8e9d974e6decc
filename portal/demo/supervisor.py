"""Starts the processes of the demonstration, keeps them alive and takes them all away at the end."""

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
YOUNG = 10.0  # seconds: a process that dies younger than this has not really started
YOUNG_DEATHS = 3  # in a row: then everything stops, because starting it again will not help
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class CannotStart(Exception):
    """A process of the demonstration does not stay up; the argument says which and where to read why."""


class Child:
    """One process with a log of its own, in a session of its own: Ctrl-C reaches the supervisor, which stops it in order."""

    def __init__(
        self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path, user: str | None = None
    ) -> None:
        """`user`: who it runs as, when we are root and it must not be."""
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
        """Starts it again. Raises CannotStart when it keeps dying young."""
        self.young_deaths = self.young_deaths + 1 if time.monotonic() - self.born_at < YOUNG else 1
        if self.young_deaths >= YOUNG_DEATHS:
            raise CannotStart(f"{self.name} si ferma appena avviato. Le sue ultime parole sono in {self.log}.")
        self.start()

    def ask_to_stop(self) -> None:
        if self.process is not None and self.alive:
            self.process.terminate()

    def wait_or_kill(self, until: float) -> None:
        """Waits for the end until that instant (monotonic seconds), then kills it and whatever it started."""
        if self.process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(until - time.monotonic(), 0.1))
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)  # the group outlives its leader when it was killed
        self.process.wait()


class Supervisor:
    """The children in the order of their start; they stop in the opposite order, the broker last."""

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
        """True once `ready` answers yes; False when asked to stop meanwhile. Raises CannotStart."""
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
        """Until asked to stop: a process that dies is started again. Raises CannotStart."""
        while not self.stopping.wait(0.5):
            for child in self.children:
                if not child.alive:
                    self.say(f"{child.name} si è fermato da solo: lo riavvio (vedi {child.log}).")
                    child.revive()

    def stop(self) -> None:
        """Stops every process: first those that use the others. A second Ctrl-C is not needed and does no harm."""
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
    """Linux: when the supervisor is killed with -9, the kernel asks its children to stop."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
