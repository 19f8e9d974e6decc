"""The frame of the commands that import a file: options, download, progress on stderr, exit codes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from pharmacies.files.completeness import FLAWS
from pharmacies.files.download import Download, DownloadFailed
from pharmacies.files.lock import ImportUnderWay
from pharmacies.files.tables import MissingColumns, NothingRead
from portal.time import database_clock

MEGABYTE = 2**20
BROKEN_SHOWN = 20
NOTHING, NOT_WHOLE, UNDER_WAY = 1, 3, 4  # exit codes (argparse uses 2 for a wrong option): docs/register.md


class Outcome(Protocol):
    """The report of an import, as far as the frame reads it."""

    flaw: str
    broken: int
    broken_lines: list[tuple[int, str]]

    @property
    def is_whole(self) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class FileToImport:
    """A file on this machine and the options of the command that reads it. `doubt`: a key of FLAWS, from the download."""

    path: Path
    doubt: str
    because: str  # of --accept-as-whole; "" without it
    dry_run: bool
    say: Callable[[str], None]  # a line of progress


class ImportCommand(BaseCommand):
    """Subclasses implement import_file and print_report.

    `whole`: what a whole file is, for the sentence about one that is not. `when_cut`: what was done with such a file.
    """

    whole: ClassVar[str]
    when_cut: ClassVar[str]

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
            "--largest", type=int, default=100, metavar="MB", help="Refuse a larger download (%(default)s)."
        )

    def import_file(self, file: FileToImport, now: Any, **options: Any) -> Any:
        """Imports and returns the report (see Outcome)."""
        raise NotImplementedError

    def when_not_whole(self, report: Outcome) -> str:
        """Returns the sentence that says what was done with a file that is not whole: `when_cut`, unless the flaw decides."""
        return self.when_cut

    def first_line(self, report: Outcome, *, dry_run: bool) -> str:
        """Returns the line above the counts."""
        return "What would change (nothing was written):" if dry_run else "Imported:"

    def print_report(self, report: Any) -> None:
        """Prints the counts after the first line, and warns on stderr."""
        raise NotImplementedError

    def handle(self, *args: Any, source: str, dry_run: bool, largest: int, **options: Any) -> None:
        self.quiet = options["verbosity"] == 0
        download, doubt = None, ""
        if "://" in source:
            download, path, doubt = self._downloaded(source, largest * MEGABYTE)
        else:
            path = Path(source)
        self._say(f"Reading {source}")
        because = " ".join(str(options.pop("accept_as_whole") or "").split())
        file = FileToImport(path=path, doubt=doubt, because=because, dry_run=dry_run, say=self._say)
        try:
            report: Outcome = self.import_file(file, database_clock.now_to_write(), **options)
        except OSError as error:
            raise CommandError(f"{source} cannot be read: {error.strerror}.") from error
        except MissingColumns as error:
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
        self.stdout.write(self.first_line(report, dry_run=dry_run))
        self.print_report(report)
        if not report.is_whole:
            raise CommandError(
                f"{source} is not {self.whole}: {FLAWS[report.flaw][0]}. {self.when_not_whole(report)}",
                returncode=NOT_WHOLE,
            )

    def print_broken(self, report: Outcome) -> None:
        self.stdout.write(f"Broken, skipped: {report.broken:,} rows")
        for line, reason in report.broken_lines[:BROKEN_SHOWN]:
            self.stdout.write(f"  line {line}: {reason}")
        if report.broken > BROKEN_SHOWN:
            self.stdout.write(f"  ... and {report.broken - BROKEN_SHOWN:,} more")

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
