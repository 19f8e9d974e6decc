"""`manage.py import_certified FILE|URL`: takes over the addresses that a former system certified, and prints a report."""

from datetime import datetime
from typing import Any

from pharmacies.certification.importing import CertifiedReport, import_certified
from pharmacies.files.import_command import BROKEN_SHOWN, FileToImport, ImportCommand


class Command(ImportCommand):
    help = (
        "Imports certified addresses of a former system from a CSV file: cod_farmacia; indirizzo; dal. Each is in force at once "
        "and must be confirmed by a titolare or direttore. A pharmacy with an address in force is left alone. Idempotent. "
        "Exit code 1: nothing was imported. 3: the file stops in its last row, which was not imported. 4: another import is "
        "running. See docs/people.md."
    )
    whole = "a whole file"
    when_cut = 'Its last row was not imported, the others were. If the row is right: --accept-as-whole "the reason".'

    def import_file(self, file: FileToImport, now: datetime, **options: Any) -> CertifiedReport:
        with file.path.open("rb") as opened:
            return import_certified(
                opened,
                file.path.name,
                now,
                dry_run=file.dry_run,
                accept_as_whole=file.because,
                progress=lambda report: file.say(f"  {report.rows:>9,} rows read"),
            )

    def print_report(self, report: CertifiedReport) -> None:
        for name, count in report.counts().items():
            if name != "broken":
                self.stdout.write(f"  {name:<12}{count:>8,}")
        for line, why in report.left_lines[:BROKEN_SHOWN]:
            self.stdout.write(f"  line {line}: {why}")
        if report.left_alone > BROKEN_SHOWN:
            self.stdout.write(f"  ... and {report.left_alone - BROKEN_SHOWN:,} more")
        self.print_broken(report)
