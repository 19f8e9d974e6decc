"""Before a context's ids are mandatory a call without a valid id passes with a warning; from that very instant it is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import Error, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pharmacies.models import Utenza
from portal.time.clock import ROME
from sessions.gate import decision, grace_counts
from sessions.ids import issuing, revoking
from sessions.models import Context, DailyProof, GraceCalls
from sessions.models.context import dates_to_come
from tests.sessions.conftest import MORNING
from tests.sessions.gate.gate_door import BASIC_REFUSED, PASSED, UNKNOWN, USUAL, basic, knock, refused, reply_of

pytestmark = pytest.mark.django_db
TOMORROW = MORNING + timedelta(days=1)
WHITE = "contesto=RICETTA-BIANCA&applicazione=EROGATORE"


@pytest.fixture(autouse=True)
def _it_is_morning_and_nothing_is_counted(time_machine):
    time_machine.move_to(MORNING, tick=False)
    grace_counts.forget()
    yield
    grace_counts.forget()
    dates_to_come.known = False


@pytest.fixture
def graced(utenza, certified, context) -> Context:
    context.mandatory_from = TOMORROW
    context.save()
    return context


@pytest.fixture
def counted(hashes, utenza) -> list[str]:
    """The slow hashes that were made; a fast one stands for them."""
    utenza.set_password("SALVE", MORNING)
    utenza.save()
    hashes.clear()
    return hashes


def from_address(address: str, password: str = "SALVE") -> bool:
    """Whether a call without an id from this address passes."""
    call = decision.GateCall(None, ("UVANNA01", password), "RICETTA-DEM", "EROGATORE")
    return decision.ask(call, address, MORNING).in_grace is not None


def warning_of(response) -> tuple:
    return response.status_code, response.headers.get("X-A2F-Warning"), response.headers.get("X-A2F-Reason")


def warned(reason: str) -> tuple:
    return 204, "9101", reason


def test_without_a_date_ids_are_mandatory_and_the_migration_sets_none(utenza):
    assert not Context.objects.exclude(mandatory_from=None).exists()
    assert reply_of(None) == refused("missing")


@pytest.mark.parametrize(("plain", "reason"), [(None, "missing"), ("1234", "malformed"), (UNKNOWN, "unknown")])
def test_before_the_date_it_passes_with_the_reason_and_for_whom(graced, plain, reason):
    response = knock(plain)
    assert warning_of(response) == warned(reason)
    assert (response.headers["X-A2F-Utenza"], response.headers["X-A2F-Pharmacy"]) == ("UVANNA01", "4512")
    assert response.headers["X-A2F-Codice-Fiscale"] == "RSSNNA80A41H501L"
    assert "X-A2F-Error" not in response.headers
    assert "X-A2F-Expires-At" not in response.headers
    assert "X-A2F-Assertion" not in response.headers


def test_before_the_date_dead_ids_and_ids_of_others_pass_with_a_warning(graced, utenza, anna, replacing):
    issued = issuing.issue(utenza, graced, MORNING)
    elsewhere = issuing.issue(utenza, replacing, MORNING)
    revoking.revoke(issued.id_sessione, anna, MORNING)
    assert warning_of(knock(issued.plain)) == warned("revoked")
    assert warning_of(knock(elsewhere.plain)) == warned("other-context")


def test_a_valid_id_passes_without_a_warning_and_is_not_counted(graced, utenza):
    plain = issuing.issue(utenza, graced, MORNING).plain
    assert warning_of(knock(plain)) == (204, None, None)
    assert grace_counts.write_down() == 0


@pytest.mark.parametrize("authorization", [None, "Basic !!!", basic(password="sbagliata"), basic("NESSUNO")])
@pytest.mark.parametrize("plain", [None, UNKNOWN])
def test_basic_is_proved_all_the_same(graced, plain, authorization):
    assert reply_of(plain, authorization) == BASIC_REFUSED
    assert grace_counts.write_down() == 0


@pytest.mark.parametrize("fact", ["disabled_at", "blocked_at"])
def test_an_utenza_that_is_not_in_use_does_not_pass(graced, fact):
    Utenza.objects.update(**{fact: MORNING})
    assert reply_of(None) == BASIC_REFUSED


def test_a_closed_pharmacy_does_not_pass(graced, san_marco):
    san_marco.closed_on = MORNING.date()
    san_marco.save()
    assert reply_of(None) == BASIC_REFUSED


# --- the instant


AROUND = st.integers(-3 * 3600, 3 * 3600).map(lambda seconds: timedelta(seconds=seconds)) | st.sampled_from(
    [timedelta(microseconds=n) for n in (-1, 0, 1)]
)
DATES = st.sampled_from(
    [
        datetime(2026, 12, 1, 0, 0, tzinfo=ROME),
        datetime(2026, 10, 25, 2, 30, fold=0, tzinfo=ROME), datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ROME),  # twice
        datetime(2026, 10, 25, 0, 0, tzinfo=ROME), datetime(2027, 3, 28, 1, 59, 59, tzinfo=ROME),
        datetime(2027, 3, 28, 3, 0, tzinfo=ROME), datetime(2024, 1, 31, 0, 0, tzinfo=ROME),
    ]
)  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(date=DATES, around=AROUND)
def test_no_refusal_before_the_instant_and_no_pass_from_it_on(graced, counted, time_machine, date, around):
    Context.objects.filter(pk=graced.pk).update(mandatory_from=date)
    now = date.astimezone(UTC) + around
    time_machine.move_to(now, tick=False)
    assert warning_of(knock(None)) == (warned("missing") if around < timedelta(0) else (403, None, "missing"))
    assert Context.objects.get(pk=graced.pk).is_mandatory(now) is (around >= timedelta(0))


def test_from_the_date_on_a_wrong_id_is_refused_without_a_look_at_the_password(graced, time_machine, settings):
    time_machine.move_to(TOMORROW, tick=False)
    settings.PASSWORD_HASHERS = ["tests.identity.counting_hasher.NoHasherAtAll"]
    assert reply_of(None) == refused("missing")
    assert reply_of(UNKNOWN, basic(password="sbagliata")) == refused("unknown")


# --- several contexts


def of_contexts(client, query: str) -> tuple:
    return warning_of(client.get(f"/a2f/gate?{query}", headers={"Authorization": basic()}))


def test_several_contexts_are_in_grace_only_together(client, graced):
    both = f"contesto=RICETTA-DEM&applicazione=EROGATORE&{WHITE}"
    assert of_contexts(client, both) == (403, None, "missing")
    Context.objects.filter(contesto="RICETTA-BIANCA").update(mandatory_from=TOMORROW + timedelta(seconds=1))
    assert of_contexts(client, both) == warned("missing")
    assert of_contexts(client, f"{both}&contesto=INVENTATO") == (403, None, "missing")
    Context.objects.filter(contesto="RICETTA-BIANCA").update(mandatory_from=MORNING)
    assert of_contexts(client, both) == (403, None, "missing")
    assert of_contexts(client, "") == (403, None, "missing")


# --- the remembered proof


def test_one_slow_hash_for_an_utenza_and_a_day_from_any_address(graced, counted, utenza, time_machine):
    for address in ("192.0.2.1", "192.0.2.1", "198.51.100.9", "192.0.2.1"):
        assert from_address(address)
        assert knock(UNKNOWN).status_code == 204
    assert len(counted) == 1
    time_machine.move_to(MORNING.replace(hour=23), tick=False)  # the next Italian day
    assert [knock(None).status_code for _ in range(3)] == [204] * 3
    assert len(counted) == 2


def test_a_changed_password_voids_the_proof(graced, utenza):
    assert knock(None).status_code == 204
    utenza.set_password("nuova password", MORNING)
    utenza.save()
    assert reply_of(None) == BASIC_REFUSED
    assert knock(None, basic(password="nuova password")).status_code == 204


def test_wrong_passwords_are_braked_and_the_remembered_one_is_no_way_around_it(graced, counted, utenza):
    assert knock(None).status_code == 204  # remembered
    counted.clear()
    for n in range(30):
        assert reply_of(None, basic(password=f"prova{n}")) == BASIC_REFUSED
    assert len(counted) == 5
    assert reply_of(None) == BASIC_REFUSED  # this place is over the limit, whatever it sends
    assert len(counted) == 5


def test_the_same_wrong_password_again_costs_nothing_and_locks_nobody_out(graced, counted, utenza):
    assert [reply_of(None, basic(password="vecchia")) for _ in range(9)] == [BASIC_REFUSED] * 9
    assert len(counted) == 1
    assert knock(None).status_code == 204


def test_an_attack_from_elsewhere_does_not_stop_the_till_in_its_shop(graced, counted, utenza):
    assert from_address("192.0.2.1")
    for n in range(30):
        assert not from_address(f"198.51.100.{n}", f"prova{n}")
    counted.clear()
    assert from_address("192.0.2.1")
    assert counted == []
    assert not from_address("198.51.100.200")


def test_the_proof_holds_no_password_and_survives_no_other_key(graced, settings):
    assert knock(None).status_code == 204
    proof = DailyProof.objects.get()
    assert len(proof.fingerprint) == 64
    assert "SALVE" not in proof.fingerprint
    before = proof.fingerprint
    settings.SECRET_KEY = "another key of another installation, long enough for the check"
    assert knock(None).status_code == 204
    assert DailyProof.objects.get().fingerprint != before


# --- the counts


def test_the_calls_are_counted_for_an_utenza_a_context_and_a_day(graced, utenza, time_machine):
    for _ in range(3):
        knock(None)
    assert not GraceCalls.objects.exists()
    assert grace_counts.write_down() == 1
    knock(None)
    time_machine.move_to(MORNING.replace(hour=23), tick=False)
    knock(None)
    assert grace_counts.write_down() == 2
    found = list(GraceCalls.objects.order_by("day").values_list("utenza", "context", "day", "calls"))
    day = MORNING.date()
    assert found == [(utenza.pk, graced.pk, day, 4), (utenza.pk, graced.pk, day + timedelta(days=1), 1)]


def test_counts_that_could_not_be_written_wait_for_the_next_round(graced, monkeypatch):
    knock(None)
    with monkeypatch.context() as broken:
        broken.setattr(grace_counts, "_ADD", "insert into nowhere values (%s, %s, %s, %s)")
        with pytest.raises(Error), transaction.atomic():
            grace_counts.write_down()
    assert grace_counts.write_down() == 1
    assert GraceCalls.objects.get().calls == 1


# --- the cost


def test_a_graced_call_writes_nothing_after_the_first_of_the_day(graced, django_assert_num_queries):
    knock(None)
    with django_assert_num_queries(3):  # the contexts, the utenza with its proof, the recent failures
        knock(None)


def test_a_live_id_costs_what_it_costs_without_a_date(graced, utenza, django_assert_num_queries):
    plain = issuing.issue(utenza, graced, MORNING).plain
    assert reply_of(plain) == PASSED
    with django_assert_num_queries(1):
        assert reply_of(plain) == PASSED


def test_when_the_last_date_is_over_a_refusal_asks_the_database_nothing(
    graced, time_machine, django_assert_num_queries
):
    time_machine.move_to(TOMORROW, tick=False)
    assert reply_of(None) == refused("missing")
    with django_assert_num_queries(0):
        assert reply_of(None, parameters=USUAL) == refused("missing")
