from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from portal.identity.purge import purge_logins


class Command(BaseCommand):
    help = "Forgets abandoned logins, records older than 24 months and old wrong passwords. The timetable runs it too."

    def handle(self, *args: Any, **options: Any) -> None:
        forgotten = purge_logins(timezone.now())
        self.stdout.write(", ".join(f"{kind}: {count}" for kind, count in forgotten.items()))
