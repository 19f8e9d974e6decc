"""`manage.py verify_logins`: verifies the chain of the login records, as verify_journal does for the journal."""

from portal.identity.models import LOGINS
from portal.management.commands import verify_journal


class Command(verify_journal.Command):
    help = "Verifies the chain of the login records. Exit code 0: it holds; 1: it does not, and the output shows where."
    chain = LOGINS
    named = "chain of the logins"
