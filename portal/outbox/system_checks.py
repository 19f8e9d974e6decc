"""What the clock of the outbox must keep to."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def lease_outlives_a_conversation(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A lease that ends before the server's four answers gives the letter to two workers. The demonstration may shorten it."""
    if settings.DEMO or timedelta(seconds=4 * settings.EMAIL_TIMEOUT) < settings.OUTBOX_LEASE:
        return []
    return [Error("OUTBOX_LEASE must be more than four times EMAIL_TIMEOUT.", id="outbox.E001")]
