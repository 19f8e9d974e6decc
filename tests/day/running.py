"""Runs one day, from the start of the servers to the count of the letters."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from portal.demo import processes
from portal.demo.supervisor import CannotStart, Child
from portal.time.clock import ROME
from tests.day import shape
from tests.day.clock import Clock
from tests.day.refusing_relay import KIND, RefusingRelay
from tests.day.saboteur import Saboteur
from tests.day.servers import OwnPostgres, OwnRedis, free_port

ASKERS = 6  # asking processes, each sequential: two reached 70 requests a second, four 90
READY_IN = 12.0  # real seconds for the processes to start before the day begins
DRAINED_WITHIN = 180.0  # real seconds for the last letters after the day
STOPPED_WITHIN = 30.0  # real seconds for a process to stop
SAMPLE = 1.0
LEASE = 25  # OUTBOX_LEASE in real seconds, shorter than in production
PATIENCE = 1  # EMAIL_TIMEOUT in real seconds, on a day with a saboteur
ASIDE = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "PORTAL_MODE", "PORTAL_URL")
WAITING = """
select (select count(*) from outbox_outgoingmail
        where accepted_at is null and failed_at is null and withdrawn_at is null),
       (select count(*) from pharmacy_sessions_reminder where settled_at is null and due_at <= %s)
