"""One try: finds the newest file of a register, downloads it when it is new, and imports it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import file_digest
from pathlib import Path
from typing import Any

from django.conf import settings

from pharmacies.files.completeness import FLAWS, day_in_name
from pharmacies.files.download import Download, DownloadFailed, NotModified, RefusedByServer, Validators
from pharmacies.files.lock import ImportUnderWay
from pharmacies.files.tables import MissingColumns, NothingRead
from pharmacies.models import NationalRegister, RegisterImport, RegisterSource
from pharmacies.models.register_source import NightOutcome
from pharmacies.register.importing import ImportReport, import_register
from pharmacies.register.nightly import keeping
from pharmacies.register.nightly.page import LARGEST_PAGE, links_of
from pharmacies.register.nightly.sources import Candidate, RegisterAddress
from portal.time.clock import ROME

log = logging.getLogger(__name__)
MEGABYTE = 2**20
GONE = frozenset({404, 410})  # of one file: the next one is tried
MOST_CANDIDATES = 12
SHORT_PAUSES = (1, 3)  # seconds between the attempts of one download: the night itself tries again


@dataclass(frozen=True)
class Limits:
    """How long a try may last. A task must end before the time limit of Celery (portal/celery.py); a command has more time."""

    page: float  # seconds
    file: float  # seconds
    lease: timedelta  # longer than the whole try
    largest: int = 100 * MEGABYTE  # bytes


OF_A_TASK = Limits(page=40, file=90, lease=timedelta(minutes=5))
OF_A_COMMAND = Limits(page=60, file=10 * 60, lease=timedelta(minutes=20))


@dataclass(frozen=True)
class Attempt:
    """The result of one try. `detail`: an English sentence without a full stop."""

    outcome: NightOutcome
    detail: str
    file: str = ""
    digest: str = ""
    url: str = ""
    validators: Validators = field(default_factory=Validators)
    flaw: str = ""
    status: int | None = None
    report: ImportReport | None = None
    kept: Path | None = None


@dataclass(frozen=True)
class Voice:
    """Where progress is said: a line, rows read, pharmacies written."""

    line: Callable[[str], None] = log.info
    rows: Callable[[int], None] = lambda _rows: None
    written: Callable[[int], None] = lambda _pharmacies: None


def last_whole(register: NationalRegister) -> RegisterImport | None:
    """The newest whole import of this register."""
    found: RegisterImport | None = RegisterImport.objects.filter(register=register).last_whole()
    return found


def attempted(
    row: RegisterSource, source: RegisterAddress, now: datetime, limits: Limits, voice: Voice, *, dry_run: bool
) -> Attempt:
    """One try, whatever happens in it: an error is its outcome."""
    try:
        return _attempt(row, source, now, limits, voice, dry_run=dry_run)
    except RefusedByServer as error:
        return Attempt(NightOutcome.REFUSED, str(error), status=error.status)
    except DownloadFailed as error:
        if error.partial is not None:
            reason = (
                f"{error.partial.name} is not whole: {FLAWS['shorter'][0]}; nothing was imported, the next try goes on"
            )
            return Attempt(NightOutcome.NOT_WHOLE, f"{reason} ({error})", flaw="shorter")
        return Attempt(NightOutcome.NOT_REACHED, str(error))
    except ImportUnderWay:
        return Attempt(NightOutcome.BUSY, "another import is running: nothing was imported")
    except MissingColumns as error:
        return Attempt(NightOutcome.NOT_READ, str(error))
    except NothingRead as error:
        return Attempt(NightOutcome.NOT_READ, f"the file holds no row that can be imported. {error.reason}".strip())
    except OSError as error:
        return Attempt(
            NightOutcome.FAILED, f"a file cannot be written or read: {error.strerror or type(error).__name__}"
        )
    except Exception as error:
        log.exception("the refresh of the register of the %s failed", source.register)
        return Attempt(NightOutcome.FAILED, f"the portal failed ({type(error).__name__}): see its log")


def _attempt(
    row: RegisterSource, source: RegisterAddress, now: datetime, limits: Limits, voice: Voice, *, dry_run: bool
) -> Attempt:
    last = last_whole(source.register)
    found, why_none = _candidates(source, now, last, limits, voice)
    if not found:
        return why_none
    gone: RefusedByServer | None = None
    for candidate in found[:MOST_CANDIDATES]:
        voice.line(f"Downloading {candidate.url}")
        known = Validators(row.etag, row.last_modified) if row.file_url == candidate.url else None
        download = _download(candidate.url, source, limits, limits.file, known)
        try:
            path = download.run()
        except NotModified:
            return Attempt(NightOutcome.UNCHANGED, f"{candidate.name} is still the newest file (304)")
        except RefusedByServer as error:
            if error.status not in GONE:
                raise
            voice.line(f"  {error}")
            gone = error
            continue
        try:
            return _taken(row, source, candidate, download, path, last, now, voice, dry_run=dry_run)
        finally:
            download.forget()
    raise gone or DownloadFailed("No file was found.")


def _candidates(
    source: RegisterAddress, now: datetime, last: RegisterImport | None, limits: Limits, voice: Voice
) -> tuple[list[Candidate], Attempt]:
    """The files to try, the newest first, none older than the last whole import; with the result when there is none."""
    today = now.astimezone(ROME).date()
    oldest = day_in_name(last.file) if last is not None else None
    if source.is_pattern:
        return source.dated(today, oldest), Attempt(NightOutcome.OLDER, "the last import is of a later day")
    voice.line(f"Reading {source.address}")
    download = _download(
        source.address, source, Limits(limits.page, limits.page, limits.lease, LARGEST_PAGE), limits.page
    )
    try:
        body = download.run().read_bytes()
    except DownloadFailed as error:
        error.partial = None  # a page in pieces is no file in pieces
        raise
    finally:
        download.forget()
    links = links_of(body, download.final_url, source, today)
    if not links.candidates:
        reason = f"the page names no file of the register of the {source.register} ({links})"
        return [], Attempt(NightOutcome.NO_FILE, reason)
    newest = links.candidates[0].name
    candidates = [one for one in links.candidates if oldest is None or one.day >= oldest]
    return candidates, Attempt(
        NightOutcome.OLDER, f"the newest file of the page, {newest}, is older than the last import"
    )


def _download(
    url: str, source: RegisterAddress, limits: Limits, longest: float, known: Validators | None = None
) -> Download:
    return Download(
        url, settings.VAR_DIR / "downloads", largest=limits.largest, pauses=SHORT_PAUSES, longest=longest, known=known,
        hosts=source.hosts,
    )  # fmt: skip


def _taken(
    row: RegisterSource,
    source: RegisterAddress,
    candidate: Candidate,
    download: Download,
    path: Path,
    last: RegisterImport | None,
    now: datetime,
    voice: Voice,
    *,
    dry_run: bool,
) -> Attempt:
    """Imports the downloaded file, unless its bytes are those of the last one. Raises as import_register."""
    name = candidate.name
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    facts: dict[str, Any] = {"file": name, "digest": digest, "url": candidate.url, "validators": download.validators}
    if (row.file, row.digest) == (name, digest):
        if last is not None and last.file == name:
            return Attempt(NightOutcome.UNCHANGED, f"{name} is still the newest file", **facts)
        if row.flaw and row.flaw != "no_length":
            return Attempt(NightOutcome.NOT_WHOLE, _not_whole(name, row.flaw), **facts, flaw=row.flaw)
    voice.line(f"  {path.stat().st_size / MEGABYTE:.1f} MB")
    report = import_register(
        path,
        now,
        dry_run=dry_run,
        doubt=download.doubt,
        only=source.register,
        progress=voice.rows,
        writing=voice.written,
    )
    kept = None if dry_run else _kept(path, source.register, whole=report.is_whole)
    facts |= {"report": report, "kept": kept, "flaw": report.flaw}
    if report.is_whole:
        return Attempt(NightOutcome.IMPORTED, f"{name} was imported", **facts)
    return Attempt(NightOutcome.NOT_WHOLE, _not_whole(name, report.flaw), **facts)


def _not_whole(name: str, flaw: str) -> str:
    return f"{name} is not whole: {FLAWS[flaw][0]}; its rows were imported, it closed nothing"


def _kept(path: Path, register: NationalRegister, *, whole: bool) -> Path | None:
    try:
        return keeping.keep(path, register, whole=whole)
    except OSError:  # the import is done: only the copy on the disk is missing
        log.exception("the file of the register cannot be kept")
        return None
