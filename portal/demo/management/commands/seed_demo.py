"""`manage.py seed_demo`: fills the demonstration with invented pharmacies, people and ids. Idempotent."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.demo import gestionale
from portal.demo.seed import seeding
from portal.time import database_clock
from sessions.credentials import certificates


class Command(BaseCommand):
    help = "Fills the demonstration with invented data. Running it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--refresh",
            action="store_true",
            help="Give the pharmacies new ids of an ordinary day, relative to now.",
        )

    def handle(self, *args: Any, refresh: bool, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Invented data belongs to the demonstration only (PORTAL_MODE=demo).")
        try:
            seeding.must_be_ours()
        except seeding.NotOurs as refusal:
            raise CommandError(" ".join(str(refusal.__doc__).split())) from refusal
        now = database_clock.now()
        certificates.ensure_one(now)
        gestionale.find_again()
        if seeding.is_seeded() and not refresh:
            self.stdout.write("Already seeded: nothing to do (--refresh makes new ids for today).")
            return
        there = seeding.refresh(now) if seeding.is_seeded() else seeding.seed(now)
        self.stdout.write(
            f"Invented: {there.pharmacies} pharmacies, {there.certified} with a certified address, {there.ids} ids."
        )
