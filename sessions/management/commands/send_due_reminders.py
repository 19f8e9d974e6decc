from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from sessions import reminders


class Command(BaseCommand):
    help = "Writes the letters about ids that expire or have expired, as the timetable does: one batch after the other."

    def handle(self, *args: Any, **options: Any) -> None:
        now, total = timezone.now(), 0
        while settled := reminders.send_due(now):
            total += settled
        self.stdout.write(f"Reminders settled: {total}.")
