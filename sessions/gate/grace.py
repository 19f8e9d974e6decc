"""The time before a context's ids are mandatory: a call without a valid id passes with a warning. Source: docs/contract.md, 7.

The rows of the contexts decide, at each refusal, so a date is kept to the second. A process asks for them only while it knows of
a date to come: `refresh` looks every five seconds, `Context.save` and `update` tell their own process at once.
"""

from datetime import datetime
from time import monotonic

from pharmacies.models import Utenza
from sessions.credentials import password_proof
from sessions.gate import grace_counts
from sessions.models import Context
from sessions.models.context import dates_to_come
from sessions.models.grace import italian_day

EVERY = 5.0  # seconds
_refresh_at = 0.0


def refresh(now: datetime) -> None:
    """Looks whether any context has a date to come, at most once in EVERY seconds. Raises django.db.Error."""
    global _refresh_at  # noqa: PLW0603  one per process
    if monotonic() < _refresh_at:
        return
    _refresh_at = monotonic() + EVERY
    dates_to_come.known = Context.objects.filter(mandatory_from__gt=now).exists()


def contexts_in_grace(contexts: tuple[tuple[str, str], ...], now: datetime) -> list[int]:
    """The keys of these contexts in their order, when the ids of all of them are not yet mandatory; else an empty list."""
    if not dates_to_come.known:
        return []
    rows = Context.objects.filter(mandatory_from__gt=now).values_list("contesto", "applicazione", "pk")
    before = {(contesto, applicazione): pk for contesto, applicazione, pk in rows}
    dates_to_come.known = bool(before)
    return [before[context] for context in contexts] if all(context in before for context in contexts) else []


def prove(basic: tuple[str, str] | None, context: int, client_address: str, now: datetime) -> Utenza | None:
    """The utenza of a call without a valid id, counted; None: Basic is wrong, or the utenza or its pharmacy is not in use.

    The caller must not be inside a transaction.
    """
    if basic is None:
        return None
    utenza = password_proof.prove_once_a_day(*basic, client_address, now)
    if utenza is None or utenza.disabled_at is not None or utenza.blocked_at is not None:
        return None
    if utenza.pharmacy is not None and not utenza.pharmacy.is_open(italian_day(now)):
        return None
    grace_counts.count(utenza.pk, context, italian_day(now))
    return utenza
