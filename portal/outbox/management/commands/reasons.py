"""`manage.py reasons ["ANSWER"]`: shows the meaning of a mail server's answer, and the line of the table that decided it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.outbox.reasons import read, rules


class Command(BaseCommand):
    help = (
        "Says what an answer of a mail server means (dead, full, rule, about-us, later, unknown) and which line of "
        "portal/outbox/reasons.tsv decided. Without an answer it prints the table: reason, numbers, example, where it is seen."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("answer", nargs="?", help='as the server gave it: "550 5.1.1 no such user"')

    def handle(self, *, answer: str | None, **options: Any) -> None:
        if answer is None:
            for rule in rules():
                numbers = ",".join(rule.numbers)
                self.stdout.write(f"{rule.reason:9} {numbers:24.24} {rule.example}  ({rule.seen_at})")
            return
        reading = read(answer)
        self.stdout.write(f"{reading.reason}: {reading.reason.label}")
        if reading.rule is None:
            self.stdout.write("No line of the table fits.")
        else:
            by = "its words" if reading.is_explicit else "its number alone"
            self.stdout.write(f"By {by}, as in «{reading.rule.example}» ({reading.rule.seen_at}).")
