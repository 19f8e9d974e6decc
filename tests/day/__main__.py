"""`python -m tests.day`: a day of Italy on this machine, with everything real but the pharmacies. `make italy` calls it."""

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
    "PostgreSQL, Redis, workers, timetables and a mail server of its own, started in a temporary folder and gone at the "
    "end. Writes a report with pictures. Exit code 1: something was lost, doubled or late."
)


def parser() -> ArgumentParser:
    made = ArgumentParser(prog="python -m tests.day", description=DESCRIPTION)
    made.add_argument("--pharmacies", type=int, default=20_000, metavar="N")
    made.add_argument(
        "--register", type=Path, metavar="FILE", help="the national register; without it they are invented"
    )
    made.add_argument("--rate", type=float, default=100.0, help="requests in a real second at the peak (%(default)s)")
    made.add_argument(
        "--hour",
        type=float,
        metavar="SECONDS",
        help=f"what an hour in which anything happens lasts at least ({AN_HOUR:g}; beside the saboteur {AN_HOUR_BROKEN:g})",
    )
    made.add_argument(
        "--limit",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="what 99 of 100 ids and codes may take from the request to the mail server (%(default)s); 0: not judged",
    )
    made.add_argument("--saboteur", action="store_true", help="break something every few seconds")
    made.add_argument(
        "--about-us",
        action="store_true",
        help="the relay refuses every letter from 8:30 to 9:30 because of us, with the numbers of dead mailboxes: no address "
        "may be marked, every letter leaves afterwards or is said",
    )
    made.add_argument("--seed", type=int, default=2026, help="the same seed is the same day")
    made.add_argument("--report", type=Path, default=Path("var/day"), metavar="FOLDER")
    made.add_argument("--json", action="store_true", help="the findings as JSON on standard output")
    return made


def main() -> str | None:
    """None when the day was good, else the sentence that says what was missed."""
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
    """To standard error, so that --json leaves only JSON on standard output."""
    sys.stderr.write(words)
    sys.stderr.flush()


sys.exit(main())
