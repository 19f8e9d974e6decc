"""Celery tasks of logins and identity providers; portal/celery.py holds their timetable."""

import logging
from functools import partial

from celery import shared_task

from portal.database.contention import tried_again
from portal.identity import retention
from portal.identity.models import LOGINS
from portal.identity.providers import every_provider
from portal.identity.providers.upkeep import NotTaken
from portal.time import database_clock

logger = logging.getLogger(__name__)


@shared_task
def purge_logins() -> None:
    tried_again(partial(retention.purge_logins, database_clock.real_now()))


@shared_task
def seal_logins() -> None:
    tried_again(partial(LOGINS.seal, database_clock.real_now()))


@shared_task
def refresh_identity_providers() -> None:
    """Refreshes each provider that is due: a SAML registry after six hours, a chain of trust after half of its life."""
    now = database_clock.real_now()
    for provider in every_provider():
        if not provider.refresh_is_due(now):
            continue
        try:
            provider.refresh(now)
        except NotTaken as error:
            logger.error("the refresh of %s was not taken: %s", provider.key, error)
        except Exception:  # a fault of one provider must not leave the others with old keys
            logger.exception("the refresh of %s failed", provider.key)
