"""`manage.py import_asl FILE|URL`: imports which ASL each comune of a region belongs to, and prints a report."""

from datetime import datetime
from typing import Any

from pharmacies.files.import_command import FileToImport, ImportCommand, Outcome
from pharmacies.places.asl_importing import AslReport, import_asl


class Command(ImportCommand):
    help = (
        "Imports the ASL of the comuni from a file or an https address: a CSV with a header, one row for each comune (or for each ASL "
        "of a divided comune): comune or codice_istat or codice_catastale; regione (optional); codice_asl; nome_asl (optional). It "
        "replaces the rows of the regions that it names and no others (docs/register.md). Exit code 1: nothing was imported. 3: the "
        "file is not whole: nothing was imported. 4: another import is running, nothing was imported."
    )
    whole = "a whole table"
    when_cut = 'Nothing was imported. If the table has really shrunk: --accept-as-whole "the reason".'

    def import_file(self, file: FileToImport, now: datetime, **options: Any) -> AslReport:
        return import_asl(file.path, now, dry_run=file.dry_run, accept_as_whole=file.because, doubt=file.doubt)

    def first_line(self, report: Outcome, *, dry_run: bool) -> str:
        return super().first_line(report, dry_run=dry_run or not report.is_whole)

    def print_report(self, report: AslReport) -> None:
        write = self.stdout.write
        write(f"Regions: {', '.join(report.regions)}")
        for name, count in report.counts().items():
            if name != "broken":
                write(f"  {name:<12}{count:>8,}")
        self.print_broken(report)
        for what, pharmacies in report.unknown:
            write(f"  {what}: {pharmacies:,} open pharmacies")
        if report.without_asl:
            self.stderr.write(
                self.style.WARNING(
                    f"{report.without_asl:,} open pharmacies of these regions are in no ASL: see the filter «Senza ASL»."
                )
            )
