"""Rules that forbid a letter for good, checked when a worker reads its text and before a retry.

The outbox does not know what letters say: each app that writes letters registers its rule. For letters that must only wait see
holding.py.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portal.outbox.models import OutgoingMail

Rule = Callable[[Sequence["OutgoingMail"], datetime], Collection[int]]
_rules: list[Rule] = []


def register(rule: Rule) -> None:
    """Adds `rule(letters, now)`: it returns the keys of the letters that carry a dead code or id, or go to a wrong mailbox."""
    if rule not in _rules:
        _rules.append(rule)


def forbidden(letters: Sequence["OutgoingMail"], now: datetime) -> set[int]:
    """The keys of the letters that a rule forbids at `now` (UTC)."""
    return {key for rule in _rules for key in rule(letters, now)} if letters else set()
