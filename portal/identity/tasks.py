"""What the timetable wakes."""

import logging

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from portal.identity import purge, registry
from portal.identity.models import LOGINS
from portal.identity.registry_check import saml_doors

logger = logging.getLogger(__name__)


@shared_task
def purge_logins() -> None:
    purge.purge_logins(timezone.now())


@shared_task
def seal_logins() -> None:
    LOGINS.seal(timezone.now())


@shared_task
def refresh_identity_providers() -> None:
    """Of each way in whose registry signs with a certificate that the settings name."""
    for door in saml_doors():
        _, certificate = settings.IDENTITY_REGISTRIES.get(door.key, ("", ""))
        if not certificate:
            continue
        try:
            registry.refresh(door.key, timezone.now())
        except registry.NotTaken as error:
            logger.error("the registry of %s was not taken: %s", door.key, error)
