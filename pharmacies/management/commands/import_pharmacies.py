"""`manage.py import_pharmacies FILE|URL`: the national register into the pharmacies, with a report."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from pharmacies.registry import NothingRead, Report, UnknownHeader, import_register
from pharmacies.registry_download import Download, DownloadFailed

BROKEN_SHOWN = 20
MEGABYTE = 2**20


class Command(BaseCommand):
    help = (
        "Imports the national register of pharmacies (Ministry of Health, open data “Farmacie”) from a file or an "
        "https address. Running it again changes nothing. Exit code 1: nothing imported."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", metavar="FILE|URL")
        parser.add_argument("--dry-run", action="store_true", help="Say what would change, and change nothing.")
        parser.add_argument(
            "--allow-closing",
            action="store_true",
            help="Close the pharmacies that are no longer in the file even when they are more than a fifth of the open ones.",
        )
        parser.add_argument(
            "--largest", type=int, default=100, metavar="MB", help="Refuse a larger download (%(default)s)."
        )

    def handle(self, *args: Any, source: str, dry_run: bool, allow_closing: bool, largest: int, **options: Any) -> None:
        self.quiet = options["verbosity"] == 0
        download: Download | None = None
        if "://" in source:
            download, path = self._downloaded(source, largest * MEGABYTE)
        else:
            path = Path(source)
        self._say(f"Reading {source}")
        try:
            report = import_register(
                path,
                timezone.now(),
                dry_run=dry_run,
                allow_closing=allow_closing,
                progress=lambda rows: self._say(f"  {rows:>7,} rows read"),
            )
        except OSError as error:
            raise CommandError(f"{source} cannot be read: {error.strerror}.") from error
        except UnknownHeader as error:
            raise CommandError(str(error)) from error
        except NothingRead as error:
            raise CommandError(f"{source} holds no row that can be imported: nothing has changed.") from error
        finally:
            if download is not None:  # read to the end: whatever was in it, the next run starts afresh
                download.forget()
        self._print(report, dry_run=dry_run)

    def _downloaded(self, url: str, largest: int) -> tuple[Download, Path]:
        self._say(f"Downloading {url}")
        try:
            download = Download(url, settings.VAR_DIR / "downloads", largest=largest)
            path = download.run()
        except DownloadFailed as error:
            raise CommandError(str(error)) from error
        self._say(f"  {path.stat().st_size / MEGABYTE:.1f} MB")
        return download, path

    def _say(self, line: str) -> None:
        if not self.quiet:
            self.stderr.write(line)

    def _print(self, report: Report, *, dry_run: bool) -> None:
        write = self.stdout.write
        write("What would change (nothing was written):" if dry_run else "Imported:")
        for name, count in report.counts().items():
            if name not in ("doubtful", "broken", "vanished_kept_open"):
                write(f"  {name:<12}{count:>8,}")
        write(f"  (owner_changed: {report.owner_changed:,} of the changed have another partita IVA)")
        write(f"Doubtful, imported all the same: {report.doubtful:,} pharmacies")
        for word, count in report.doubts.most_common():
            write(f"  {word:<26}{count:>8,}   e.g. {', '.join(report.examples[word])}")
        write(f"Broken, skipped: {report.broken:,} rows")
        for line, reason in report.broken_lines[:BROKEN_SHOWN]:
            write(f"  line {line}: {reason}")
        if report.broken > BROKEN_SHOWN:
            write(f"  ... and {report.broken - BROKEN_SHOWN:,} more")
        if report.vanished_kept_open:
            self.stderr.write(
                self.style.WARNING(
                    f"{report.vanished_kept_open:,} open pharmacies are not in the file: more than a fifth, so they stay "
                    "open. If the file is whole, run again with --allow-closing."
                )
            )
