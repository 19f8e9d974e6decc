"""Retention of logins, staff sessions and identity providers: which rows are deleted, and when."""

from datetime import datetime

from django.contrib.sessions.models import Session

from portal.database.outdated import Outdated
from portal.identity.models import (
    LoginRecord,
    LoginTransaction,
    PasswordFailure,
    PersonSession,
    RegisteredProvider,
    RegistryReading,
    StaffRecoveryCode,
    StaffSession,
)

# The order matters: a record protects (PROTECT) its login, so records go first.
KEPT = (
    Outdated("login records", LoginRecord.objects.forgettable),
    Outdated("abandoned logins", LoginTransaction.objects.forgettable),
    Outdated("wrong passwords", PasswordFailure.objects.forgettable),
    Outdated("sessions of the staff", StaffSession.objects.forgettable),
    Outdated("sessions of people", PersonSession.objects.forgettable),
    Outdated("used recovery codes", StaffRecoveryCode.objects.forgettable),
    Outdated("expired sessions", lambda now: Session.objects.filter(expire_date__lt=now)),
    Outdated("readings of registries", RegistryReading.objects.forgettable),
    Outdated("replaced providers", RegisteredProvider.objects.forgettable),
)


def purge_logins(now: datetime) -> dict[str, int]:
    """Deletes outdated rows in batches; returns the number of deleted rows of each kind."""
    return {kind.name: sum(kind.forget(now)) for kind in KEPT}
