from typing import Any

from django.core.management.base import BaseCommand

from portal.time import database_clock
from sessions.reminders import sending


class Command(BaseCommand):
    help = "Writes the letters about ids that expire or have expired, as the timetable does: one batch after the other."

    def handle(self, *args: Any, **options: Any) -> None:
        now, total = database_clock.now_to_write(), 0
        while settled := sending.send_due(now):
            total += settled
        self.stdout.write(f"Reminders settled: {total}.")
