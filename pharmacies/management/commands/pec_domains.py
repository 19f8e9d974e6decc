"""`manage.py pec_domains add|remove|list`: edits the PEC domains that this portal has in addition to the shipped list."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from pharmacies.addresses import pec
from pharmacies.addresses.examination import is_well_known
from pharmacies.models import MailCertification, PecDomain
from portal.journal.models import record
from portal.time import database_clock
from portal.values.mail_address import ascii_domain


class Command(BaseCommand):
    help = (
        "Adds domains of certified mail (PEC) to the shipped list, removes added ones, or lists them. They are stored in the "
        "database, so an upgrade keeps them. Subdomains count too. Domains come as arguments or from a file, one per line."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["add", "remove", "list"])
        parser.add_argument("domains", nargs="*", metavar="DOMAIN")
        parser.add_argument("--file", type=Path, help="One domain per line; # begins a comment.")
        parser.add_argument(
            "--even-if-used", action="store_true", help="Add the domain even when certified addresses use it."
        )

    def handle(self, *args: Any, act: str, domains: list[str], **options: Any) -> None:
        if act == "list":
            for row in PecDomain.objects.all():
                self.stdout.write(row.domain)
            return
        wanted = sorted({_domain(text) for text in [*domains, *_lines(options["file"])]})
        if not wanted:
            raise CommandError("Name at least one domain.")
        with transaction.atomic():
            changed = self._add(wanted, options["even_if_used"]) if act == "add" else self._remove(wanted)
        self.stdout.write(f"{len(changed)} {'added' if act == 'add' else 'removed'}: {', '.join(changed) or 'none'}")

    def _add(self, wanted: list[str], even_if_used: bool) -> list[str]:
        now, added = database_clock.now_to_write(), []
        for domain in wanted:
            if is_well_known(domain):
                raise CommandError(f"{domain} is a provider of ordinary mailboxes.")
            used = MailCertification.objects.current().filter(address_key__iregex=rf"[@.]{_escaped(domain)}$").count()
            if used and not even_if_used:
                raise CommandError(f"{used} certified addresses use {domain}: --even-if-used adds it anyway.")
            if not pec.is_pec(domain) and PecDomain.objects.get_or_create(domain=domain, defaults={"added_at": now})[1]:
                record("pec.added", now=now, domain=domain)
                added.append(domain)
        return added

    def _remove(self, wanted: list[str]) -> list[str]:
        removed = [domain for domain in wanted if PecDomain.objects.filter(domain=domain).delete()[0]]
        for domain in removed:
            record("pec.removed", now=database_clock.now_to_write(), domain=domain)
        return removed


def _domain(text: str) -> str:
    """Returns the domain in ASCII. Raises CommandError."""
    try:
        domain = ascii_domain(text.strip().rpartition("@")[2].strip("."))
    except ValueError:
        domain = ""
    if "." not in domain or not domain.replace(".", "").replace("-", "").isalnum():
        raise CommandError(f"Not a domain: {text.strip()[:80]}")
    return domain


def _lines(file: Path | None) -> list[str]:
    """Returns the lines without comments and blank lines. Raises CommandError."""
    if file is None:
        return []
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The file cannot be read: {type(error).__name__}.") from error
    return [line for line in (raw.partition("#")[0].strip() for raw in text.splitlines()) if line]


def _escaped(domain: str) -> str:
    return domain.replace(".", r"\.")
