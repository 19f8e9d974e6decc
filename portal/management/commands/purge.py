"""`manage.py purge`: deletes rows whose retention is over. The timetable does the same every ten minutes."""

from argparse import ArgumentParser
from collections import deque
from typing import Any

from django.core.management.base import BaseCommand

from portal.identity import retention as identity
from portal.journal.models import Entry
from portal.time import database_clock
from sessions import retention


class Command(BaseCommand):
    help = (
        "Deletes rows whose retention is over; docs/data.md holds the rule of each table. Deleted lines of the journal leave"
        " their links, so that verify_journal still succeeds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count the rows, delete nothing")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        now = database_clock.now_to_write()
        due = {
            "lines of the journal": Entry.objects.forgettable(now).count(),
            **{
                kind.name: kind.forgettable(now).count()
                for kind in (*identity.KEPT, *retention.KEPT, *retention.OUTDATED)
            },
        }
        if not dry_run:
            identity.purge_logins(now)
            Entry.objects.forget(now)
            deque(retention.forget(now), maxlen=0)
        for kind, count in due.items():
            self.stdout.write(f"{kind:<22}{count:>10}")
        self.stdout.write("Nothing was forgotten (--dry-run)." if dry_run else "Forgotten.")
