"""System checks: the certificates of the pincode (`manage.py check --database default --fail-level WARNING`), and webhooks.

The checks of the certificates only warn: `migrate` runs them too, and a portal without a certificate must be able to migrate.
Webhooks must call the public internet only.
"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register  # noqa: A004  Django's name
from django.db import DatabaseError, connections

from portal.time import database_clock
from sessions.credentials import certificates
from sessions.models import PincodeCertificate

PUBLIC_ONLY = "sessions.webhooks.addresses.PublicHttps"
_NEW = "manage.py a2f_certificate new"


@register(Tags.database)
def pincode_can_be_encrypted(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Warns when no certificate is live, when the last one ends soon, or when a private key cannot be read. Informs when one with
    a successor ends soon. Checks nothing before the first migration.
    """
    alias = next((alias for alias in databases or [] if alias == "default"), None)
    if alias is None:
        return []
    now = database_clock.now()
    try:
        if PincodeCertificate._meta.db_table not in connections[alias].introspection.table_names():
            return []
        live = list(PincodeCertificate.objects.live(now))
    except DatabaseError:  # other checks report a database out of reach
        return []
    if not live:
        return _none_live()
    messages = [found for row in live for found in _unreadable(row)]
    return messages + _ending([row for row in live if certificates.ends_soon(row, now)], len(live))


def _ending(rows: list[PincodeCertificate], live: int) -> list[CheckMessage]:
    if len(rows) == live:
        last = max(row.valid_until for row in rows)
        message = f"The last certificate for the pincode ends on {last:%Y-%m-%d}: after that no gestionale gets an id."
        return [Warning(message, hint=f"{_NEW}, then tell the software houses.", id="sessions.W001")]
    message = (
        "Certificate {0.serial} ends on {0.valid_until:%Y-%m-%d}: a gestionale that still uses it then gets no id."
    )
    hint = "Its successor exists already: ask the software houses whether they use it."
    # Info only: the operator has nothing left to do on this machine.
    return [Info(message.format(row), hint=hint, id="sessions.I001") for row in rows]


def _none_live() -> list[CheckMessage]:
    message = "There is no live certificate for the pincode: no gestionale can ask for an id."
    return [Warning(message, hint=_NEW, id="sessions.W002")]


def _unreadable(row: PincodeCertificate) -> list[CheckMessage]:
    try:
        certificates.private_key(row)
    except certificates.KeyOutOfReach:
        message = f"The private key of certificate {row.serial} cannot be read."
        hint = "Put it in A2F_PRIVATE_KEY_FILE, or restore the key of SEALING_KEYS that sealed it."
        return [Warning(message, hint=hint, id="sessions.W003")]
    except certificates.UnsuitableKey:
        return [Warning("A2F_PRIVATE_KEY must hold RSA keys of 1,536 bits in PEM.", id="sessions.W004")]
    return []


@register()
def webhooks_go_to_public_addresses(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuses, in production, a rule that lets the portal call its own network: such rules are for tests."""
    if settings.DEMO or settings.WEBHOOK_ADDRESSES == PUBLIC_ONLY:
        return []
    return [Error(f"{settings.WEBHOOK_ADDRESSES} cannot run in production.", hint=PUBLIC_ONLY, id="sessions.E004")]
