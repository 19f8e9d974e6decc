"""`manage.py import_pharmacies FILE|URL`: imports a national register and prints a report."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from pharmacies.files.import_command import FileToImport, ImportCommand
from pharmacies.models import NationalRegister
from pharmacies.register.importing import ImportReport, import_register


class Command(ImportCommand):
    help = (
        "Imports a national register of the Ministry of Health (open data “Farmacie” or “Parafarmacie”; CSV, JSON or XML) "
        "from a file or an https address; the columns tell which. Idempotent. Exit code 1: nothing was imported. 3: the file is not whole, so it closed "
        "nothing; its rows were imported. 4: another import is running, nothing was imported."
    )
    whole = "the whole register"
    when_cut = (
        "It closed nothing; its rows were imported. If the register has really shrunk: "
        '--accept-as-whole "the reason".'
    )  # fmt: skip

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--allow-closing",
            action="store_true",
            help="Close at once, even when there are so many closings that they would wait for approval.",
        )

    def import_file(self, file: FileToImport, now: datetime, **options: Any) -> ImportReport:
        return import_register(
            file.path,
            now,
            dry_run=file.dry_run,
            allow_closing=options["allow_closing"],
            accept_as_whole=file.because,
            doubt=file.doubt,
            progress=lambda rows: file.say(f"  {rows:>9,} rows read"),
            writing=lambda pharmacies: file.say(f"  {pharmacies:>9,} pharmacies written"),
        )

    def print_report(self, report: ImportReport) -> None:
        write = self.stdout.write
        write(f"  Register of {report.register.label}")
        for name, count in report.counts().items():
            if name not in ("doubtful", "broken"):
                write(f"  {name:<12}{count:>8,}")
        write(f"  (owner_changed: {report.owner_changed:,} of the changed have another partita IVA)")
        write(f"Doubtful, but imported: {report.doubtful:,} {_sites(report)}")
        for word, count in report.doubts.most_common():
            write(f"  {word:<26}{count:>8,}   e.g. {', '.join(report.examples[word])}")
        self.print_broken(report)
        self._warn(report)

    def _warn(self, report: ImportReport) -> None:
        warnings = []
        if report.waiting:
            warnings.append(
                f"{report.waiting:,} closings at once are probably a mistake of the file: they wait for approval "
                "(the page «Chiusure da confermare», or manage.py confirm_closings)."
            )
        if report.absent:
            warnings.append(
                f"{report.absent:,} open {_sites(report)} are not in the file: marked as absent. They will be closed when "
                f"{settings.REGISTER_ABSENT_FILES} whole files of different days lack them."
            )
        if report.unnamed:
            warnings.append(
                f"{report.unnamed:,} rows have no readable code: this file cannot prove that a site is absent."
            )
        for warning in warnings:
            self.stderr.write(self.style.WARNING(warning))


def _sites(report: ImportReport) -> str:
    return "parafarmacie" if report.register == NationalRegister.PARAFARMACIE else "pharmacies"
