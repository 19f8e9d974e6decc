"""Breaks one part of the system at a time and repairs it a moment later."""

import socket
from collections.abc import Callable
from random import Random

from portal.demo.supervisor import Child
from tests.day.servers import OwnPostgres, OwnRedis
from tests.day.sink import Mode

EVERY = (3.0, 5.0)  # real seconds between two acts
LASTS = 2.0  # real seconds from a breakage to its repair
Breakage = tuple[str, Callable[[], None], Callable[[], None]]


class Saboteur:
    """Breaks every kind of thing once before it repeats one; the caller calls step(real second) about once a second."""

    def __init__(
        self,
        workers: list[Child],
        timetables: list[Child],
        redis: OwnRedis,
        postgres: OwnPostgres,
        smtp_port: int,
        seed: int,
    ) -> None:
        self.chance = Random(seed)
        self.workers, self.timetables, self.redis, self.postgres = workers, timetables, redis, postgres
        self.smtp = socket.create_connection(("127.0.0.1", smtp_port), timeout=10)
        self.coming: list[Breakage] = []
        self.mend: Callable[[], None] | None = None
        self.next_at = 0.0
        self.done: list[tuple[float, str]] = []  # real second, what

    def step(self, now: float) -> None:
        if now < self.next_at:
            return
        if self.mend is not None:
            self.mend()
            self.mend, self.next_at = None, now + self.chance.uniform(*EVERY)
            return
        self.coming = self.coming or self.chance.sample(self._acts(), len(self._acts()))
        name, act, self.mend = self.coming.pop()
        act()
        self.done.append((now, name))
        self.next_at = now + LASTS

    @property
    def kinds(self) -> set[str]:
        """The names of everything it can break."""
        return {name for name, _, _ in self._acts()}

    def stop(self) -> None:
        """Repairs the current breakage and stops."""
        if self.mend is not None:
            self.mend()
        self.mend, self.next_at = None, float("inf")

    def _acts(self) -> list[Breakage]:
        worker, timetable = self.chance.choice(self.workers), self.chance.choice(self.timetables)
        return [
            ("worker killed", lambda: worker.wait_or_kill(0), worker.start),
            ("timetable killed", lambda: timetable.wait_or_kill(0), timetable.start),
            ("Redis emptied", self.redis.empty, lambda: None),
            ("Redis killed", self.redis.kill, self.redis.start),
            ("PostgreSQL restarted", self.postgres.restart, lambda: None),
            *(
                (f"SMTP: {mode}", lambda mode=mode: self._smtp(mode), lambda: self._smtp(Mode.ACCEPT))
                for mode in (Mode.REFUSE, Mode.HANG, Mode.BUSY, Mode.CUT)
            ),
        ]

    def _smtp(self, mode: Mode) -> None:
        self.smtp.sendall(f"XMODE {mode}\r\n".encode())
