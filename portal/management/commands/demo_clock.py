"""`manage.py demo_clock +1h|+30m|+1d|--to-next-reminder|--to-expiry`: moves the portal's clock forward.

The command is there in production too, to refuse with a sentence. The demonstration's modules are imported where they are installed.
"""

import re
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.time import database_clock
from portal.time.clock import italian_moment

REMINDER, EXPIRY = "promemoria", "scadenza"  # as in portal/demo/clock/coming.py
_STEP = re.compile(r"\+([0-9]{1,4})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class Command(BaseCommand):
    help = "Moves the portal's clock forward, in the demonstration and in a test environment; alone, prints the portal's time."

    def add_arguments(self, parser: CommandParser) -> None:
        way = parser.add_mutually_exclusive_group()
        way.add_argument("step", nargs="?", default="", help="+30m, +1h, +1d: minutes, hours, days")
        way.add_argument("--to-next-reminder", dest="way", action="store_const", const=REMINDER)
        way.add_argument("--to-expiry", dest="way", action="store_const", const=EXPIRY)

    def handle(self, *args: Any, step: str, way: str | None, **options: Any) -> None:
        if not settings.CLOCK_MOVED:
            raise CommandError(
                "L’orologio si sposta solo nella dimostrazione e nell’ambiente di collaudo: questo portale segue l’ora vera."
            )
        from portal.demo.clock import moving

        try:
            if way:
                self._to(way)
            elif step:
                moving.forward_by(_length(step))
        except moving.CannotMove as refusal:
            raise CommandError(str(refusal.__doc__)) from refusal
        self.stdout.write(f"Per il portale sono le {italian_moment(database_clock.now())}.")

    def _to(self, way: str) -> None:
        from portal.demo.clock import moving
        from portal.demo.clock.coming import Coming

        now = database_clock.now_to_write()
        target = Coming.after(now).target(way, now)
        if target is None:
            raise CommandError("Non c’è nessun promemoria o ID SESSIONE in arrivo: chiedi un ID e riprova.")
        moving.forward_to(target)


def _length(step: str) -> timedelta:
    """The length of a step; raises CommandError."""
    found = _STEP.fullmatch(step)
    if found is None:
        raise CommandError(f"{step}: scrivi quanto tempo deve passare, +30m, +1h oppure +1d. Il tempo va solo avanti.")
    return int(found[1]) * _UNITS[found[2]]
