"""The gestionale of the demonstration that wants to be told of the ids: where it is, and the rule that lets it be called."""

from ipaddress import ip_address

import httpx
from django.conf import settings
from django.db import transaction

from portal.database.claims import hold
from sessions.models import Webhook
from sessions.webhooks.addresses import PublicHttps, Target

PLACE = "/prova/gestionale/"
ANSWERS = {"riceve": 204, "guasto": 503, "rifiuta": 410}  # the address says how it answers


class OwnGestionale(PublicHttps):
    """As in production, and three addresses more: the gestionale of this demonstration, on this machine."""

    def read(self, typed: str) -> httpx.URL:
        return httpx.URL(typed.strip()) if _is_ours(typed) else super().read(typed)

    def target(self, typed: str) -> Target:
        return Target(self.read(typed), ip_address("127.0.0.1")) if _is_ours(typed) else super().target(typed)


def address(how: str = "riceve") -> str:
    """Where the portal finds it."""
    return f"{settings.PORTAL_URL}{PLACE}{how}/"


def find_again() -> None:
    """The pharmacies that are connected to it find it where the portal answers now: the port may have changed."""
    for how in ANSWERS:
        theirs = Webhook.objects.open().filter(url__startswith="http://", url__endswith=f"{PLACE}{how}/")
        with transaction.atomic():
            theirs.filter(pk__in=hold(theirs)).update(url=address(how))


def _is_ours(typed: str) -> bool:
    return typed.strip() in map(address, ANSWERS)
