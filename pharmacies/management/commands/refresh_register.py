"""`manage.py refresh_register [farmacie|parafarmacie ...]`: finds, downloads and imports the newest file of each register."""

from argparse import ArgumentTypeError
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pharmacies.files.import_command import MEGABYTE, NOT_WHOLE, NOTHING, UNDER_WAY
from pharmacies.files.lock import ImportUnderWay
from pharmacies.models import NationalRegister, RegisterSource
from pharmacies.models.register_source import NightOutcome
from pharmacies.register.nightly.age import ages
from pharmacies.register.nightly.attempt import OF_A_COMMAND, Attempt, Limits, Voice
from pharmacies.register.nightly.keeping import folder_of, kept_file
from pharmacies.register.nightly.refresh import leased_until, refresh_now, rehearse
from pharmacies.register.nightly.sources import SETTING, RegisterAddress, source_of
from portal.time import database_clock
from portal.time.clock import ROME


class Command(BaseCommand):
    help = (
        "Finds the newest file of each register (all that are configured, or those named) at the address of its setting, "
        "downloads it unless it is the one of the last time, and imports it. The timetable does the same once a night. "
        "Settings: REGISTER_FARMACIE_URL, REGISTER_PARAFARMACIE_URL (a page with links, or an address with {YYYYMMDD}), "
        "REGISTER_HOSTS, REGISTER_USER_AGENT. Exit code 1: nothing was imported (site refuses or is not reached, no file, "
        "another file). 3: the file is not whole, so it closed nothing. 4: another worker refreshes this register, or "
        "another import is running. Of several registers the worst counts: 1, then 3, then 4."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "registers",
            nargs="*",
            metavar="farmacie|parafarmacie",
            type=_register,
            help="default: all that are configured",
        )
        parser.add_argument("--dry-run", action="store_true", help="Download and count, and change nothing.")
        parser.add_argument(
            "--check",
            action="store_true",
            help="Call no site: print how old each register is. Exit code 1: one is stale.",
        )
        parser.add_argument(
            "--largest", type=int, default=100, metavar="MB", help="Refuse a larger download (%(default)s)."
        )

    def handle(self, *args: Any, registers: list[NationalRegister], dry_run: bool, **options: Any) -> None:
        self.quiet = options["verbosity"] == 0
        if options["check"]:
            self._check(database_clock.now())
            return
        now = database_clock.now_to_write()
        limits = Limits(OF_A_COMMAND.page, OF_A_COMMAND.file, OF_A_COMMAND.lease, options["largest"] * MEGABYTE)
        codes = {self._refresh(source, now, limits, dry_run=dry_run) for source in self._sources(registers)}
        for age in ages(now):
            self.stdout.write(f"{age.register}: {'STALE: ' if age.is_stale else ''}{age.age_words}.")
        for code in (NOTHING, NOT_WHOLE, UNDER_WAY):
            if code in codes:
                raise CommandError("Not every register was refreshed: the reason stands above.", returncode=code)

    def _sources(self, registers: list[NationalRegister]) -> list[RegisterAddress]:
        found = []
        for register in registers or NationalRegister:
            source = source_of(register)
            if source is not None:
                found.append(source)
            elif registers:
                raise CommandError(
                    f"{SETTING[register]} is not set: the portal does not know where to look for this register."
                )
            else:
                self._say(f"{register}: {SETTING[register]} is not set, so the portal does not refresh this register.")
        if not found:
            names = " or ".join(SETTING.values())
            raise CommandError(f"The refresh of the register is not configured: set {names} (docs/register.md).")
        return found

    def _refresh(self, source: RegisterAddress, now: datetime, limits: Limits, *, dry_run: bool) -> int:
        voice = Voice(
            self._say,
            lambda rows: self._say(f"  {rows:>9,} rows read"),
            lambda pharmacies: self._say(f"  {pharmacies:>9,} pharmacies written"),
        )
        try:
            attempt = (rehearse if dry_run else refresh_now)(source, now, limits, voice)
        except ImportUnderWay:
            until = leased_until(source.register)
            ends = f" If it was killed, wait until {until.astimezone(ROME):%H:%M} (Rome)." if until else ""
            self.stderr.write(
                self.style.ERROR(f"{source.register}: another worker is refreshing it: nothing was done.{ends}")
            )
            return UNDER_WAY
        return self._print(source.register, attempt, dry_run=dry_run)

    def _print(self, register: NationalRegister, attempt: Attempt, *, dry_run: bool) -> int:
        went_well = attempt.outcome in RegisterSource.WENT_WELL
        line = f"{register}: {attempt.detail.rstrip('.')}." + (" (Nothing was written.)" if dry_run else "")
        (self.stdout if went_well else self.stderr).write(line if went_well else self.style.ERROR(line))
        if attempt.report is not None:
            for name, count in attempt.report.counts().items():
                self.stdout.write(f"  {name:<12}{count:>8,}")
        if attempt.kept is not None:
            self.stdout.write(f"  kept in {attempt.kept.parent}")
        if went_well:
            return 0
        return {NightOutcome.NOT_WHOLE: NOT_WHOLE, NightOutcome.BUSY: UNDER_WAY}.get(attempt.outcome, NOTHING)

    def _check(self, now: datetime) -> None:
        found = ages(now)
        if not found:
            self.stdout.write("No register is configured, and none was ever imported.")
        for age in found:
            self.stdout.write(f"{age.register}: {'STALE: ' if age.is_stale else ''}{age.words}.")
            kept = kept_file(age.register)
            self.stdout.write(
                f"  {age.register}: kept here: {kept or 'nothing in ' + str(folder_of(age.register, whole=True))}"
            )
            if age.is_configured and age.night is not None:
                self.stdout.write(
                    f"  {age.register}: next try {age.night.next_check_at.astimezone(ROME):%Y-%m-%d %H:%M} (Rome)"
                )
        if any(age.is_stale for age in found):
            raise CommandError("A register is stale.", returncode=NOTHING)

    def _say(self, line: str) -> None:
        if not self.quiet:
            self.stderr.write(line)


def _register(word: str) -> NationalRegister:
    """Raises ArgumentTypeError (exit code 2) for another word."""
    if word not in NationalRegister.values:
        raise ArgumentTypeError(f"{word[:40]!r} is no register: {', '.join(NationalRegister.values)}")
    return NationalRegister(word)
