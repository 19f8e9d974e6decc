"""The gate's rule (one hand-written query) equals IdSessione's: state(), live() and decide() always agree."""

from datetime import datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal.secrets.codes import digest
from portal.time.clock import ROME
from sessions.gate import decision
from sessions.ids import issuing
from sessions.models import IdSessione, State
from sessions.models.gate_row import READ_FOR_THE_SERVICE
from tests.sessions.conftest import MORNING

EXPIRES = MORNING + timedelta(hours=16)
INSTANTS = [None, MORNING + timedelta(hours=1), EXPIRES - timedelta(seconds=1), EXPIRES, EXPIRES + timedelta(hours=1)]
MOMENTS = [MORNING, MORNING + timedelta(hours=2), EXPIRES - timedelta(seconds=1), EXPIRES, EXPIRES + timedelta(days=2)]
DAYS = [None, *(MORNING.astimezone(ROME).date() + timedelta(days=n) for n in (-1, 0, 1, 2))]
REASONS = {State.REVOCATO: decision.RefusalReason.REVOKED, State.SCADUTO: decision.RefusalReason.EXPIRED}
FACTS = st.fixed_dictionaries(
    {
        "first_used_at": st.sampled_from(INSTANTS[:2]), "revoked_at": st.sampled_from(INSTANTS),
        "address": st.sampled_from(INSTANTS), "disabled_at": st.sampled_from(INSTANTS),
        "blocked_at": st.sampled_from(INSTANTS), "closed_on": st.sampled_from(DAYS), "no_pharmacy": st.booleans(),
    }
)  # fmt: skip


def write(facts: dict) -> None:
    pharmacy = None if facts["no_pharmacy"] else Pharmacy.objects.get()
    IdSessione.objects.update(first_used_at=facts["first_used_at"], revoked_at=facts["revoked_at"], pharmacy=pharmacy)
    MailCertification.objects.update(revoked_at=facts["address"])
    Utenza.objects.update(disabled_at=facts["disabled_at"], blocked_at=facts["blocked_at"])
    Pharmacy.objects.update(closed_on=facts["closed_on"])


@pytest.fixture
def plain(utenza, certified, context) -> str:
    return issuing.issue(utenza, context, MORNING).plain


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(facts=FACTS, now=st.sampled_from(MOMENTS))
@pytest.mark.django_db
def test_the_row_of_the_gate_and_the_model_tell_the_same_state(plain, facts, now: datetime):
    write(facts)
    row, model = decision.read(digest(plain), READ_FOR_THE_SERVICE), IdSessione.objects.with_facts().get()
    less = decision.read(digest(plain))
    assert row is not None
    assert less == (*row[: len(less) - 6], *less[-6:])  # columns that only the web service reads
    assert row.state(now) is model.state(now)
    live = IdSessione.objects.live(now).exists()
    assert live == (row.state(now) in (State.VALIDATO, State.ATTIVO))
    call = decision.GateCall(plain, ("UVANNA01", "SALVE"), "RICETTA-DEM", "EROGATORE")
    verdict = decision.decide(row, call, now)
    assert verdict.reason == REASONS.get(model.state(now))
    assert (verdict.row is row) == live


@pytest.mark.django_db
def test_the_row_holds_what_the_models_hold(plain):
    row, model = decision.read(digest(plain), READ_FOR_THE_SERVICE), IdSessione.objects.with_facts().get()
    less = decision.read(digest(plain))
    assert row is not None
    assert less is not None
    assert (less[:17], less.pincode) == (row[:17], "")
    assert (row.pk, row.utenza_id, row.pharmacy) == (model.pk, model.utenza_id, "4512")
    assert (row.user_id, row.codice_fiscale) == (model.utenza.user_id, model.utenza.codice_fiscale)
    assert (row.password, row.pincode) == (model.utenza.password, model.utenza.pincode)
    assert (row.contesto, row.applicazione) == ("RICETTA-DEM", "EROGATORE")
    assert (row.requested_at, row.expires_at) == (MORNING, EXPIRES)
    assert decision.read(digest("another")) is None


@pytest.mark.parametrize(
    "around", [timedelta(microseconds=-1), timedelta(0), timedelta(microseconds=1), timedelta(hours=2)]
)
@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=3), timedelta(days=2)])
@pytest.mark.django_db
def test_at_the_midnight_of_a_closing_the_list_and_the_id_say_the_same(plain, around, later):
    day = (MORNING + timedelta(days=1)).astimezone(ROME).date()
    midnight = datetime.combine(day, time(), ROME)
    Pharmacy.objects.update(closed_on=day)
    IdSessione.objects.update(expires_at=midnight + around)
    for now in (midnight + around + later, midnight + later):
        row = IdSessione.objects.with_facts().get()
        assert IdSessione.objects.standing(now).exists() == (row.state(now) is not State.REVOCATO), now
