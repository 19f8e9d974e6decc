"""`manage.py import_pharmacies FILE|URL`: imports the national register and prints a report."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from pharmacies.files.download import Download, DownloadFailed
from pharmacies.register.completeness import FLAWS
from pharmacies.register.importing import ImportReport, ImportUnderWay, NothingRead, UnknownHeader, import_register
from portal.time import database_clock

BROKEN_SHOWN = 20
MEGABYTE = 2**20
NOTHING, NOT_WHOLE, UNDER_WAY = 1, 3, 4  # exit codes (argparse uses 2 for a wrong option): docs/register.md


class Command(BaseCommand):
    help = (
        "Imports the national register of pharmacies (Ministry of Health, open data “Farmacie”; CSV, JSON or XML) from a "
        "file or an https address. Idempotent. Exit code 1: nothing was imported. 3: the file is not whole, so it closed "
        "nothing; its rows were imported. 4: another import is running, nothing was imported."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", metavar="FILE|URL")
        parser.add_argument("--dry-run", action="store_true", help="Print the changes, and change nothing.")
        parser.add_argument(
            "--accept-as-whole",
            default="",
            metavar="REASON",
            help="Treat the file as whole in spite of its flaw; the reason is written in the journal.",
        )
        parser.add_argument(
            "--allow-closing",
            action="store_true",
            help="Close at once, even when there are so many closings that they would wait for approval.",
        )
        parser.add_argument(
            "--largest", type=int, default=100, metavar="MB", help="Refuse a larger download (%(default)s)."
        )

    def handle(self, *args: Any, source: str, dry_run: bool, largest: int, **options: Any) -> None:
        self.quiet = options["verbosity"] == 0
        reason = " ".join(str(options["accept_as_whole"] or "").split())
        download, doubt = None, ""
        if "://" in source:
            download, path, doubt = self._downloaded(source, largest * MEGABYTE)
        else:
            path = Path(source)
        self._say(f"Reading {source}")
        try:
            report = import_register(
                path,
                database_clock.now_to_write(),
                dry_run=dry_run,
                allow_closing=options["allow_closing"],
                accept_as_whole=reason,
                doubt=doubt,
                progress=lambda rows: self._say(f"  {rows:>9,} rows read"),
                writing=lambda pharmacies: self._say(f"  {pharmacies:>9,} pharmacies written"),
            )
        except OSError as error:
            raise CommandError(f"{source} cannot be read: {error.strerror}.") from error
        except UnknownHeader as error:
            raise CommandError(str(error)) from error
        except NothingRead as error:
            first = f" The first row: {error.reason}." if error.reason else ""
            raise CommandError(
                f"{source} holds no row that can be imported: nothing has changed.{first}", returncode=NOTHING
            ) from error
        except ImportUnderWay as error:
            raise CommandError(str(error.__doc__), returncode=UNDER_WAY) from error
        finally:
            if download is not None:
                download.forget()
        self._print(report, dry_run=dry_run)
        if not report.is_whole:
            raise CommandError(
                f"{source} is not the whole register: {FLAWS[report.flaw][0]}. It closed nothing; its rows were "
                'imported. If the register has really shrunk: --accept-as-whole "the reason".',
                returncode=NOT_WHOLE,
            )

    def _downloaded(self, url: str, largest: int) -> tuple[Download | None, Path, str]:
        """Downloads the file. Returns the download to forget afterwards (None: kept for the next run), its path, its doubt."""
        self._say(f"Downloading {url}")
        try:
            download = Download(url, settings.VAR_DIR / "downloads", largest=largest)
            path = download.run()
        except DownloadFailed as error:
            if error.partial is None:
                raise CommandError(str(error)) from error
            self._say(f"  {error}")
            return None, error.partial, "shorter"  # kept, so that the next run resumes it
        self._say(f"  {path.stat().st_size / MEGABYTE:.1f} MB")
        return download, path, download.doubt

    def _say(self, line: str) -> None:
        if not self.quiet:
            self.stderr.write(line)

    def _print(self, report: ImportReport, *, dry_run: bool) -> None:
        write = self.stdout.write
        write("What would change (nothing was written):" if dry_run else "Imported:")
        for name, count in report.counts().items():
            if name not in ("doubtful", "broken"):
                write(f"  {name:<12}{count:>8,}")
        write(f"  (owner_changed: {report.owner_changed:,} of the changed have another partita IVA)")
        write(f"Doubtful, but imported: {report.doubtful:,} pharmacies")
        for word, count in report.doubts.most_common():
            write(f"  {word:<26}{count:>8,}   e.g. {', '.join(report.examples[word])}")
        write(f"Broken, skipped: {report.broken:,} rows")
        for line, reason in report.broken_lines[:BROKEN_SHOWN]:
            write(f"  line {line}: {reason}")
        if report.broken > BROKEN_SHOWN:
            write(f"  ... and {report.broken - BROKEN_SHOWN:,} more")
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
                f"{report.absent:,} open pharmacies are not in the file: marked as absent. They will be closed when "
                f"{settings.REGISTER_ABSENT_FILES} whole files of different days lack them."
            )
        if report.unnamed:
            warnings.append(
                f"{report.unnamed:,} rows have no readable code: this file cannot prove that a pharmacy is absent."
            )
        for warning in warnings:
            self.stderr.write(self.style.WARNING(warning))
