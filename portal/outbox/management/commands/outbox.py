"""`manage.py outbox`: shows the waiting letters, their age and the domains that refuse."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.outbox.depth import Depth, depth_of
from portal.time import database_clock
from portal.time.clock import ROME, in_words


class Command(BaseCommand):
    help = "Shows the state of the outbox: depth, oldest letter, failing domains, reports of the last 24 hours."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object; moments in UTC")

    def handle(self, *, json: bool, **options: Any) -> None:
        depth = depth_of(database_clock.now())
        self.stdout.write(_as_json(depth) if json else "\n".join(_as_text(depth)))


def _as_json(depth: Depth) -> str:
    return json.dumps(depth.as_json(), default=lambda moment: moment.isoformat())


def _as_text(depth: Depth) -> list[str]:
    late = in_words(depth.at - depth.oldest_due) if depth.oldest_due else "none"
    lines = [
        f"waiting      {depth.letters}, of which {depth.due} due and {depth.held} claimed by a worker",
        f"oldest due   {late}",
        *(f"  {row.kind:<10} {row.letters:>7}   oldest {in_words(depth.at - row.oldest)}" for row in depth.waiting),
        "in the last 24 hours",
        f"  refused    {depth.refused:>7}",
        f"  too late   {depth.too_late:>7}",
        f"  came back  {depth.bounced_hard:>7} for good, {depth.bounced_soft} counted",
        "failing domains" if depth.domains else "failing domains  none",
    ]
    for domain in depth.domains:
        rests = f", rests until {domain.rests_until.astimezone(ROME):%H:%M:%S}" if domain.rests_until else ""
        lines.append(f"  {domain.name}: {domain.refused} not delivered{rests}  {domain.last_answer}".rstrip())
    return lines
