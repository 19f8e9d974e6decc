from typing import Any

from django.core.management.base import BaseCommand

from portal.time import database_clock
from sessions.ids import forgetting


class Command(BaseCommand):
    help = "Wipes the sealed copies of the ids that are revoked or expired, as the timetable does."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Ids forgotten: {forgetting.forget_dead(database_clock.now_to_write())}.")
