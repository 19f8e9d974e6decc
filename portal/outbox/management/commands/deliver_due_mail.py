"""`manage.py deliver_due_mail`: the task of the same name, without a broker."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from portal.outbox.sending.delivery import deliver_due

A_DAY = 86_400  # seconds


class Command(BaseCommand):
    help = "Hands the letters that are due to the SMTP server."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=500, help="letters at most in one round")
        parser.add_argument(
            "--loop", type=float, metavar="SECONDS", help="repeat after this many seconds, until stopped"
        )

    def handle(self, *, limit: int, loop: float | None, **options: Any) -> None:
        if limit < 1:
            raise CommandError("--limit is a number of letters: 1 or more.")
        if loop is not None and not 0 < loop <= A_DAY:
            raise CommandError("--loop is a number of seconds: more than 0, a day at most.")
        while True:
            accepted = deliver_due(limit=limit)
            self.stdout.write(f"{accepted} letters accepted by the server")
            if loop is None:
                return
            connection.close()
            time.sleep(loop)
