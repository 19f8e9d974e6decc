"""`make benchmark`: the gate and checkToken beside (a) a bare Django view and (b) a raw WSGI function. See docs/performance.md.

Run by hand on a quiet machine; loopback only; needs wrk (Debian: apt install wrk) and a PostgreSQL that
BENCH_POSTGRES names (a role that may create databases). Ports, databases and files are its own and go away at the end.
"""

import argparse
import base64
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.benchmarks.servers import ROOT, Server

POSTGRES = os.environ.get("BENCH_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("BENCH_REDIS", "redis://127.0.0.1:6379/9")
SERVICE = "/a2f-auth-ws/soap/v1/authentication-service"
RAW, DJANGO, GATE, CREATE = "(b) raw WSGI", "(a) bare Django", "gate", "create"
CHECK, ANEW = "checkToken", "checkToken, the pincode encrypted anew"


@dataclass(frozen=True)
class Run:
    """One load of one subject."""

    per_second: float
    p50: float  # milliseconds
    p99: float


def load(server: Server, kind: str, live: Path, seconds: float, clients: int) -> Run:
    """Runs wrk against one server. Raises when any reply is an error or a refusal, coded or not."""
    done = subprocess.run(
        ["wrk", "-t1", "--timeout", "30s", f"-c{clients}", f"-d{seconds}s", "-s", str(ROOT / "tests/benchmarks/load.lua"),
         f"http://127.0.0.1:{server.port}"],
        env={**os.environ, "BENCH_KIND": kind, "BENCH_LIVE": str(live)}, capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    line = next(line for line in done.stdout.splitlines() if line.startswith("BENCH "))
    requests, microseconds, errors, refused, p50, p99 = (int(word) for word in line.split()[1:])
    if errors or refused:
        raise SystemExit(f"{kind}: of {requests} calls {errors} were not answered, {refused} were refused by a code.")
    return Run(requests / microseconds * 1e6, p50 / 1000, p99 / 1000)


class BenchDatabase:
    """One database with its rows, and the environment of the processes that use it."""

    def __init__(self, name: str, folder: Path, rows: int) -> None:
        self.name, self.folder = name, folder / name
        self.folder.mkdir()
        self.servers: list[Server] = []
        self.postgres = name.startswith("postgres")
        env = {k: v for k, v in os.environ.items() if k not in ("REDIS_URL", "EMAIL_URL", "PORTAL_MODE", "A2F_MODE")}
        self.env = {**env, "PORTAL_VAR": str(self.folder), "DATABASE_URL": "sqlite"}
        if self.postgres:
            database = f"portal_benchmark_{os.getpid()}_{rows}"
            on_server(f'create database "{database}"')
            url = urlunsplit(urlsplit(POSTGRES)._replace(path=f"/{database}"))
            self.drop = f'drop database "{database}" with (force)'
            self.env |= {
                "PORTAL_MODE": "production", "DATABASE_URL": url, "SECRET_KEY": "benchmark" * 8,
                "SEALING_KEYS": base64.urlsafe_b64encode(b"k" * 32).decode(), "REDIS_URL": REDIS,
                "EMAIL_URL": "smtp://127.0.0.1:9", "MAIL_DOMAIN": "example.it", "ALLOWED_HOSTS": "127.0.0.1",
                "PORTAL_URL": "https://127.0.0.1", "STATIC_ROOT": str(self.folder / "static"),
            }  # fmt: skip
        self.live = self.folder / "live.tsv"

    def fill(self, rows: int, utenze: int) -> None:
        say(f"{self.name}: {rows:,} ids of {utenze:,} utenze ...")
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.rows", str(rows), str(utenze), str(self.folder)],
            env=self.env, cwd=ROOT, check=True,
        )  # fmt: skip

    def serve(self, application: str) -> Server:
        self.servers.append(Server(application, self.env, self.folder / "gunicorn.log"))
        return self.servers[-1]

    def remove(self) -> None:
        for server in self.servers:
            server.stop()
        if self.postgres:
            on_server(self.drop)
        shutil.rmtree(self.folder)


@dataclass
class Subjects:
    """One database, the loads to run on it, and their results."""

    database: BenchDatabase

    def __post_init__(self) -> None:
        self.portal = self.database.serve("portal.wsgi")
        django = self.database.serve("tests.benchmarks.floor_django")
        raw = self.database.serve("tests.benchmarks.floor_raw")
        self.loads = {
            RAW: (raw, "floor"), DJANGO: (django, "floor"), GATE: (self.portal, "gate"),
            CHECK: (self.portal, "checkToken"), ANEW: (self.portal, "checkTokenAnew"), CREATE: (self.portal, "create"),
        }  # fmt: skip
        self.runs: dict[str, list[Run]] = {name: [] for name in self.loads}
        self.megabytes: list[float] = []  # at rest after the gate and checkToken; after create; the peak
        probe(self.portal, self.database.live)

    def load(self, name: str, seconds: float, clients: int) -> Run:
        server, kind = self.loads[name]
        return load(server, kind, self.database.live, seconds, clients)

    def median(self, name: str) -> float:
        return statistics.median(run.per_second for run in self.runs[name])

    def facts(self) -> list[float]:
        """In the order of TARGETS."""
        gate = self.median(GATE)
        tail = statistics.median(run.p99 / run.p50 for run in self.runs[GATE])
        floors = [gate / self.median(DJANGO), gate / self.median(RAW)]
        floors += [self.median(name) / self.median(DJANGO) for name in (CHECK, ANEW)]
        return [*floors, tail, *self.megabytes]


TARGETS = [
    ("gate / (a)", ">=", 1.5),
    ("gate / (b)", ">=", 0.65),
    ("checkToken / (a)", ">=", 0.7),
    ("checkToken, the pincode encrypted anew / (a)", "", 0.0),
    ("p99 / p50 of the gate (median of the ratios)", "<=", 4.0),
    ("MB of the largest worker, gate and checkToken", "<=", 120.0),
    ("MB of the largest worker, after create too", "<=", 120.0),
    ("MB of the largest worker at its most, a slow hash under way", "", 0.0),
]


def compare(databases: list[BenchDatabase], knobs: argparse.Namespace) -> None:
    """Runs all subjects on all databases in turns, so that a slow minute of the machine affects all alike."""
    every = [Subjects(database) for database in databases]
    quick = [RAW, DJANGO, GATE, CHECK, ANEW]
    for name in quick:
        for one in every:
            one.load(name, min(knobs.seconds, 2), knobs.clients)  # warm
    for names in (quick, [CREATE]):
        for turn in range(knobs.times):
            say(f"turn {turn + 1} of {knobs.times}: {', '.join(names)}")
            for name in names:
                for one in every:
                    one.runs[name].append(one.load(name, knobs.seconds, knobs.clients))
        for one in every:
            one.megabytes.append(one.portal.at_rest().worker_megabytes())
    for one in every:
        one.megabytes.append(one.portal.worker_megabytes(at_most=True))
    report(every)


def probe(portal: Server, live: Path) -> None:
    """Checks that the replies are right before anything is timed. Raises SystemExit."""
    plain, basic, *bodies = live.read_text(encoding="utf-8").splitlines()[0].split("\t")
    sent = {"Authorization": basic, "Authorization2F": f"Bearer {plain}", "X-Forwarded-Proto": "https"}
    status, _ = portal.ask("GET", "/a2f/gate?contesto=RICETTA-DEM&applicazione=EROGATORE", sent)
    wrong = {**sent, "Authorization": "Basic " + base64.b64encode(b"UBB0:x").decode()}
    refused, _ = portal.ask("GET", "/a2f/gate?contesto=RICETTA-DEM&applicazione=EROGATORE", wrong)
    soap = [portal.ask("POST", SERVICE, {**sent, "Content-Type": "text/xml"}, body) for body in bodies]
    if (status, refused) != (204, 401) or any(s != 200 or "codEsito>0<" not in text for s, text in soap):
        raise SystemExit(f"The portal does not answer as it should: {status}, {refused}, {soap}")


def report(every: list[Subjects]) -> None:
    """The two tables, a column for each database, in the form of docs/performance.md."""
    columns = "".join(f" {one.database.name}: calls/s | of each run | p50 ms | p99 ms |" for one in every)
    print(f"\n| |{columns}\n|---|{'---:|---|---:|---:|' * len(every)}")
    for name in every[0].runs:
        print(f"| {name} |" + "".join(_cells(one, name) for one in every))
    print(
        f"\n| | to reach |{''.join(f' {one.database.name} | |' for one in every)}\n|---|---:|{'---:|---|' * len(every)}"
    )
    for (what, sign, target), *measured in zip(TARGETS, *(one.facts() for one in every), strict=True):
        reach = f"{'≥' if sign == '>=' else '≤'} {target:g}" if sign else "-"
        print(f"| {what} | {reach} |" + "".join(f" {fact:.2f} | {_reached(fact, sign, target)} |" for fact in measured))


def _cells(one: Subjects, name: str) -> str:
    runs = one.runs[name]
    rates = ", ".join(f"{run.per_second:,.0f}" for run in runs)
    p50, p99 = (statistics.median(getattr(run, what) for run in runs) for what in ("p50", "p99"))
    return f" {one.median(name):,.0f} | {rates} | {p50:.1f} | {p99:.1f} |"


def _reached(measured: float, sign: str, target: float) -> str:
    if not sign:
        return ""
    return "reached" if (measured <= target if sign == "<=" else measured >= target) else "**missed**"


def grow(small: BenchDatabase, large: BenchDatabase, knobs: argparse.Namespace) -> None:
    """Times the gate on few rows and on many, in turns."""
    servers = [(small.serve("portal.wsgi"), small.live), (large.serve("portal.wsgi"), large.live)]
    for server, live in servers:
        load(server, "gate", live, min(knobs.seconds, 2), knobs.clients)
    runs = [[load(server, "gate", live, knobs.seconds, knobs.clients) for server, live in servers]
            for _ in range(knobs.times)]  # fmt: skip
    few, many = (statistics.median(run[n].per_second for run in runs) for n in (0, 1))
    print(f"\n### The gate as the table grows (PostgreSQL)\n\n{knobs.few:,} ids: {few:,.0f} calls/s; "
          f"{knobs.many:,} ids: {many:,.0f} calls/s\n\n| | measured | to reach | |\n|---|---:|---:|---|")  # fmt: skip
    print(
        f"| cost of a call at {knobs.many:,} ids / at {knobs.few:,} | {few / many:.2f} | ≤ 1.15 | {_reached(few / many, '<=', 1.15)} |"
    )


def on_server(statement: str) -> None:
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--utenze", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--few", type=int, default=100_000)
    parser.add_argument("--many", type=int, default=10_000_000, help="0: leave the growth of the table out")
    parser.add_argument("--on", nargs="+", default=["postgresql", "sqlite"], choices=["postgresql", "sqlite"])
    knobs = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing (Debian: apt install wrk).")
    made: list[BenchDatabase] = []
    with tempfile.TemporaryDirectory(prefix="portal-benchmark-") as folder:

        def database(name: str, rows: int) -> BenchDatabase:
            made.append(BenchDatabase(name, Path(folder), rows))
            made[-1].fill(rows, min(knobs.utenze, rows // 2))
            return made[-1]

        try:
            compare([database(name, knobs.rows) for name in knobs.on], knobs)
            while made:
                made.pop().remove()
            if knobs.many:
                grow(database("postgresql-few", knobs.few), database("postgresql-many", knobs.many), knobs)
        finally:
            for one in made:
                one.remove()


if __name__ == "__main__":
    main()
