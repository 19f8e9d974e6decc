from typing import Any

from django.core.management.base import BaseCommand

from portal.time import database_clock
from sessions.webhooks import calls


class Command(BaseCommand):
    help = "Makes the calls to the gestionali that are due, as the timetable does."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Calls taken: {calls.call_due(database_clock.now_to_write())}.")
