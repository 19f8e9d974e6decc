"""`manage.py receive_bounce [RECIPIENT] < report`: takes in a report from a mail server's pipe (docs/production.md)."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from portal.outbox.bounces import reports
from portal.outbox.bounces.intake import BounceOutcome, receive
from portal.time import database_clock

# sysexits.h: the exit status tells the mail server what to do with the message
EXITS = {
    BounceOutcome.WRITTEN: os.EX_OK,
    BounceOutcome.KNOWN: os.EX_OK,
    BounceOutcome.REPLAYED: os.EX_OK,
    BounceOutcome.NO_REPORT: os.EX_OK,  # an automatic reply: nothing to do
    BounceOutcome.UNREAD: os.EX_OK,  # kept for an operator
    BounceOutcome.MALFORMED: os.EX_DATAERR,
    BounceOutcome.UNKNOWN: os.EX_NOUSER,
}


class Command(BaseCommand):
    help = (
        "Reads one delivery report (RFC 3464) from standard input, as a mail server's pipe hands it over. Exits with 0 when "
        "it was taken (or says nothing new), 65 when it is malformed or too long, 67 when it is about no letter of ours, "
        "75 when the database does not answer or this machine's clock is astray: then the mail server tries again."
    )
    requires_system_checks: list[str] = []  # they take time, and a pipe starts one process per report

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "recipient",
            nargs="?",
            help="the envelope recipient (postfix: ${recipient}); without it, the headers of the report say",
        )

    def handle(self, *, recipient: str | None, **options: Any) -> None:
        raw = sys.stdin.buffer.read(reports.LONGEST + 1)
        try:
            outcome = receive(raw, recipient, database_clock.now_to_write())
        except Error as error:
            raise CommandError(
                f"The database does not answer ({type(error).__name__}).", returncode=os.EX_TEMPFAIL
            ) from error
        if EXITS[outcome] != os.EX_OK:
            raise CommandError(f"The report is {outcome.value}.", returncode=EXITS[outcome])
        if options["verbosity"] > 1:
            self.stdout.write(outcome.value)
