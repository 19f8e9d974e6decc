"""Alerts of CIE by OpenID Connect: trust marks that end, a chain of trust that is missing or was refused."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from portal.identity.providers.oidc import chains, jose, relying_party
from portal.identity.providers.upkeep import Alert, alert_of_end, alert_of_last_reading

if TYPE_CHECKING:
    from portal.identity.providers.oidc.provider import CieOpenId


def alerts_of(provider: "CieOpenId", now: datetime) -> Iterator[Alert]:
    try:
        marks, chain = provider.relying_party().trust_marks, provider.chain(now)
    except ImproperlyConfigured as error:
        yield Alert(provider.key, "ours", str(error), urgent=True)
        return
    for claims in map(relying_party.trust_mark, marks):
        if "exp" in claims:
            yield from alert_of_end(provider.key, "our trust mark", jose.instant(claims, "exp"), now)
    if chain is None:
        yield Alert(provider.key, "federation", "no trust chain is valid: nobody can sign in with CIE", urgent=True)
    yield from alert_of_last_reading(provider.key, "federation", chains.DOOR)
