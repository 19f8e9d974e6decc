"""`python -m tests.day`: simulates a day of Italy on this machine; only the pharmacies are invented. `make italy` calls it."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path

from portal.demo.supervisor import CannotStart
from tests.day import report
from tests.day.running import Day, DayOptions
from tests.day.shape import AN_HOUR, AN_HOUR_BROKEN

DESCRIPTION = (
    "A working day of 20,000 pharmacies in minutes: openings, renewals, revocations, nights on duty, mailboxes that refuse. "
    "Starts its own PostgreSQL, Redis, workers, timetables and mail server in a temporary folder, and removes them at the "
    "end. Writes a report with pictures. Exit code 1: something was lost, doubled or late."
)


def parser() -> ArgumentParser:
    made = ArgumentParser(prog="python -m tests.day", description=DESCRIPTION)
    made.add_argument("--pharmacies", type=int, default=20_000, metavar="N")
    made.add_argument(
        "--register", type=Path, metavar="FILE", help="file of the national register; default: invented pharmacies"
    )
    made.add_argument("--rate", type=float, default=100.0, help="requests per real second at the peak (%(default)s)")
    made.add_argument(
        "--hour",
        type=float,
        metavar="SECONDS",
        help=f"real seconds that an hour with requests lasts at least ({AN_HOUR:g}; with --saboteur {AN_HOUR_BROKEN:g})",
    )
    made.add_argument(
        "--limit",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="p99 of ids and codes from the request to the mail server must stay under this (%(default)s); 0: no limit",
    )
    made.add_argument("--saboteur", action="store_true", help="break something every few seconds")
    made.add_argument(
        "--about-us",
        action="store_true",
        help="the relay refuses every letter from 8:30 to 9:30 because of the sender, with status codes that also mean a dead "
        "mailbox: no address may be marked, and every letter must leave afterwards or be reported",
    )
    made.add_argument("--seed", type=int, default=2026, help="the same seed gives the same day")
    made.add_argument("--report", type=Path, default=Path("var/day"), metavar="FOLDER")
    made.add_argument("--json", action="store_true", help="the findings as JSON on standard output")
    return made


def main() -> str | None:
    """Runs the day. Returns None when every criterion was reached, else an error message."""
    options = parser().parse_args()
    an_hour = options.hour
    if an_hour is None:
        an_hour = AN_HOUR_BROKEN if options.saboteur else AN_HOUR
    if options.pharmacies < 1 or options.rate <= 0 or an_hour <= 0:
        return "--pharmacies must be 1 or more, --rate and --hour more than 0."
    day_options = DayOptions(
        options.pharmacies, options.register, options.rate, an_hour, options.saboteur, options.seed, options.about_us
    )
    try:
        with Day(day_options, _say) as day:
            found = day.live()
    except CannotStart as reason:
        return str(reason)
    found["limit"] = options.limit
    page = report.write(found, options.report)
    if options.json:
        print(json.dumps({name: value for name, value in found.items() if name not in ("pictures", "samples")}))
    else:
        print(page.read_text(encoding="utf-8"))
    _say(f"The report is in {page}\n")
    missed = [what for what, _, well in report.verdicts(found) if not well]
    return f"Missed: {', '.join(missed)}." if missed else None


def _say(words: str) -> None:
    """Writes to standard error, so that --json leaves only JSON on standard output."""
    sys.stderr.write(words)
    sys.stderr.flush()


sys.exit(main())
