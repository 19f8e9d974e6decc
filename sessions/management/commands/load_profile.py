"""`manage.py load_profile NAME|FILE [--check]`: writes the contexts of a region's profile, or says what it would write."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.time import database_clock
from sessions.staff.region_profiles import ProfileRefused, load_profile, read_profile, shipped_names


class Command(BaseCommand):
    help = (
        "Writes the contexts of a region: one of the shipped profiles by name, or a TOML file (docs/profiles.md). It changes the "
        "contexts that the file names and takes none away. Idempotent. Exit code 1: the file was refused, nothing was written."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("profile", metavar="NAME|FILE", help=f"{', '.join(shipped_names())}, or a path.")
        parser.add_argument("--check", action="store_true", help="Checks the file and prints what it would change.")

    def handle(self, *args: Any, profile: str, check: bool, **options: Any) -> None:
        try:
            found = read_profile(profile)
            lines = load_profile(found, database_clock.now(), dry_run=check)
        except ProfileRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        for line in lines:
            self.stdout.write(f"  {line}")
        done = "nothing to change" if not lines else "would change" if check else "written"
        self.stdout.write(f"{found.name}: {len(found.contexts)} contexts, {done}.")
