"""Alerts of CIE by OpenID Connect: trust marks that end, a chain of trust that is missing or was refused."""

from collections.abc import Callable, Iterator
from datetime import datetime

from django.core.exceptions import ImproperlyConfigured

from portal.identity.providers.oidc import chains, jose, relying_party
from portal.identity.providers.oidc.federation import TrustChain
from portal.identity.providers.oidc.relying_party import RelyingParty
from portal.identity.providers.upkeep import Alert, alert_of_end, alert_of_last_reading


def alerts_of(
    key: str, party: Callable[[], RelyingParty], chain_at: Callable[[datetime], TrustChain | None], now: datetime
) -> Iterator[Alert]:
    """The alerts of the provider `key`. `party` and `chain_at` may raise ImproperlyConfigured, which is an alert too."""
    try:
        marks, chain = party().trust_marks, chain_at(now)
    except ImproperlyConfigured as error:
        yield Alert(key, "ours", str(error), urgent=True)
        return
    for claims in map(relying_party.trust_mark, marks):
        if "exp" in claims:
            yield from alert_of_end(key, "our trust mark", jose.instant(claims, "exp"), now)
    if chain is None:
        yield Alert(key, "federation", "no trust chain is valid: nobody can sign in with CIE", urgent=True)
    yield from alert_of_last_reading(key, "federation", chains.DOOR)
