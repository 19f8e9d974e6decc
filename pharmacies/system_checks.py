"""System checks: the addresses of the registers can be used, and the User-Agent can be sent."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from pharmacies.register.nightly.sources import SETTING, why_not_usable


@register()
def registers_can_be_found(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """pharmacies.E001: an address that is not https outside this machine, or has no day where it needs one."""
    found: list[CheckMessage] = []
    for name in SETTING.values():
        address = getattr(settings, name)
        if why := why_not_usable(address) if address else "":
            found.append(Error(f"{name} {why}.", id="pharmacies.E001"))
    return found


@register()
def agent_can_be_sent(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """pharmacies.E002: an HTTP header takes printable ASCII on one line."""
    agent = settings.REGISTER_USER_AGENT
    if agent.isascii() and agent.isprintable():
        return []
    return [Error("REGISTER_USER_AGENT must be printable ASCII characters on one line.", id="pharmacies.E002")]
