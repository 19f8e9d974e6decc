"""The demonstration's gestionale that receives webhooks: its addresses, and the rule that allows the portal to call them."""

from ipaddress import ip_address

import httpx
from django.conf import settings
from django.db import transaction

from portal.database.claims import hold
from sessions.models import Webhook
from sessions.webhooks.addresses import PublicHttps, Target

PLACE = "/prova/gestionale/"
ANSWERS = {"riceve": 204, "guasto": 503, "rifiuta": 410}  # last part of the address: HTTP status of the answer


class OwnGestionale(PublicHttps):
    """As in production, and also allows the three addresses of the demonstration's gestionale on this machine."""

    def read(self, typed: str) -> httpx.URL:
        return httpx.URL(typed.strip()) if _is_ours(typed) else super().read(typed)

    def target(self, typed: str) -> Target:
        return Target(self.read(typed), ip_address("127.0.0.1")) if _is_ours(typed) else super().target(typed)


def address(how: str = "riceve") -> str:
    """Returns the address with this answer, a key of ANSWERS."""
    return f"{settings.PORTAL_URL}{PLACE}{how}/"


def find_again() -> None:
    """Updates the stored webhook addresses to the current PORTAL_URL, because the port may have changed."""
    for how in ANSWERS:
        webhooks = Webhook.objects.open().filter(url__startswith="http://", url__endswith=f"{PLACE}{how}/")
        with transaction.atomic():
            webhooks.filter(pk__in=hold(webhooks)).update(url=address(how))


def _is_ours(typed: str) -> bool:
    return typed.strip() in map(address, ANSWERS)
