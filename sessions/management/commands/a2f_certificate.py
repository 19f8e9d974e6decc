"""`manage.py a2f_certificate`: the certificates with which the gestionali encrypt the pincode."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from portal.time import database_clock
from sessions.credentials import certificates
from sessions.models import PincodeCertificate

LONGEST_DAYS = 3650
AFTERWARDS = """Gestionali download it from {url} ; those that use its predecessor keep working.
When they have all changed: manage.py a2f_certificate retire {predecessor}"""
KEY_ELSEWHERE = (
    "Its private key is not in the database: the portal reads it from A2F_PRIVATE_KEY or A2F_PRIVATE_KEY_FILE."
)


class Command(BaseCommand):
    help = (
        "Makes, lists and retires the certificates that encrypt the pincode (RSA 1,536 bits). Two may be live at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True, metavar="new|list|retire")
        new = acts.add_parser("new", help="make one; it is published at once")
        new.add_argument("--days", type=int, default=certificates.DAYS, help="validity (default %(default)s)")
        new.add_argument("--common-name", default=certificates.COMMON_NAME, help='default "%(default)s"')
        new.add_argument(
            "--key-file",
            type=Path,
            help="PEM of an RSA private key of 1,536 bits that stays out of the database; without it, a key is made and sealed",
        )
        acts.add_parser("list", help="all of them, the newest first")
        retire = acts.add_parser("retire", help="take one out of service; its private key is wiped")
        retire.add_argument("serial", help="its serial number, as `list` prints it")
        retire.add_argument("--even-the-last", action="store_true", help="also when no other is live")

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        try:
            {"new": self._new, "list": self._list, "retire": self._retire}[act](options)
        except certificates.CertificateRefused as refusal:
            raise CommandError(str(type(refusal).__doc__)) from refusal

    def _new(self, options: dict[str, Any]) -> None:
        if not 1 <= options["days"] <= LONGEST_DAYS:
            raise CommandError(f"--days must be from 1 to {LONGEST_DAYS}.")
        if not 1 <= len(options["common_name"]) <= certificates.LONGEST_COMMON_NAME:
            raise CommandError(f"--common-name must have 1 to {certificates.LONGEST_COMMON_NAME} characters.")
        now, key_file = database_clock.now_to_write(), options["key_file"]
        predecessor = PincodeCertificate.objects.live(now).first()
        row = certificates.make(
            now,
            days=options["days"],
            common_name=options["common_name"],
            key_pem=None if key_file is None else self._read(key_file),
        )
        self.stdout.write(f"New certificate {row.serial}\nvalid until {row.valid_until:%Y-%m-%d}")
        self.stdout.write(f"SHA-256 {certificates.Published.of(row).sha256}")
        if key_file is not None:
            self.stdout.write(KEY_ELSEWHERE)
        if predecessor is not None:
            url = settings.PORTAL_URL + reverse("a2f:certificate")
            self.stdout.write(AFTERWARDS.format(url=url, predecessor=predecessor.serial))

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise CommandError(
                f"{path} cannot be read. To make a key: openssl genrsa -out FILE {certificates.BITS}"
            ) from error

    def _list(self, options: dict[str, Any]) -> None:
        now = database_clock.now()
        rows = list(PincodeCertificate.objects.order_by("-valid_from", "-pk"))
        if not rows:
            self.stdout.write("No certificate yet: manage.py a2f_certificate new")
        for row in rows:
            key = "key sealed here" if row.sealed_key else "no key" if row.retired_at else "key kept elsewhere"
            self.stdout.write(
                f"{row.serial:40}  {row.valid_from:%Y-%m-%d} to {row.valid_until:%Y-%m-%d}  {_state(row, now)}, {key}"
            )

    def _retire(self, options: dict[str, Any]) -> None:
        row = certificates.retire(
            options["serial"], database_clock.now_to_write(), even_the_last=options["even_the_last"]
        )
        self.stdout.write(f"Certificate {row.serial} is retired: what it encrypted is not read any more.")


def _state(row: PincodeCertificate, now: datetime) -> str:
    if row.retired_at is not None:
        return f"retired {row.retired_at:%Y-%m-%d}"
    if row.valid_until <= now:
        return "expired"
    return f"live, {-((now - row.valid_until) // timedelta(days=1))} days left"
