from pathlib import Path
from typing import Any

from cryptography import x509
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.identity.providers.cns import sources, trust_list
from portal.identity.providers.cns.sources import RefreshFailed
from portal.time import database_clock


class Command(BaseCommand):
    help = (
        "Reads the trust list (CNS_TRUST_LIST) with the authorities that issue TS-CNS, verifies its signature with "
        "CNS_TRUST_LIST_SIGNERS and writes ca.pem in CNS_FOLDER. On any error the present file stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["refresh"])

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = settings.CNS_FOLDER / "ca.pem"
        try:
            found = trust_list.read(sources.fetched(settings.CNS_TRUST_LIST), _signers(), database_clock.real_now())
            before = path.read_bytes() if path.exists() else b""
            if found.number < trust_list.number_of(before):
                raise RefreshFailed("The trust list is older than the source of ca.pem.")
            sources.replace(path, found.bundle())
        except (RefreshFailed, OSError) as error:
            raise CommandError(f"{error} {path} is unchanged.") from error
        self.stdout.write(
            f"{len(found.authorities)} authorities from list {found.number}, good until {found.next_update:%Y-%m-%d}, in {path}"
        )
        self.stdout.write("Now run `cns_crl refresh`, then reload nginx: nginx -s reload")


def _signers() -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(settings.CNS_TRUST_LIST_SIGNERS.encode())
    except ValueError as error:
        raise RefreshFailed(
            "CNS_TRUST_LIST_SIGNERS must hold the certificates that may sign the list, in PEM."
        ) from error
