"""What is forgotten, and when: abandoned logins after a day, records and sessions of the staff after 24 months, wrong passwords after 15 minutes,
sessions of the portal once they have expired."""

from datetime import datetime

from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction

from portal.identity.models import LoginRecord, LoginTransaction, PasswordFailure, RegistryReading, StaffSession


@transaction.atomic
def purge_logins(now: datetime) -> dict[str, int]:
    """Deletes what is no longer needed (expired sessions and old readings of the registries too, uncounted); returns how many rows of each kind. Records go first: they protect their login."""
    SessionStore.clear_expired()
    RegistryReading.objects.forgettable(now).delete()
    return {
        "records": LoginRecord.objects.forgettable(now).delete()[0],
        "logins": LoginTransaction.objects.forgettable(now).delete()[0],
        "failures": PasswordFailure.objects.forgettable(now).delete()[0],
        "staff sessions": StaffSession.objects.forgettable(now).delete()[0],
    }
