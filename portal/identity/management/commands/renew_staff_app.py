"""`manage.py renew_staff_app`: a new authenticator app after a lost or changed telephone.

Deletes the old app, closes every open session, and journals the act as one from the terminal.
"""

from argparse import ArgumentParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from portal.database.claims import hold
from portal.identity.models import StaffSession, StaffTotp, User
from portal.identity.models.staff import forget_apps
from portal.identity.models.staff_passkey import forget_passkeys
from portal.journal.models import record
from portal.time import database_clock


class Command(BaseCommand):
    help = "Gives a member of the staff a new authenticator app, prints its secret once; the old app stops working, open sessions end."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"], is_staff=True).first()
        if user is None:
            raise CommandError(f"There is no member of the staff {options['username']}.")
        with transaction.atomic():
            now = database_clock.real_now_to_write()
            hold(User.objects.filter(pk=user.pk))
            forget_apps(user)
            forget_passkeys(user)
            StaffSession.objects.filter(user=user).close(now)
            _, url = StaffTotp.enrol(user)
            record("staff.app_renewed", now=now, subject=user, name=user.username)
        self.stdout.write(once(url))


def once(url: str) -> str:
    """The message with the secret and the otpauth URL for the app."""
    secret = parse_qs(urlsplit(url).query)["secret"][0]
    return f"Add this to the authenticator app now: it is not shown again.\n  secret:  {secret}\n  address: {url}"
