from typing import Any

from django.core.management.base import BaseCommand

from portal.journal.models import CHAIN
from portal.time import database_clock


class Command(BaseCommand):
    help = (
        "Seals the lines of the journal that have no link in the chain yet. The timetable does the same every minute."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        sealed = CHAIN.seal(database_clock.now_to_write())
        self.stdout.write(f"Sealed: {sealed}. Newest link: {CHAIN.head() or 'none'}")
