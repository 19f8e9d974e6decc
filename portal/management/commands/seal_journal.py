from typing import Any

from django.core.management.base import BaseCommand

from portal.journal.models import CHAIN
from portal.time import database_clock


class Command(BaseCommand):
    help = "Chains the lines of the journal that are not chained yet. The timetable runs it every minute."

    def handle(self, *args: Any, **options: Any) -> None:
        sealed = CHAIN.seal(database_clock.now_to_write())
        self.stdout.write(f"Sealed: {sealed}. Newest link: {CHAIN.head() or 'none'}")
