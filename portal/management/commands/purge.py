"""`manage.py purge`: forgets what is no longer kept. The timetable does the same every ten minutes."""

from argparse import ArgumentParser
from collections import deque
from typing import Any

from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand
from django.utils import timezone

from portal.identity.models import LoginRecord, LoginTransaction, PasswordFailure, StaffSession
from portal.identity.purge import purge_logins
from portal.journal.models import Entry
from sessions import purge


class Command(BaseCommand):
    help = (
        "Forgets login records older than 24 months, abandoned logins, wrong passwords, expired sessions, and the lines of"
        " the journal whose time is over (their links stay, so that verify_journal still holds); ids, reminders, codes and"
        " letters after 24 months, calls to the gestionali after 90 days."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count what would be forgotten, forget nothing")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        now = timezone.now()
        due = {
            "login records": LoginRecord.objects.forgettable(now).count(),
            "abandoned logins": LoginTransaction.objects.forgettable(now).count(),
            "wrong passwords": PasswordFailure.objects.forgettable(now).count(),
            "sessions of the staff": StaffSession.objects.forgettable(now).count(),
            "expired sessions": Session.objects.filter(expire_date__lt=now).count(),
            "lines of the journal": Entry.objects.forgettable(now).count(),
            **{kind.name: kind.forgettable(now).count() for kind in purge.KEPT},
        }
        if not dry_run:
            purge_logins(now)
            Entry.objects.forget(now)
            deque(purge.forget(now), maxlen=0)
        for kind, count in due.items():
            self.stdout.write(f"{kind:<22}{count:>10}")
        self.stdout.write("Nothing was forgotten (--dry-run)." if dry_run else "Forgotten.")