"""


@dataclass(frozen=True)
class DayOptions:
    pharmacies: int
    register: Path | None
    rate: float  # requests per real second at the peak
    an_hour: float  # real seconds that an hour of the day lasts at least
    saboteur: bool
    seed: int
    about_us: bool = False  # the relay refuses the portal for an hour


class Day:
    """`with Day(...) as day: day.live()`. Removes everything it started at the end. Raises CannotStart."""

    def __init__(self, options: DayOptions, say: Callable[[str], None]) -> None:
        self.options, self.say = options, say
        self.folder = Path(tempfile.mkdtemp(prefix="portale-giorno-"))
        self.children: list[Child] = []
        self.samples: list[tuple[float, int, int]] = []
        self.postgres: OwnPostgres | None = None

    def __enter__(self) -> "Day":
        return self

    def __exit__(self, *error: object) -> None:
        for child in self.children:
            child.wait_or_kill(0)
        if self.postgres is not None:
            self.postgres.remove()
        if os.environ.get("KEEP_DAY"):
            self.say(f"Kept: {self.folder}\n")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def live(self) -> dict[str, Any]:
        """Runs the day and returns the findings of evidence.collect(), with the facts about the run."""
        load = os.getloadavg()[0]
        self._start_servers()
        habits, planned = self._fill()
        clock = self._start_clock(habits, planned)
        workers = [self._start(name, processes.worker(name, queues))
                   for name, queues in (("urgent", "urgent"), ("all", "urgent,timetable,bulk"))]  # fmt: skip
        timetables = [self._start(name, processes.timetable()) for name in ("one", "two")]
        askers = [
            self._start(f"asker-{part}", [*_module("asking"), str(part), str(ASKERS), str(len(habits)), str(self.options.seed),
                                          str(self.folder / f"asked-{part}.jsonl")])
            for part in range(ASKERS)
        ]  # fmt: skip
        saboteur = self._saboteur(workers, timetables) if self.options.saboteur else None
        relay = RefusingRelay(self.smtp_port) if self.options.about_us else None
        self._watch(clock, askers, saboteur, relay)
        self._drain(clock, askers)
        self._stand_still([*timetables, *workers])
        found: dict[str, Any] = json.loads(self._run("evidence", str(self.folder)))
        return found | {
            "title": _title(self.options),
            "pharmacies": len(habits),
            "planned": Counter(act.verb for act in planned),
            "sabotage": [*(saboteur.done if saboteur else []), *(relay.done if relay else [])],
            "to_break": sorted([*(saboteur.kinds if saboteur else []), *([KIND] if relay else [])]),
            "samples": self.samples,
            "real_seconds": round(clock.ends_real - clock.begins_real, 1),
            "peak": self._peak(),
            "rate": self.options.rate,
            "load": f"{load:.1f}, {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
        }

    def _start_servers(self) -> None:
        self.say("Starting PostgreSQL, Redis and the mail server ...\n")
        self.postgres, self.redis, self.smtp_port = OwnPostgres(self.folder), OwnRedis(self.folder), free_port()
        self.postgres.start()
        self.redis.start()
        self.children.append(self.redis.child)
        self.env = {
            **{name: value for name, value in os.environ.items() if name not in ASIDE},
            "DJANGO_SETTINGS_MODULE": "portal.settings", "PORTAL_VAR": str(self.folder), "PYTHONUNBUFFERED": "1",
            "DATABASE_URL": self.postgres.url, "REDIS_URL": self.redis.url, "EMAIL_URL": f"smtp://127.0.0.1:{self.smtp_port}",
            "OUTBOX_LEASE": str(LEASE), **({"EMAIL_TIMEOUT": str(PATIENCE)} if self.options.saboteur else {}),
        }  # fmt: skip
        self._start("sink", [*_module("sink"), str(self.smtp_port), str(self.folder / "sink.jsonl")])

    def _fill(self) -> tuple[list[shape.Habit], list[shape.PlannedAct]]:
        self.say("Opening the pharmacies ...\n")
        register = [str(self.options.register.resolve())] if self.options.register else []
        count = int(self._run("filling", str(self.options.pharmacies), str(self.options.seed), *register).split()[-1])
        habits = shape.habits(count, self.options.seed)
        return habits, shape.acts(habits, self.options.seed)

    def _start_clock(self, habits: list[shape.Habit], planned: list[shape.PlannedAct]) -> Clock:
        points = tuple(shape.points(planned, habits, self.options.rate, self.options.an_hour))
        clock = Clock(time.time() + READY_IN, shape.BEGINS, points)
        clock.save(self.folder / "clock.json")
        self.env |= {"DEMO_CLOCK": str(self.folder / "clock.json"), "DJANGO_SETTINGS_MODULE": "tests.day.settings"}
        return clock

    def _saboteur(self, workers: list[Child], timetables: list[Child]) -> Saboteur:
        assert self.postgres is not None  # started just now
        return Saboteur(workers, timetables, self.redis, self.postgres, self.smtp_port, self.options.seed)

    def _watch(self, clock: Clock, askers: list[Child], saboteur: Saboteur | None, relay: RefusingRelay | None) -> None:
        while (now := time.time()) < clock.ends_real:
            if saboteur is not None and now > clock.begins_real:
                saboteur.step(now)
            if relay is not None:
                relay.step(clock.day_at(now))
            self._sample(clock)
            done = (now - clock.begins_real) / (clock.ends_real - clock.begins_real)
            self._bar(max(done, 0), clock, saboteur)
            self._still_asking(askers)
            time.sleep(SAMPLE)
        if saboteur is not None:
            saboteur.stop()

    def _drain(self, clock: Clock, askers: list[Child]) -> None:
        end = time.time() + DRAINED_WITHIN
        while time.time() < end:
            self._sample(clock)
            self._bar(1, clock, None)
            self._still_asking(askers)
            if not any(child.alive for child in askers) and self.samples and self.samples[-1][1:] == (0, 0):
                break
            time.sleep(SAMPLE)
        self.say("\n")

    def _stand_still(self, children: list[Child]) -> None:
        """Stops the processes, so that the evidence does not change while it is counted."""
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.wait_or_kill(time.monotonic() + STOPPED_WITHIN)

    def _still_asking(self, askers: list[Child]) -> None:
        for child in askers:
            if child.process is not None and child.process.poll() not in (None, 0):
                raise CannotStart(
                    f"{child.name} stopped: {child.log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
                )

    def _sample(self, clock: Clock) -> None:
        assert self.postgres is not None
        now = clock.day_at(time.time())
        try:
            with psycopg.connect(self.postgres.url, connect_timeout=2) as connection:
                row = connection.execute(WAITING, [now]).fetchone()
        except psycopg.Error:
            return  # the saboteur has stopped PostgreSQL
        if row is not None:
            self.samples.append((now.timestamp(), row[0], row[1]))

    def _bar(self, done: float, clock: Clock, saboteur: Saboteur | None) -> None:
        now = clock.day_at(time.time()).astimezone(ROME)
        waiting = self.samples[-1][1] if self.samples else 0
        broken = f", {saboteur.done[-1][1]}" if saboteur and saboteur.done else ""
        bar = "#" * int(done * 30)
        words = f"[{bar:<30}] {now:%H:%M}  {waiting:>6,} letters wait{broken}"
        if sys.stderr.isatty():
            self.say(f"\r{words:<100}")
        elif not self.samples or int(done * 10) != getattr(self, "_tenth", -1):
            self._tenth = int(done * 10)
            self.say(f"{words}\n")

    def _peak(self) -> float:
        """Returns the ids requested per real second in the busiest five seconds."""
        books = (book.read_text(encoding="utf-8").splitlines() for book in self.folder.glob("asked-*.jsonl"))
        lines = (json.loads(line) for book in books for line in book)
        seconds = Counter(int(line["asked"]) // 5 for line in lines if "pk" in line)
        return max(seconds.values(), default=0) / 5

    def _start(self, name: str, argv: list[str]) -> Child:
        child = Child(name, argv, self.env, self.folder / f"{name}.log")
        self.children.append(child)
        child.start()
        return child

    def _run(self, name: str, *argv: str) -> str:
        env = self.env | {"DJANGO_SETTINGS_MODULE": "portal.settings"}  # by the clock of this machine
        done = subprocess.run([*_module(name), *argv], env=env, capture_output=True, encoding="utf-8", check=False)
        if done.returncode:
            raise CannotStart(f"{name}: {done.stderr[-2000:]}")
        return done.stdout


def _module(name: str) -> list[str]:
    return [processes.PYTHON, "-m", f"tests.day.{name}"]


def _title(options: DayOptions) -> str:
    whose = "of the national register" if options.register else "invented"
    return (
        f"Pharmacies {whose}, {options.rate:g} requests a second at the peak"
        + (", with a saboteur" if options.saboteur else "")
        + (", refused by the relay for an hour." if options.about_us else ".")
    )
