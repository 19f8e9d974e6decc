"""Which letters may never leave any more: asked when a worker reads their text, and before a retry.

The outbox knows letters, not what they say: the apps that write them register a rule each. What must only wait is told in
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
    """`rule(letters, now)` returns the keys of those of these letters that carry something dead, or go to the wrong mailbox."""
    if rule not in _rules:
        _rules.append(rule)


def forbidden(letters: Sequence["OutgoingMail"], now: datetime) -> set[int]:
    """The keys of those of these letters that a rule forbids at `now` (UTC)."""
    return {key for rule in _rules for key in rule(letters, now)} if letters else set()
