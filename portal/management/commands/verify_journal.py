"""`manage.py verify_journal`: verifies the chain of the journal from its first link and reports every break."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from portal.journal.models import CHAIN
from portal.secrets.chain import BREAKS_TOLD, Chain, ChainVerdict
from portal.time import database_clock

PROGRESS_EVERY = 10_000  # links


class Command(BaseCommand):
    chain: "Chain[Any]" = CHAIN
    named = "journal"
    help = "Verifies the chain of the journal. Exit code 0: it holds; 1: it does not, and the output shows where."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="the verdict as one JSON object")
        parser.add_argument(
            "--expect",
            default="",
            metavar="POSITION:DIGEST",
            help="a newest link that was kept elsewhere (the log of the worker has them): it must still be there",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = self.chain.verify(database_clock.now(), self._tell, options["expect"])
        self.stdout.write(_as_json(verdict) if options["json"] else _as_text(verdict, self.named))
        if not verdict.holds:
            sys.exit(1)

    def _tell(self, links: int) -> None:
        if links % PROGRESS_EVERY == 0:
            self.stderr.write(f"{links} links read ...")


def _as_json(verdict: ChainVerdict) -> str:
    return json.dumps({"holds": verdict.holds, **asdict(verdict)})


def _as_text(verdict: ChainVerdict, name: str) -> str:
    lines = [
        f"{verdict.checked} links: {verdict.checked - verdict.forgotten} lines as they were written,"
        f" {verdict.forgotten} forgotten in time; {verdict.waiting} lines not sealed yet.",
        f"Newest link: {verdict.head or 'none'}",
    ]
    for found in verdict.breaks[:BREAKS_TOLD]:
        where = f"position {found.position}" if found.position else "no position"
        lines.append(f"BREAK at {where}, line {found.row_id or '?'}: {found.why}.")
    if len(verdict.breaks) > BREAKS_TOLD:
        lines.append(f"... and {len(verdict.breaks) - BREAKS_TOLD} more.")
    lines.append(f"The {name} holds." if verdict.holds else f"The {name} does NOT hold.")
    return "\n".join(lines)
