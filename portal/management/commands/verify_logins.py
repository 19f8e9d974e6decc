"""`manage.py verify_logins`: as verify_journal, the chain of the records of the logins."""

from portal.identity.models import LOGINS
from portal.management.commands import verify_journal


class Command(verify_journal.Command):
    help = "Checks that nobody changed the records of the logins. Exit code 0: they hold; 1: they do not."
    chain = LOGINS
    named = "chain of the logins"
