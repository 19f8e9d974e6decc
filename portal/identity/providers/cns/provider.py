"""The TS-CNS provider: turns the card that nginx verified on its own host into a login on the portal.

The card has a host of its own, because a browser shows its certificate dialog on every page of a host that requests one.
The browser brings back a ticket: valid for 60 seconds, once, only for the login and the browser that began it. A victim
lured there by an attacker's link brings the ticket to the portal in the wrong browser, so the attacker gains nothing.
"""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from portal.identity.identity import Identity, LoginRefused
from portal.identity.models import LoginTransaction, User
from portal.identity.providers import base
from portal.identity.providers.cns.alerts import alerts_of_cards
from portal.identity.providers.cns.certificate import holder_of
from portal.identity.providers.upkeep import Alert
from portal.secrets.codes import same
from portal.secrets.sealing import SealBroken, seal, unseal
from portal.time.clock import real_now_of

logger = logging.getLogger(__name__)

LEVEL = 3  # a card and its PIN: LoA4, as SpidL3

# Headers set by nginx. Every server block overwrites all three, so that a client cannot forge them (deploy/nginx).
CERTIFICATE, VERIFIED, PROXY = "HTTP_X_CNS_CERTIFICATE", "HTTP_X_CNS_VERIFIED", "HTTP_X_CNS_PROXY"


class TsCns(base.Provider):
    method = base.TS_CNS

    def form_origins(self) -> list[str]:
        return [settings.CNS_URL]

    def start(self, request: HttpRequest, transaction: LoginTransaction, state: str) -> HttpResponse:
        return redirect(f"{settings.CNS_URL}{reverse('identity:card')}?{urlencode({'richiesta': state})}")

    def state_of(self, request: HttpRequest) -> str:
        return str(request.POST.get("stato", ""))

    def finish(self, request: HttpRequest, transaction: LoginTransaction) -> Identity:
        sealed = transaction.take_card(request.POST.get("biglietto", ""), real_now_of(request))
        if sealed is None:
            raise LoginRefused("answer-expired", "no such ticket, used, or older than 60 seconds")
        try:
            shown = json.loads(unseal(sealed))
        except SealBroken as error:
            raise LoginRefused("answer-expired", "sealed with another key") from error
        given_name, family_name = _names(shown)
        return Identity(
            codice_fiscale=shown["codice_fiscale"],
            given_name=given_name,
            family_name=family_name,
            level=LEVEL,
            provider=self.key,
            authenticated_at=datetime.fromtimestamp(shown["at"], UTC),
            assertion_id=shown["serial"],
        )

    def alerts(self, now: datetime) -> Iterator[Alert]:
        return alerts_of_cards(now)

    def card_ticket(self, request: HttpRequest, state: str, now: datetime) -> str:
        """Ties the card to the pending login with this state and returns the ticket (60 seconds, once).

        Raises LoginRefused (no card, a wrong one, no login with this state) and PermissionDenied.
        """
        if not (_is_on_the_host_of_the_cards(request) and _came_through_the_proxy(request)):
            logger.warning("a request for the cards did not come through the host of the cards")
            raise PermissionDenied("La tessera si mostra solo all’indirizzo aperto dalla pagina di accesso.")
        if request.META.get(VERIFIED) != "SUCCESS":
            raise LoginRefused("no-card", "no certificate")
        holder = holder_of(request.META.get(CERTIFICATE, ""), settings.CNS_POLICIES, now)
        shown = {
            "codice_fiscale": holder.codice_fiscale,
            "given_name": holder.given_name,
            "family_name": holder.family_name,
            "serial": holder.serial,
            "at": now.timestamp(),
        }
        ticket = LoginTransaction.objects.show_card(state, self.key, seal(json.dumps(shown).encode()), now)
        if ticket is None:
            raise LoginRefused("expired" if state else "unsolicited", "no login waits for this card")
        return ticket


def _is_on_the_host_of_the_cards(request: HttpRequest) -> bool:
    return request.get_host().partition(":")[0] == _host()


def _came_through_the_proxy(request: HttpRequest) -> bool:
    """True when the request carries the secret that only our nginx knows: no other program may claim to have seen a card."""
    secret = settings.CNS_PROXY_SECRET
    return bool(secret) and same(secret, request.META.get(PROXY, ""))


def _host() -> str:
    return urlsplit(settings.CNS_URL).hostname or ""


def _names(shown: dict[str, str]) -> tuple[str, str]:
    """Given and family name on the card; if it has none, those of the account."""
    if shown["given_name"] or shown["family_name"]:
        return shown["given_name"], shown["family_name"]
    known = User.objects.filter(codice_fiscale=shown["codice_fiscale"]).first()
    return (known.given_name, known.family_name) if known else ("", "")
