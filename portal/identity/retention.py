"""Which rows of logins, staff and identity providers are forgotten, and when."""

from datetime import datetime

from django.contrib.sessions.models import Session

from portal.database.outdated import Outdated
from portal.identity.models import (
    LoginRecord,
    LoginTransaction,
    PasswordFailure,
    RegisteredProvider,
    RegistryReading,
    StaffRecoveryCode,
    StaffSession,
)

# In this order: records protect their login.
KEPT = (
    Outdated("login records", LoginRecord.objects.forgettable),
    Outdated("abandoned logins", LoginTransaction.objects.forgettable),
    Outdated("wrong passwords", PasswordFailure.objects.forgettable),
    Outdated("sessions of the staff", StaffSession.objects.forgettable),
    Outdated("used recovery codes", StaffRecoveryCode.objects.forgettable),
    Outdated("expired sessions", lambda now: Session.objects.filter(expire_date__lt=now)),
    Outdated("readings of registries", RegistryReading.objects.forgettable),
    Outdated("replaced providers", RegisteredProvider.objects.forgettable),
)


def purge_logins(now: datetime) -> dict[str, int]:
    """Deletes what is no longer needed, a batch at a time; how many rows of each kind."""
    return {kind.name: sum(kind.forget(now)) for kind in KEPT}
