"""What the timetable wakes."""

import logging
from datetime import timedelta
from functools import partial

from celery import shared_task
from django.conf import settings

from portal.database.contention import tried_again
from portal.identity import retention
from portal.identity.alerts.provider_alerts import oidc_doors, saml_doors
from portal.identity.models import LOGINS, RegistryReading
from portal.identity.providers import registry
from portal.time import database_clock

READ_EVERY = timedelta(hours=6)

logger = logging.getLogger(__name__)


@shared_task
def purge_logins() -> None:
    tried_again(partial(retention.purge_logins, database_clock.now()))


@shared_task
def seal_logins() -> None:
    tried_again(partial(LOGINS.seal, database_clock.now()))


@shared_task
def refresh_identity_providers() -> None:
    """Of each way in whose registry signs with a certificate that the settings name, six hours after the last reading."""
    now = database_clock.now()
    for door in saml_doors():
        _, certificate = settings.IDENTITY_REGISTRIES.get(door.key, ("", ""))
        last = RegistryReading.objects.newest(door.key)
        if not certificate or (last is not None and now - last.at < READ_EVERY):
            continue
        try:
            registry.refresh(door.key, now)
        except registry.NotTaken as error:
            logger.error("the registry of %s was not taken: %s", door.key, error)


@shared_task
def refresh_trust_chains() -> None:
    """Of each way in by OpenID Connect, once half of the life of its chain is over."""
    now = database_clock.now()
    for door in oidc_doors():
        if not door.refresh_is_due(now):
            continue
        try:
            door.refresh(now)
        except registry.NotTaken as error:
            logger.error("the chain of trust of %s was not taken: %s", door.key, error)
