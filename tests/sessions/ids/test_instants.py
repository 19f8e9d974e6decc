"""The instants of an id are in order, although each act reads its clock before it waits for the lock."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db.models import F, Q
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions.ids import issuing, revoking, using
from sessions.models import IdSessione
from sessions.utenze import life
from tests.parallel import in_parallel
from tests.sessions.conftest import MORNING

SECOND = timedelta(seconds=1)
AT_ONCE = 32


def out_of_order() -> list[IdSessione]:
    """Ids with an instant that precedes an earlier step's."""
    used_before = Q(first_used_at__lt=F("requested_at"))
    revoked_before = Q(revoked_at__lt=F("requested_at")) | Q(revoked_at__lt=F("first_used_at"))
    return list(IdSessione.objects.filter(used_before | revoked_before))


@pytest.mark.django_db(transaction=True)
def test_thirty_two_at_once_leave_instants_in_order(anna, utenza, certified, context) -> None:
    """Each reads its clock on arrival: the first to get the lock may have arrived last."""
    first = issuing.issue(utenza, context, MORNING).id_sessione

    def act(number: int) -> None:
        now = MORNING + ((number * 13) % AT_ONCE) * SECOND
        if number % 4 == 3:
            revoking.revoke(IdSessione.objects.order_by("-pk")[0], None, now)
        elif number % 4 == 2:
            using.use(first if number == 2 else IdSessione.objects.order_by("-pk")[0], now)
        else:
            issuing.issue(utenza, context, now)

    in_parallel([partial(act, number) for number in range(AT_ONCE)])
    assert IdSessione.objects.count() > AT_ONCE / 2
    assert out_of_order() == []


step = st.tuples(st.sampled_from(["issue", "issue", "use", "revoke", "disable"]), st.integers(-90, 90))


@pytest.mark.parametrize("policy", ["overlap", "replace"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(step, max_size=14))
def test_clocks_that_disagree_leave_instants_in_order(policy, steps, anna, utenza, certified, context) -> None:
    context.policy = policy
    context.save()
    for number, (verb, seconds) in enumerate(steps):
        play(verb, MORNING + timedelta(minutes=number, seconds=seconds), utenza, context, anna)
    assert {row.pk for row in out_of_order()} == set()


def play(verb: str, now: datetime, utenza, context, anna) -> None:
    newest = IdSessione.objects.order_by("-pk").first()
    if verb == "issue" or newest is None:
        issuing.issue(utenza, context, now)
    elif verb == "use":
        using.use(newest, now)
    elif verb == "revoke":
        revoking.revoke(newest, None, now)
    else:
        life.disable(utenza, anna, now)
        life.enable(utenza, anna, now)


def test_a_verb_leaves_its_instants_on_the_row_in_hand(utenza, certified, context) -> None:
    row = issuing.issue(utenza, context, MORNING).id_sessione
    row.revoke(MORNING - SECOND)
    assert (row.revoked_at, row.sealed, row.is_live(MORNING)) == (MORNING, None, False)


def test_the_letter_of_an_id_is_no_older_than_the_proof_of_its_address(utenza, certified, context) -> None:
    """A report about a letter older than the proof would not count."""
    certified.certified_at = MORNING + SECOND
    certified.save()
    issued = issuing.issue(utenza, context, MORNING)
    assert issued.id_sessione.letter.created_at == MORNING + SECOND
