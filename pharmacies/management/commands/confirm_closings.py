"""`manage.py confirm_closings REASON`: approves, from a terminal, the closings that wait for an operator."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pharmacies.files.lock import ImportUnderWay
from pharmacies.models import NationalRegister, Pharmacy
from pharmacies.register import closing
from portal.time import database_clock


class Command(BaseCommand):
    help = (
        "Closes the pharmacies and parafarmacie whose closing by a national register waits for approval, because too many came at once. "
        "Without a reason it lists them and changes nothing. Exit code 4: an import is running, nothing was closed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--register",
            choices=NationalRegister.values,
            help="Only the closings of this register; without this option, of both registers.",
        )
        parser.add_argument("reason", nargs="?", default="", help="Why the closings are true; written in the journal.")

    def handle(self, *args: Any, reason: str, **options: Any) -> None:
        waiting = Pharmacy.objects.closing_to_confirm()
        if options["register"]:
            waiting = waiting.of_register(NationalRegister(options["register"]))
        if not " ".join(reason.split()):
            for pharmacy in waiting.iterator():
                why = closing.why(pharmacy)
                self.stdout.write(f"{pharmacy.code:>10}  {pharmacy.closing_waits}  {pharmacy.display_name}: {why}")
            self.stdout.write(f"Closings that wait: {waiting.count():,}. To close them: confirm_closings REASON")
            return
        try:
            keys = list(waiting.values_list("pk", flat=True))
            closed = closing.confirm(keys, None, " ".join(reason.split())[:200], database_clock.now_to_write())
        except ImportUnderWay as error:
            raise CommandError("An import of the register is running: nothing was closed.", returncode=4) from error
        self.stdout.write(f"Closed: {closed:,}.")
