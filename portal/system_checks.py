"""System checks: no stub in production, no web service in test mode beside real identity providers."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def no_stand_ins_in_production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """docs/architecture.md, rule 6: the demonstration's plugins never run in production."""
    if settings.DEMO:
        return []
    found = [
        name for name in [*settings.IDENTITY_PROVIDERS, *settings.INSTALLED_APPS] if name.startswith("portal.demo")
    ]
    return [
        Error(f"{name} belongs to the demonstration and cannot run in production.", id="portal.E001") for name in found
    ]


@register()
def no_test_mode_beside_real_people(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """portal.E002: in TEST the reply holds the id, and two public passwords are accepted (docs/contract.md, sections 3, 7, 8)."""
    if settings.A2F_MODE != "TEST":
        return []
    real = [name for name in settings.IDENTITY_PROVIDERS if not name.startswith("portal.demo")]
    if settings.DEMO and not real:
        return []
    beside = real[0] if real else "PORTAL_MODE=production"
    return [Error(f"A2F_MODE=TEST cannot run together with {beside}.", id="portal.E002")]
