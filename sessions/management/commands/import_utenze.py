"""`manage.py import_utenze FILE`: imports the utenze of an administration's former system and prints a report."""

from datetime import datetime
from time import monotonic
from typing import Any

from django.core.management.base import CommandError

from pharmacies.files.import_command import FileToImport, ImportCommand
from sessions.utenze.importing import UtenzeReport, import_utenze


class Command(ImportCommand):
    help = (
        "Imports the accounts of the gestionali (utenze) from a CSV file: userid; codice_fiscale; codice_regione; codice_asl; "
        "codice_ssa; cod_farmacia; password or password_hash; pincode or pincode_hash; fornitore (optional). Idempotent: it never "
        "replaces a secret that was used or changed here. Exit code 1: nothing was imported. 3: the file stops in its last "
        "row, which was not imported. 4: another import is running. See docs/people.md."
    )
    whole = "a whole file"
    when_cut = 'That row was not imported, the others were. If the row is right: --accept-as-whole "the reason".'

    def handle(self, *args: Any, source: str, **options: Any) -> None:
        if "://" in source:
            raise CommandError(
                "Secrets are read from a file of this machine only: a download would leave a copy behind."
            )
        super().handle(*args, source=source, **options)

    def import_file(self, file: FileToImport, now: datetime, **options: Any) -> UtenzeReport:
        began = monotonic()

        def progress(report: UtenzeReport) -> None:
            pace = report.rows / max(monotonic() - began, 0.001)
            file.say(f"  {report.rows:>9,} rows read, {pace:,.0f} a second")

        with file.path.open("rb") as opened:
            report = import_utenze(
                opened, file.path.name, now, dry_run=file.dry_run, accept_as_whole=file.because, progress=progress
            )
        if report.in_clear and not file.dry_run:
            warning = "The file holds secrets in clear: delete it now, and its copies. The portal keeps only hashes."
            self.stderr.write(self.style.WARNING(warning))
        return report

    def print_report(self, report: UtenzeReport) -> None:
        for name, count in report.counts().items():
            if name != "broken":
                self.stdout.write(f"  {name:<12}{count:>8,}")
        pincodes = f"{report.doubtful:,} pincodes of fewer than 10 digits (leading zeros lost?)"
        self.stdout.write(f"Doubtful, but imported: {pincodes}")
        self.print_broken(report)
