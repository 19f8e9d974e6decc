"""System checks of the signed assertion: its three settings go together, the key is its own, the certificate does not end soon."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004  Django's name

from portal.identity.providers.saml.keys import KeyUnusable, key_pair
from portal.time import database_clock
from sessions.gate import assertion

ENDS_SOON = timedelta(days=60)
_SETTINGS = ("SAR_PRIVATE_KEY", "SAR_CERTIFICATE", "SAR_ISSUER")


@register()
def assertions_can_be_signed(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Checks the settings SAR_*; nothing when none is set."""
    lacking = [name for name in _SETTINGS if not getattr(settings, name)]
    if len(lacking) == len(_SETTINGS):
        return []
    if lacking:
        return [Error(f"The signed assertion also needs {' and '.join(lacking)}.", id="sessions.E011")]
    try:
        pair = key_pair(settings.SAR_PRIVATE_KEY, assertion.certificate_in_use())
    except KeyUnusable as error:
        return [Error(f"SAR_PRIVATE_KEY and SAR_CERTIFICATE cannot be used: {error}.", id="sessions.E012")]
    if settings.SAML_PRIVATE_KEY and _is_the_key_of_spid(pair.key.public_key()):
        return [Error("SAR_PRIVATE_KEY is the key of SPID and CIE: the assertion needs its own.", id="sessions.E013")]
    ends_at = pair.certificate.not_valid_after_utc
    if ends_at - ENDS_SOON <= database_clock.now():
        message = f"The certificate of the signed assertion ends on {ends_at:%Y-%m-%d}."
        return [
            Warning(message, hint="Ask Sistema TS for its successor and add it to SAR_CERTIFICATE.", id="sessions.W011")
        ]
    return []


def _is_the_key_of_spid(public: Any) -> bool:
    try:
        return bool(key_pair(settings.SAML_PRIVATE_KEY, settings.SAML_CERTIFICATE).key.public_key() == public)
    except KeyUnusable:  # the checks of identity report it
        return False
