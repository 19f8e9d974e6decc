"""`manage.py import_duties FILE|URL --by NAME`: writes the duties that an ASL hands out, and prints a report."""

from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser

from pharmacies.files.import_command import FileToImport, ImportCommand
from portal.identity.models import User
from portal.identity.roles import StaffRole
from sessions.preferences.duties_file import DutyReport, import_duties


class Command(ImportCommand):
    help = (
        "Writes the duties of pharmacies from a CSV file: cod_farmacia; turno (giorno or notte); dal; al, dalle, alle (optional). "
        "Only for pharmacies in the territory of the operator --by, who needs the role anagrafica. It takes no duty away. "
        "Idempotent. Exit code 1: nothing was imported. 3: the file stops in its last row, which was not imported. 4: another "
        "import is running. See docs/staff.md."
    )
    whole = "a whole file"
    when_cut = 'Its last row was not imported, the others were. If the row is right: --accept-as-whole "the reason".'

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--by", required=True, metavar="NAME", help="The operator whose territory the file is for.")

    def import_file(self, file: FileToImport, now: datetime, *, by: str = "", **options: Any) -> DutyReport:
        operator = User.objects.filter(username=by, is_staff=True, is_active=True).first()
        if operator is None or not operator.groups.filter(name=StaffRole.ANAGRAFICA).exists():
            raise CommandError(f"{by} is no operator with the role {StaffRole.ANAGRAFICA}: nothing was done.")
        with file.path.open("rb") as opened:
            return import_duties(
                opened,
                file.path.name,
                now,
                by=operator,
                dry_run=file.dry_run,
                accept_as_whole=file.because,
                progress=lambda report: file.say(f"  {report.duties:>9,} duties"),
            )

    def print_report(self, report: DutyReport) -> None:
        for name, count in report.counts().items():
            if name != "broken":
                self.stdout.write(f"  {name:<12}{count:>8,}")
        self.print_broken(report)
