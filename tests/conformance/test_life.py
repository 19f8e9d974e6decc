"""Two gestionali and a dispensing service act in any order: the service and the gate answer as the contract says."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions.models import Context, IdSessione, State
from tests.parallel import in_parallel
from tests.sessions.conftest import make_utenza
from tests.sessions.soap.calls import Gestionale, basic, gestionale

GATE = "/a2f/gate?contesto=RICETTA-DEM&applicazione=EROGATORE"
HOURS = timedelta(hours=16)
quick = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
step = st.tuples(
    st.sampled_from(["create", "create", "use", "use", "check", "revoke"]),
    st.integers(0, 1),  # which utenza
    st.integers(0, 4),  # which id, the newest first
    st.sampled_from([0, 0, 1, 600, 961]),  # minutes that pass before
)


@dataclass
class Id:
    """The contract's expectation for one id."""

    owner: int
    token: str
    requested_at: datetime
    used: bool = False
    revoked: bool = False

    def state(self, now: datetime) -> int:
        """The state as infoToken names it."""
        return 1 if self.revoked else 2 if now >= self.requested_at + HOURS else 0


def through_the_gate(gest: Gestionale, token: str) -> int:
    headers = {"HTTP_AUTHORIZATION": basic(gest.user_id, gest.password), "HTTP_AUTHORIZATION2F": f"Bearer {token}"}
    return gest.http.get(GATE, **headers).status_code


def revoke_where(ids: list[Id], now: datetime, owner: int, **facts: bool) -> None:
    for row in ids:
        if row.owner == owner and row.state(now) == 0 and all(getattr(row, k) == v for k, v in facts.items()):
            row.revoked = True


@pytest.fixture
def two(gest, san_marco) -> list[Gestionale]:
    """Two gestionali of the same pharmacy."""
    other = make_utenza("UVANNA02", san_marco)
    other.set_password("SALVE", timezone.now())
    other.set_pincode("1729594276")
    other.save()
    return [gest, gestionale(other)]


@pytest.mark.parametrize("policy", ["overlap", "replace"])
@quick
@given(steps=st.lists(step, min_size=4, max_size=14))
def test_service_and_gate_agree_with_the_contract(policy, steps, two, time_machine) -> None:
    start = timezone.now()
    Context.objects.update(policy=policy)
    IdSessione.objects.filter(revoked_at=None).update(
        revoked_at=F("requested_at"), sealed=None, requested_at=F("requested_at") - HOURS
    )  # ids of the hypothesis example before
    play(steps, two, policy, start, time_machine)
    time_machine.move_to(start)


def play(steps, two: list[Gestionale], policy: str, now: datetime, time_machine) -> None:
    ids: list[Id] = []
    for verb, who, which, minutes in steps:
        now += timedelta(minutes=minutes)
        time_machine.move_to(now, tick=False)
        if verb == "create":
            revoke_where(ids, now, who, **({"used": False} if policy == "overlap" else {}))
            ids.append(Id(who, two[who].create().token, now))
            continue
        if not ids:
            continue
        chosen = ids[-1 - which % len(ids)]
        live, own = chosen.state(now) == 0, chosen.owner == who
        if verb == "use":
            assert through_the_gate(two[who], chosen.token) == (204 if live and own else 403)
            if live and own and not chosen.used:
                revoke_where(ids, now, who, used=True)
                chosen.used = True
        elif verb == "revoke":
            answer = two[who].revoke(chosen.token)
            assert answer.done if live and own else answer.code == ("05" if own else "603")
            chosen.revoked |= live and own
        for row in ids:
            answer = two[row.owner].check(row.token)
            assert dict(answer.leaves)["stato"] == str(row.state(now))
            assert two[1 - row.owner].check(row.token).code == "603"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("policy", ["overlap", "replace"])
def test_eight_gestionali_at_once_leave_one_attivo_and_one_validato_at_most(gest, policy) -> None:
    Context.objects.update(policy=policy)
    token = gest.create().token

    def act(n: int) -> int:
        own = Gestionale(gest.user_id, gest.password, gest.fields, type(gest.http)(raise_request_exception=False))
        match n % 4:
            case 0 | 1:
                return own.create().status
            case 2:
                return {204: 200, 403: 200}.get(through_the_gate(own, token), 500)
            case _:
                return own.check(token).status

    assert in_parallel([partial(act, n) for n in range(8)]) == [200] * 8
    now = timezone.now()
    states = [row.state(now) for row in IdSessione.objects.with_facts()]
    assert states.count(State.VALIDATO) == 1
    assert states.count(State.ATTIVO) <= (1 if policy == "overlap" else 0)
