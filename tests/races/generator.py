"""Runs pairs of acts; the first stops at its start and wherever it changes or locks something."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import count

from portal.identity.models import User
from sessions.models import Context
from tests.interleaving import Pair
from tests.races.invariants import broken
from tests.races.world import ACTS, made, put_away


def races(pairs: Iterable[tuple[str, str]], anna: User, context: Context) -> Iterator[str]:
    """One line for each broken rule: `confirm 7/ refuse: ...` means confirm, stopped before its statement 7."""
    with Pair() as pair:
        for first, second in pairs:
            for stop_before in count(1):
                world = made(anna, context)
                outcome = pair.run(partial(ACTS[first], world), partial(ACTS[second], world), stop_before)
                yield from (f"{first} {stop_before}/ {second}: {wrong}" for wrong in broken(world, outcome))
                put_away(world)
                if not outcome.stopped:
                    break
