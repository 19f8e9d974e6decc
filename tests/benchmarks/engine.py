"""`make benchmark BENCH=engine`: the delivery and reminder engine. See docs/performance.md.

`KNOBS=letters`: letters a second, beside Django's send_mass_mail and postfix's smtp-source (Debian: postfix). `KNOBS=tick`: one
round of reminders among more and more live ids; ten million take about 12 GB for some minutes. PostgreSQL and the mail
server are the benchmark's own, in a temporary folder, and go away at the end.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.day.servers import OwnPostgres, free_port

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["letters", "tick"])
    parser.add_argument("--letters", type=int, default=3_000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000, 10_000_000])
    parser.add_argument("--due", type=int, default=1_000)
    parser.add_argument("--times", type=int, default=3)
    knobs = parser.parse_args()
    inside = [knobs.letters, knobs.times] if knobs.what == "letters" else [knobs.times, knobs.due, *knobs.sizes]
    with tempfile.TemporaryDirectory(prefix="portal-benchmark-") as folder:
        port, postgres = free_port(), OwnPostgres(Path(folder))
        sink = subprocess.Popen(
            [sys.executable, "-m", "tests.day.sink", str(port), str(Path(folder) / "sink.jsonl")], cwd=ROOT
        )
        try:
            postgres.start()
            env = {
                **os.environ,
                "DATABASE_URL": postgres.url,
                "EMAIL_URL": f"smtp://127.0.0.1:{port}",
                "PORTAL_VAR": folder,
            }
            env.pop("REDIS_URL", None)  # no worker is woken: only the round is measured
            subprocess.run(
                [sys.executable, "-m", f"tests.benchmarks.{knobs.what}", *map(str, inside)],
                env=env,
                cwd=ROOT,
                check=True,
            )
        finally:
            sink.kill()
            sink.wait()
            postgres.remove()


def against(what: str, measured: float, target: float, *, at_most: bool = False) -> None:
    reached = measured <= target if at_most else measured >= target
    print(
        f"| {what} | {measured:.2f} | {'≤' if at_most else '≥'} {target} | {'reached' if reached else '**missed**'} |"
    )


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
