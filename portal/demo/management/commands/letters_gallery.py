"""`manage.py letters_gallery [FILE]`: renders every letter of the portal into one local page."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction

from portal.demo.gallery.letters import gallery_letters
from portal.demo.gallery.page import gallery_page


class Command(BaseCommand):
    help = "Writes a page with every letter at 600 and 320 px, light and dark. Uses a database of its own, which it deletes."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", nargs="?", type=Path, default=Path("letters.html"), help="default: letters.html here"
        )

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        before = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            with transaction.atomic():
                letters = gallery_letters()
                transaction.set_rollback(True)  # so that no letter wakes a worker
            file.write_text(gallery_page(letters), encoding="utf-8")
        finally:
            connection.creation.destroy_test_db(str(before), verbosity=0)
        self.stdout.write(f"{len(letters)} letters: {file.resolve().as_uri()}")
