from typing import Any

from django.core.management.base import BaseCommand

from portal.identity.retention import purge_logins
from portal.time import database_clock


class Command(BaseCommand):
    help = "Deletes abandoned logins, login records older than 24 months and old wrong passwords. The timetable runs it too."

    def handle(self, *args: Any, **options: Any) -> None:
        forgotten = purge_logins(database_clock.real_now_to_write())
        self.stdout.write(", ".join(f"{kind}: {count}" for kind, count in forgotten.items()))
