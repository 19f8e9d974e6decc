"""`manage.py simulate_day`: a day of Italy on this machine, with everything real but the pharmacies. `make italy` calls it."""

import json
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.demo.supervisor import CannotStart
from tests.day import report
from tests.day.running import Day, Wishes
from tests.day.shape import AN_HOUR, AN_HOUR_BROKEN


class Command(BaseCommand):
    help = (
        "A working day of 20,000 pharmacies in minutes: openings, renewals, revocations, nights on duty, mailboxes that refuse. "
        "PostgreSQL, Redis, workers, timetables and a mail server of its own, started in a temporary folder and gone at the "
        "end. Writes a report with pictures. Exit code 1: something was lost, doubled or late."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pharmacies", type=int, default=20_000, metavar="N")
        parser.add_argument(
            "--register", type=Path, metavar="FILE", help="the national register; without it they are invented"
        )
        parser.add_argument(
            "--rate", type=float, default=100.0, help="requests in a real second at the peak (%(default)s)"
        )
        parser.add_argument(
            "--hour",
            type=float,
            metavar="SECONDS",
            help=f"what an hour in which anything happens lasts at least ({AN_HOUR:g}; beside the saboteur {AN_HOUR_BROKEN:g})",
        )
        parser.add_argument(
            "--limit",
            type=float,
            default=5.0,
            metavar="SECONDS",
            help="what 99 of 100 ids and codes may take from the request to the mail server (%(default)s); 0: not judged",
        )
        parser.add_argument("--saboteur", action="store_true", help="break something every few seconds")
        parser.add_argument(
            "--about-us",
            action="store_true",
            help="the relay refuses every letter from 8:30 to 9:30 because of us, with the numbers of dead mailboxes: no address "
            "may be marked, every letter leaves afterwards or is said",
        )
        parser.add_argument("--seed", type=int, default=2026, help="the same seed is the same day")
        parser.add_argument("--report", type=Path, default=Path("var/day"), metavar="FOLDER")
        parser.add_argument("--json", action="store_true", help="the findings as JSON on standard output")

    def handle(self, **options: Any) -> None:
        usual = AN_HOUR_BROKEN if options["saboteur"] else AN_HOUR
        an_hour = usual if options["hour"] is None else options["hour"]
        if options["pharmacies"] < 1 or options["rate"] <= 0 or an_hour <= 0:
            raise CommandError("--pharmacies must be 1 or more, --rate and --hour more than 0.")
        wishes = Wishes(
            options["pharmacies"],
            options["register"],
            options["rate"],
            an_hour,
            options["saboteur"],
            options["seed"],
            options["about_us"],
        )
        try:
            with Day(wishes, self._say) as day:
                found = day.live()
        except CannotStart as reason:
            raise CommandError(str(reason)) from reason
        found["limit"] = options["limit"]
        page = report.write(found, options["report"])
        if options["json"]:
            self.stdout.write(
                json.dumps({name: value for name, value in found.items() if name not in ("pictures", "samples")})
            )
        else:
            self.stdout.write(page.read_text(encoding="utf-8"))
        self._say(f"The report is in {page}{os.linesep}")
        missed = [what for what, _, well in report.verdicts(found) if not well]
        if missed:
            raise CommandError(f"Missed: {', '.join(missed)}.", returncode=1)

    def _say(self, words: str) -> None:
        """To standard error, so that --json leaves only JSON on standard output."""
        self.stderr.write(words, ending="", style_func=lambda text: text)
        self.stderr.flush()
