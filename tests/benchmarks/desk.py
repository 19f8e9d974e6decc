"""`python -m tests.benchmarks.desk`: «Stato delle sessioni» at 1,000 pharmacies and at 20,000, in turns, on PostgreSQL.

Needs a PostgreSQL on this machine that BENCH_POSTGRES names (a role that may create databases). The two databases are its own
and go away at the end. Each look is a whole request through every middleware, in a process of its own for each database; its
cost is the processor of that process and of its PostgreSQL backend, which a busy machine changes less than the time.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from urllib.parse import urlsplit, urlunsplit

import psycopg

POSTGRES = os.environ.get("BENCH_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres")
STATUS = "/operatori/stato-sessioni/"
PAGES = {
    "the page": "", "all of them": "stato=tutte", "one region": "regione=007", "a search": "cerca=comune+123&stato=tutte",
    "those without an id": "stato=senza-id", "page after page": "dopo",
}  # fmt: skip


class Nation:
    """One database with that many pharmacies, and a process that times the page there on demand."""

    def __init__(self, pharmacies: int, ids: int, folder: str) -> None:
        self.pharmacies, name = pharmacies, f"portal_benchmark_{os.getpid()}_{pharmacies}"
        on_server(f'create database "{name}"')
        self.drop = f'drop database "{name}" with (force)'
        env = {key: value for key, value in os.environ.items() if key not in ("REDIS_URL", "EMAIL_URL", "PORTAL_MODE")}
        url = urlunsplit(urlsplit(POSTGRES)._replace(path=f"/{name}"))
        self.env = {**env, "PORTAL_VAR": folder, "DATABASE_URL": url}
        print(f"{pharmacies:,} pharmacies, {ids:,} ids ...", file=sys.stderr, flush=True)
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.desk_rows", str(pharmacies), str(ids)], env=self.env, check=True
        )
        self.looker = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.desk", "--look"], env=self.env, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def look(self, page: str, fresh: bool) -> tuple[float, int]:
        """Milliseconds of processor and queries of one request; `fresh` first clears the caches of a few seconds."""
        assert self.looker.stdin is not None and self.looker.stdout is not None  # noqa: PT018
        self.looker.stdin.write(f"{int(fresh)} {page}\n")
        self.looker.stdin.flush()
        milliseconds, queries = self.looker.stdout.readline().split()
        return float(milliseconds), int(queries)

    def remove(self) -> None:
        self.looker.terminate()
        self.looker.wait()
        on_server(self.drop)


def look_when_told() -> None:
    """The process beside each database: reads a line (fresh or not, query), writes a line (milliseconds of processor, queries)."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    import logging
    import re
    from datetime import timedelta
    from html import unescape
    from pathlib import Path
    from time import process_time

    from django.conf import settings
    from django.core.cache import cache
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from portal.identity.models import User
    from portal.identity.roles import StaffRole
    from tests.conftest import sign_in_staff

    logging.disable(logging.INFO)
    settings.ALLOWED_HOSTS = ["testserver"]
    with connection.cursor() as cursor:
        cursor.execute("set max_parallel_workers_per_gather = 0")  # all of the work in the process that is measured
        cursor.execute("select pg_backend_pid()")
        of_backend = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")

    def processor() -> float:
        """Seconds of this process and of its backend since they began."""
        return process_time() + int(of_backend.read_text(encoding="utf-8").split()[0]) / 1e9

    settings.DESK_KEPT_FOR = timedelta(hours=1)  # else a busy machine counts anew in looks that should not
    client = sign_in_staff(Client(), User.objects.create_staff("carla", "una password lunga", roles=StaffRole.values))
    after = ""
    for line in sys.stdin:
        fresh, _, query = line.rstrip("\n").partition(" ")
        if fresh == "1":
            cache.clear()
        with CaptureQueriesContext(connection) as captured:
            started = processor()
            answer = client.get(f"{STATUS}?{after if query == 'dopo' else query}")
            spent = processor() - started
        assert answer.status_code == 200
        found = re.search(r'href="\?([^"]*dopo=[^"]*)"', answer.content.decode())
        after = unescape(found[1]) if found and query in ("dopo", "") else after
        print(spent * 1000, len(captured), flush=True)


def compare(few: Nation, many: Nation, times: int) -> None:
    print(f"\n| | {few.pharmacies:,}: ms | {many.pharmacies:,}: ms | ratio | queries |\n|---|---:|---:|---:|---:|")
    for name, page in PAGES.items():
        for fresh in (False, True):
            for nation in (few, many):
                nation.look(page, fresh)  # warm
            looks = [(few.look(page, fresh), many.look(page, fresh)) for _ in range(times)]
            slow, fast = (statistics.median(look[n][0] for look in looks) for n in (1, 0))
            queries = max(look[n][1] for look in looks for n in (0, 1))
            words = f"{name}, counted anew" if fresh else name
            print(f"| {words} | {fast:.1f} | {slow:.1f} | {slow / fast:.2f} | {queries} |", flush=True)
            if not fresh and not page:
                reached = slow / fast <= 1.5 and queries <= 12
    print(f"\nThe page at most 1.5 × and in at most 12 queries: {'reached' if reached else '**missed**'}")


def on_server(statement: str) -> None:
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=20_000)
    parser.add_argument("--ids", type=int, default=50, help="for each pharmacy")
    parser.add_argument("--times", type=int, default=21)
    parser.add_argument("--look", action="store_true", help=argparse.SUPPRESS)
    knobs = parser.parse_args()
    if knobs.look:
        return look_when_told()
    made: list[Nation] = []
    with tempfile.TemporaryDirectory(prefix="portal-benchmark-") as folder:
        try:
            made += [Nation(size, size * knobs.ids, folder) for size in (knobs.few, knobs.many)]
            compare(made[0], made[1], knobs.times)
        finally:
            for nation in made:
                nation.remove()


if __name__ == "__main__":
    main()
