"""`manage.py create_staff`: a member of the staff with password and authenticator app."""

import getpass
import warnings
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from portal.identity.known_places import what_is_wrong
from portal.identity.management.commands.renew_staff_app import once
from portal.identity.models import StaffTotp, User
from portal.identity.roles import StaffRole
from portal.identity.staff.accounts import rights_of
from portal.identity.staff.passwords import first_fault
from portal.journal.models import record
from portal.time import database_clock
from portal.values import codice_fiscale

EVERYWHERE = "tutta-italia"


class Command(BaseCommand):
    help = "Creates a member of the staff: asks for the password, prints once the secret for the authenticator app."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--given-name", required=True)
        parser.add_argument("--family-name", required=True)
        parser.add_argument(
            "--territory",
            nargs="+",
            default=[],
            metavar="CODE",
            help=f"needed: {EVERYWHERE}, or codes of regions (042) and of ASL (010-301)",
        )
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
        places = _places(options["territory"])
        names = {"given_name": options["given_name"], "family_name": options["family_name"]}
        password = _new_password(User(username=username, **names))
        with transaction.atomic():
            user = User.objects.create_staff(
                username,
                password,
                **names,
                roles=options["role"],
                whole_nation=not places,
            )
            user.limited_to = places
            user.save(update_fields=["limited_to"])
            _, url = StaffTotp.enrol(user)
            record(
                "staff.created",
                now=database_clock.real_now_to_write(),
                subject=user,
                name=username,
                rights=rights_of(user),
            )
        self.stdout.write(f"{user.full_name} can sign in as {username}.")
        self.stdout.write(once(url))


def _new_password(user: User) -> str:
    """The password typed twice. Raises CommandError when the rule for operators' passwords refuses it."""
    password = _typed("Password: ")
    if fault := first_fault(password, user):
        raise CommandError(" ".join(fault.messages))
    if _typed("Again: ") != password:
        raise CommandError("The two passwords differ.")
    return password


def _places(territory: str | list[str]) -> list[str]:
    """The codes of `--territory`; empty for the whole nation, which is written as a word. Raises CommandError."""
    codes = " ".join([territory] if isinstance(territory, str) else territory).replace(",", " ").split()
    if not codes:
        raise CommandError(
            f"--territory is missing: write {EVERYWHERE} for the whole nation, or codes of regions (042) and of ASL (010-301)."
        )
    if EVERYWHERE in codes and len(codes) > 1:
        raise CommandError(f"--territory has {EVERYWHERE} and other codes: write the one or the others.")
    if codes == [EVERYWHERE]:
        return []
    if wrong := what_is_wrong(codes):
        raise CommandError(wrong)
    return sorted(set(codes))


def _typed(prompt: str) -> str:
    """Reads a password without echo. Raises CommandError without a terminal."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(prompt)
    except (getpass.GetPassWarning, EOFError) as error:
        raise CommandError("The password is typed at a terminal: run this command in one.") from error
