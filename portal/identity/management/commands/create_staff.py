"""`manage.py create_staff`: a member of the staff with password and authenticator app."""

import getpass
import warnings
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from portal.identity.management.commands.renew_staff_app import once
from portal.identity.models import StaffTotp, User
from portal.identity.roles import StaffRole
from portal.identity.staff.accounts import rights_of
from portal.journal.models import record
from portal.time import database_clock
from portal.values import codice_fiscale

SHORTEST_PASSWORD = 12  # characters


class Command(BaseCommand):
    help = "Creates a member of the staff: asks for the password, prints once the secret for the authenticator app."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--given-name", required=True)
        parser.add_argument("--family-name", required=True)
        parser.add_argument(
            "--role",
            action="append",
            choices=StaffRole.values,
            default=[],
            help="a role, may be repeated; without any, every staff page answers 403",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        username = options["username"].strip()
        if codice_fiscale.is_valid(username.upper()):
            raise CommandError("A codice fiscale is not a username: people enter with their digital identity.")
        if User.objects.filter(username=username).exists():
            raise CommandError(f"There is already a user {username}.")
        password = self._new_password()
        with transaction.atomic():
            user = User.objects.create_staff(
                username, password, options["given_name"], options["family_name"], roles=options["role"]
            )
            _, url = StaffTotp.enrol(user)
            record(
                "staff.created", now=database_clock.now_to_write(), subject=user, name=username, rights=rights_of(user)
            )
        self.stdout.write(f"{user.full_name} can sign in as {username}.")
        self.stdout.write(once(url))

    def _new_password(self) -> str:
        password = _typed("Password: ")
        if len(password) < SHORTEST_PASSWORD:
            raise CommandError(f"The password needs {SHORTEST_PASSWORD} characters or more.")
        if _typed("Again: ") != password:
            raise CommandError("The two passwords differ.")
        return password


def _typed(prompt: str) -> str:
    """Reads a password without echo. Raises CommandError without a terminal."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(prompt)
    except (getpass.GetPassWarning, EOFError) as error:
        raise CommandError("The password is typed at a terminal: run this command in one.") from error
