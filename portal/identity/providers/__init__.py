"""The providers of settings.IDENTITY_PROVIDERS, in that order."""

from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.utils.module_loading import import_string

from portal.identity.providers.base import Provider
from portal.identity.providers.upkeep import Alert


@lru_cache(maxsize=4)
def _loaded(paths: tuple[str, ...]) -> dict[str, Provider]:
    providers: list[Provider] = [import_string(path)() for path in paths]
    return {provider.key: provider for provider in providers}


def every_provider() -> list[Provider]:
    return list(_loaded(tuple(settings.IDENTITY_PROVIDERS)).values())


def provider_of(key: str) -> Provider | None:
    """The provider with this key (the segment of the path); None when the settings name none."""
    return _loaded(tuple(settings.IDENTITY_PROVIDERS)).get(key)


def every_alert(now: datetime) -> list[Alert]:
    """Returns the alerts of all providers, in the order of the settings."""
    return [alert for provider in every_provider() for alert in provider.alerts(now)]
