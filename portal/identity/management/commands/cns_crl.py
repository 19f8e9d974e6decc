from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.identity.providers.cns import revocations, sources
from portal.identity.providers.cns.sources import RefreshFailed
from portal.time import database_clock


class Command(BaseCommand):
    help = (
        "Reads the revocation lists (CRL) of CNS_REVOCATION_LISTS, verifies each with the authorities of ca.pem and writes "
        "crl.pem in CNS_FOLDER. When a list fails, its older one stays and the exit code is 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["refresh"])

    def handle(self, *args: Any, **options: Any) -> None:
        now, path = database_clock.real_now(), settings.CNS_FOLDER / "crl.pem"
        if not settings.CNS_REVOCATION_LISTS:
            raise CommandError("CNS_REVOCATION_LISTS names no list.")
        try:
            authorities = x509.load_pem_x509_certificates((settings.CNS_FOLDER / "ca.pem").read_bytes())
            before = revocations.gathered(path.read_bytes(), authorities) if path.exists() else {}
        except (OSError, ValueError, RefreshFailed) as error:
            raise CommandError(f"ca.pem or crl.pem in {settings.CNS_FOLDER} cannot be read: {error}") from error
        lists, failed = self._taken_in(before, authorities, now)
        if lists != before:
            sources.replace(path, revocations.bundle(lists))
            self.stdout.write(f"{len(lists)} lists in {path}. Reload nginx: nginx -s reload")
        self._warn_of_gaps(revocations.taken_until(lists, authorities), now, path)
        if failed:
            raise CommandError(f"{failed} lists failed; their older ones are still there.")

    def _taken_in(
        self, lists: revocations.Lists, authorities: list[x509.Certificate], now: datetime
    ) -> tuple[revocations.Lists, int]:
        failed = 0
        for source in settings.CNS_REVOCATION_LISTS:
            try:
                found = revocations.checked(revocations.parsed(sources.fetched(source)), authorities, now)
                lists = revocations.taken_in(lists, found, authorities)
            except RefreshFailed as error:
                failed += 1
                self.stderr.write(f"{source}: {error}")
        return lists, failed

    def _warn_of_gaps(self, ends: dict[str, datetime | None], now: datetime, path: Path) -> None:
        for name, end in ends.items():
            if end is None:
                self.stderr.write(f"{path} has no list of {name}: nginx refuses its cards.")
            elif end <= now:
                self.stderr.write(f"In {path} the list of {name} is over: nginx refuses its cards.")
