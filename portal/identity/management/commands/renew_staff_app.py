"""A new authenticator app for a member of the staff who lost or changed the telephone; the old one stops working."""

from argparse import ArgumentParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from portal.identity.models import StaffTotp, User


class Command(BaseCommand):
    help = "Gives a member of the staff a new authenticator app, prints its secret once; the old app stops working."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"], is_staff=True).first()
        if user is None:
            raise CommandError(f"There is no member of the staff {options['username']}.")
        with transaction.atomic():
            StaffTotp.objects.filter(user=user).delete()
            _, url = StaffTotp.enrol(user)
        self.stdout.write(once(url))


def once(url: str) -> str:
    """What the operator copies into the app."""
    secret = parse_qs(urlsplit(url).query)["secret"][0]
    return f"Add this to the authenticator app now: it is not shown again.\n  secret:  {secret}\n  address: {url}"
