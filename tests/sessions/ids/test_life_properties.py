"""Invariants of one utenza's ids, for any sequence of acts."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pharmacies.models import MailCertification, Pharmacy, Utenza
from sessions.ids import forgetting, issuing, revoking, using
from sessions.models import IdSessione, State
from tests.sessions.conftest import MORNING

H = timedelta(hours=1)
quick = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
step = st.tuples(
    st.sampled_from(["issue", "use", "revoke", "sweep", "wait"]), st.integers(0, 5), st.sampled_from([0, 1, 600, 961])
)


def play(steps, utenza, context, check) -> None:
    """Minutes pass, then an act on the nth newest id; `check(now)` tests the invariants after each step."""
    now = MORNING
    for verb, which, minutes in steps:
        now += timedelta(minutes=minutes)
        rows = list(IdSessione.objects.order_by("-pk"))
        row = rows[which % len(rows)] if rows else None
        if verb == "issue":
            issuing.issue(utenza, context, now)
        elif verb == "sweep":
            forgetting.forget_dead(now)
        elif verb == "use" and row:
            using.use(row, now)
        elif verb == "revoke" and row:
            revoking.revoke(row, None, now)
        check(now)


@pytest.mark.parametrize("policy", ["overlap", "replace"])
@quick
@given(steps=st.lists(step, max_size=12))
def test_there_is_never_more_than_one_attivo_and_one_validato(policy, steps, utenza, certified, context) -> None:
    def check(now) -> None:
        count = Counter(row.state(now) for row in IdSessione.objects.with_facts())
        assert count[State.ATTIVO] <= 1
        assert count[State.VALIDATO] <= 1

    context.policy = policy
    context.save()  # before the transaction that the watcher of locks follows
    with transaction.atomic():
        play(steps, utenza, context, check)
        transaction.set_rollback(True)


@quick
@given(steps=st.lists(step, max_size=12))
def test_an_id_that_died_never_lives_again_and_never_changes_its_reason(steps, utenza, certified, context) -> None:
    died: dict[int, State] = {}

    def check(now) -> None:
        for row in IdSessione.objects.with_facts():
            if not row.is_live(now):
                assert died.setdefault(row.pk, row.state(now)) == row.state(now)
            else:
                assert row.pk not in died

    with transaction.atomic():
        play(steps, utenza, context, check)
        transaction.set_rollback(True)


moment = st.one_of(st.none(), st.integers(-20, 0))  # hours from now


@quick
@given(
    requested=st.integers(-40, -1), revoked=moment, address=moment, disabled=moment, blocked=moment,
    closed=st.one_of(st.none(), st.integers(-3, 3)),
)  # fmt: skip
def test_one_row_and_many_rows_obey_the_same_rule(
    requested, revoked, address, disabled, blocked, closed, utenza, certified, context
) -> None:
    now = MORNING + 24 * H

    def at(hours):
        return None if hours is None else now + hours * H

    with transaction.atomic():
        row = issuing.issue(utenza, context, at(requested)).id_sessione
        IdSessione.objects.update(revoked_at=at(revoked))
        MailCertification.objects.update(revoked_at=at(address))
        Utenza.objects.update(disabled_at=at(disabled), blocked_at=at(blocked))
        Pharmacy.objects.update(closed_on=None if closed is None else (now + timedelta(days=closed)).date())
        same = IdSessione.objects.filter(pk=row.pk)
        state = same.with_facts().get().state(now)
        assert same.live(now).exists() == (state in (State.VALIDATO, State.ATTIVO))
        assert same.expired(now).exists() == (state is State.SCADUTO)
        assert same.standing(now).exists() == (state is not State.REVOCATO)
        transaction.set_rollback(True)


@pytest.mark.parametrize("first_used_at", [None, MORNING])
def test_the_database_itself_refuses_a_second_id_in_the_same_place(first_used_at, utenza, certified, context) -> None:
    row = issuing.issue(utenza, context, MORNING).id_sessione
    IdSessione.objects.update(first_used_at=first_used_at)
    row.pk, row.digest, row.first_used_at = None, b"another", first_used_at
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)
