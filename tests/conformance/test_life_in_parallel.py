"""Eight gestionali and dispensing services at once on one utenza, in whatever order, while time passes.

Everything goes through the doors: SOAP and the gate. What holds at the end of every round, and whenever anybody looks in
between: at most one Attivo and one Validato; nobody passes with an id that was dead before the round began.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sessions import uses
from sessions.models import Context, IdSessione, State
from tests.parallel import in_parallel
from tests.sessions.gate_door import basic, told
from tests.sessions.soap.calls import Gestionale

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="an embedded database lets one writer in at a time: nothing interleaves (set DATABASE_URL)",
    ),
]
AT_ONCE, HOURS = 8, timedelta(hours=16)
few = settings(
    max_examples=3, deadline=None, phases=[Phase.generate],  # what interleaves is found again by chance only: no shrinking
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
act = st.tuples(st.sampled_from(["create", "use", "use", "check", "revoke", "look"]), st.integers(0, 3))
crowd = st.lists(act, min_size=AT_ONCE, max_size=AT_ONCE)
rounds = st.lists(st.tuples(st.sampled_from([0, 1, 600, 961]), crowd), min_size=2, max_size=3)  # minutes, then the acts


@pytest.fixture(autouse=True)
def _no_count_is_left() -> Iterator[None]:
    yield
    uses.forget()


@pytest.mark.parametrize("policy", ["overlap", "replace"])
@few
@given(rounds=rounds)
def test_never_two_attivi_nor_two_validati_and_a_dead_id_never_passes(policy, rounds, gest, time_machine) -> None:
    start = timezone.now()
    Context.objects.update(policy=policy)
    IdSessione.objects.filter(revoked_at=None).update(
        revoked_at=F("requested_at"), sealed=None
    )  # of the example before
    play(rounds, gest, policy, start, time_machine)
    time_machine.move_to(start)


def play(rounds, gest: Gestionale, policy: str, now: datetime, time_machine) -> None:
    tokens: list[str] = []
    dead: set[str] = set()
    for minutes, acts in rounds:
        now += timedelta(minutes=minutes)
        time_machine.move_to(now, tick=False)
        tokens.append(do("create", one_of(gest), "", dead, policy, now) or "")
        died(gest, tokens, dead)
        found = in_parallel([partial(do, verb, one_of(gest), tokens[-1 - which % len(tokens)], dead, policy, now) for verb, which in acts])  # fmt: skip
        tokens += [token for token in found if token]
        at_most_one_of_each(policy, now)
        died(gest, tokens, dead)
    time_machine.move_to(now + HOURS, tick=False)  # the last second of all of them is over
    late = [partial(told, token, basic(gest.user_id, gest.password)) for token in tokens[-AT_ONCE:]]
    assert {status for status, _ in in_parallel(late)} <= {403}


def one_of(gest: Gestionale) -> Gestionale:
    """The same utenza, at a till of its own."""
    return Gestionale(gest.user_id, gest.password, gest.fields, Client(raise_request_exception=False))


def do(verb: str, till: Gestionale, token: str, dead: set[str], policy: str, now: datetime) -> str | None:
    """One act of one thread; the id that it created."""
    match verb:
        case "create":
            created = till.create()
            assert created.done, created.leaves
            return created.token
        case "use":
            status, reason = told(token, basic(till.user_id, till.password))
            assert (status, reason) in ((204, None), (403, "revoked"), (403, "expired"))
            assert status == 403 or token not in dead
        case "check":
            checked = till.check(token)
            assert checked.done or checked.code in ("06", "07")
            assert not checked.done or token not in dead
        case "revoke":
            revoked = till.revoke(token)
            assert revoked.done or revoked.code == "05"
            assert not revoked.done or token not in dead
        case _:
            at_most_one_of_each(policy, now)
    return None


def at_most_one_of_each(policy: str, now: datetime) -> None:
    """Seen from outside any transaction: one reading of the table."""
    states = Counter(row.state(now) for row in IdSessione.objects.with_facts())
    assert states[State.ATTIVO] <= 1
    assert states[State.VALIDATO] <= 1
    if policy == "replace":
        assert states[State.ATTIVO] + states[State.VALIDATO] <= 1


def died(gest: Gestionale, tokens: list[str], dead: set[str]) -> None:
    """Adds those that are dead now, as checkToken says it; none of the dead has come back."""
    now_dead = {token for token in tokens if not one_of(gest).check(token).done}
    assert dead <= now_dead
    dead |= now_dead
