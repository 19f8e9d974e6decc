"""`manage.py import_offices FILE|URL`: imports who is titolare, direttore or delegato of which pharmacy, and prints a report."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from pharmacies.files.import_command import FileToImport, ImportCommand, Outcome
from pharmacies.people.office_importing import import_offices
from pharmacies.people.office_report import OfficeReport


class Command(ImportCommand):
    help = (
        "Imports the people of the pharmacies from a file or an https address: a CSV with the header "
        "cod_farmacia;codice_fiscale;cognome;nome;ruolo;dal;al (docs/people.md). Idempotent. Exit code 1: nothing was imported. "
        "3: the file is not whole, so it ended nothing; its rows were imported. 4: another import is running, nothing was imported."
    )
    whole = "the whole list"
    when_cut = (
        'It ended nothing; its rows were imported. If the list has really shrunk: --accept-as-whole "the reason".'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--only-these-pharmacies",
            action="store_true",
            help="The file speaks of the pharmacies that it names only: whoever it leaves out elsewhere is not absent.",
        )
        parser.add_argument(
            "--allow-ending",
            action="store_true",
            help="End at once, even when there are so many endings that they would wait for approval.",
        )

    def import_file(self, file: FileToImport, now: datetime, **options: Any) -> OfficeReport:
        return import_offices(
            file.path,
            now,
            dry_run=file.dry_run,
            only_these=options["only_these_pharmacies"],
            allow_ending=options["allow_ending"],
            accept_as_whole=file.because,
            doubt=file.doubt,
            progress=lambda rows: file.say(f"  {rows:>9,} rows read"),
            writing=lambda offices: file.say(f"  {offices:>9,} offices to write"),
        )

    def when_not_whole(self, report: Outcome) -> str:
        older = 'Nothing was imported. If it is the right one: --accept-as-whole "the reason".'
        return older if report.flaw == "older" else self.when_cut

    def print_report(self, report: OfficeReport) -> None:
        write = self.stdout.write
        for name, count in report.counts().items():
            if name not in ("doubtful", "broken"):
                write(f"  {name:<12}{count:>8,}")
        write(f"Doubtful, but imported: {report.doubtful:,} rows")
        for word, count in report.doubts.most_common():
            write(f"  {word:<26}{count:>8,}   e.g. pharmacy {', '.join(report.examples[word])}")
        self.print_broken(report)
        for warning in _warnings(report):
            self.stderr.write(self.style.WARNING(warning))


def _warnings(report: OfficeReport) -> list[str]:
    warnings = []
    if report.waiting:
        warnings.append(
            f"{report.waiting:,} endings at once are probably a mistake of the file: they wait for approval "
            "(the page «Incarichi da chiudere»)."
        )
    if report.absent:
        warnings.append(
            f"{report.absent:,} offices in force are not in the file: marked as absent. They will end when "
            f"{settings.REGISTER_ABSENT_FILES} whole files of different days lack them."
        )
    if report.conflicts:
        warnings.append(f"{report.conflicts:,} offices written by a person differ from the file: see «Da seguire».")
    if report.unnamed:
        warnings.append(
            f"{report.unnamed:,} rows have no readable pharmacy: this file cannot prove that an office is absent."
        )
    return warnings
