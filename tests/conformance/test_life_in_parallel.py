"""Eight gestionali and dispensing services at once, on utenze of one pharmacy and of another, in any order, while time passes.

All calls go through SOAP and the gate. Invariants at the end of every round, and whenever the table is read in
between: at most one Attivo and one Validato of each utenza, the Validato being its newest id and, under the policy that
replaces, any live one; nobody passes with an id that was dead before the round began, nor with another's.
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

from pharmacies.models import MailCertification
from sessions.gate import uses
from sessions.models import Context, IdSessione, State
from tests.parallel import in_parallel
from tests.sessions.conftest import make_utenza
from tests.sessions.gate.gate_door import basic, reply_of
from tests.sessions.soap.calls import Gestionale, gestionale

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="an embedded database lets one writer in at a time: nothing interleaves (set DATABASE_URL)",
    ),
]
AT_ONCE, HOURS = 8, timedelta(hours=16)
few = settings(
    max_examples=4, deadline=None, phases=[Phase.generate],  # no shrinking: an interleaving is found again only by chance
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
act = st.tuples(
    st.sampled_from(["create", "create", "use", "use", "check", "revoke", "stray", "look"]),
    st.sampled_from([0, 0, 1, 1, 2]),  # which utenza
    st.integers(0, 3),  # which id of it, the newest first
)
crowd = st.lists(act, min_size=AT_ONCE, max_size=AT_ONCE)
rounds = st.lists(st.tuples(st.sampled_from([0, 1, 600, 961]), crowd), min_size=2, max_size=3)  # minutes, then the acts


@pytest.fixture(autouse=True)
def _no_count_is_left() -> Iterator[None]:
    yield
    uses.forget()


@pytest.fixture
def three(gest, bruno, san_marco, al_redentore) -> list[Gestionale]:
    """Two gestionali of one pharmacy and one of another."""
    at = timezone.now() - timedelta(days=1)
    MailCertification.objects.create(
        pharmacy=al_redentore, address="id@alredentore.it", address_key="id@alredentore.it", requested_by=bruno,
        requested_at=at, certified_at=at, certified_by=bruno, certified_with="SPID livello 2",
    )  # fmt: skip
    others = [make_utenza("UVANNA02", san_marco), make_utenza("UVBRUN01", al_redentore)]
    for other in others:
        other.set_password("SALVE", at)
        other.set_pincode("1729594276")
        other.save()
    return [gest, *map(gestionale, others)]


@pytest.mark.parametrize("policy", ["overlap", "replace"])
@few
@given(rounds=rounds)
def test_never_two_attivi_nor_two_validati_and_a_dead_id_never_passes(policy, rounds, three, time_machine) -> None:
    start = timezone.now()
    Context.objects.update(policy=policy)
    IdSessione.objects.filter(revoked_at=None).update(
        revoked_at=F("requested_at"), sealed=None, requested_at=F("requested_at") - HOURS
    )  # ids of the hypothesis example before
    play(rounds, three, policy, start, time_machine)
    time_machine.move_to(start)


def play(rounds, three: list[Gestionale], policy: str, now: datetime, time_machine) -> None:
    tokens: list[list[str]] = [[], [], []]  # of each utenza
    dead: set[str] = set()
    for minutes, acts in rounds:
        now += timedelta(minutes=minutes)
        time_machine.move_to(now, tick=False)
        for gest, own_tokens in zip(three, tokens, strict=True):
            own_tokens.append(do("create", one_of(gest), "", dead, policy, now) or "")
        died(three, tokens, dead)
        at_once = []
        for verb, who, which in acts:
            whose = tokens[(who + 1) % 3] if verb == "stray" else tokens[who]
            at_once.append(partial(do, verb, one_of(three[who]), whose[-1 - which % len(whose)], dead, policy, now))
        for (_, who, _), token in zip(acts, in_parallel(at_once), strict=True):
            tokens[who] += [token] if token else []
        each_in_its_place(policy, now)
        died(three, tokens, dead)
    time_machine.move_to(now + HOURS, tick=False)  # the last second of every id is over
    late = [
        partial(reply_of, own_tokens[-1], basic(gest.user_id, gest.password))
        for gest, own_tokens in zip(three, tokens, strict=True)
    ]
    assert {status for status, _ in in_parallel(late)} <= {403}


def one_of(gest: Gestionale) -> Gestionale:
    """The same utenza, used by another till."""
    return Gestionale(gest.user_id, gest.password, gest.fields, Client(raise_request_exception=False))


def do(verb: str, till: Gestionale, token: str, dead: set[str], policy: str, now: datetime) -> str | None:
    """Runs one act of one thread; returns the id that it created."""
    match verb:
        case "create":
            created = till.create()
            assert created.done, created.leaves
            return created.token
        case "use":
            status, reason = reply_of(token, basic(till.user_id, till.password))
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
        case "stray":  # with the id of another utenza
            assert reply_of(token, basic(till.user_id, till.password))[0] == 403
            assert till.check(token).code == till.revoke(token).code == "603"
        case _:
            each_in_its_place(policy, now)
    return None


def each_in_its_place(policy: str, now: datetime) -> None:
    """Reads the table once, outside any transaction. Within one utenza the keys grow in the order of its ids."""
    rows = [(row, row.state(now)) for row in IdSessione.objects.with_facts().order_by("pk")]
    newest = {row.utenza_id: row.pk for row, _ in rows}
    states = Counter((row.utenza_id, state) for row, state in rows)
    for row, state in rows:
        if state is State.VALIDATO or (state is State.ATTIVO and policy == "replace"):
            assert row.pk == newest[row.utenza_id]
        if state in (State.VALIDATO, State.ATTIVO):
            assert states[row.utenza_id, state] == 1


def died(three: list[Gestionale], tokens: list[list[str]], dead: set[str]) -> None:
    """Adds the ids that checkToken reports dead now; asserts that no dead id is live again."""
    now_dead = {
        token
        for gest, own_tokens in zip(three, tokens, strict=True)
        for token in own_tokens
        if not one_of(gest).check(token).done
    }
    assert dead <= now_dead
    dead |= now_dead
