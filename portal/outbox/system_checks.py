"""System checks of the settings of the outbox."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def lease_outlives_a_conversation(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """outbox.E001: a lease shorter than four answers of the server could give a letter to two workers. Not in the demonstration."""
    if settings.DEMO or timedelta(seconds=4 * settings.EMAIL_TIMEOUT) < settings.OUTBOX_LEASE:
        return []
    return [Error("OUTBOX_LEASE must be more than four times EMAIL_TIMEOUT.", id="outbox.E001")]
