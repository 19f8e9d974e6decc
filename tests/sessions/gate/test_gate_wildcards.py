"""`UTENZA-YYYY-MM-CONTESTO[-APPLICAZIONE]`: in TEST mode only, for the month of the Italian calendar."""

from datetime import UTC, datetime

import pytest

from pharmacies.models import Utenza
from sessions.models import Context, IdSessione
from tests.sessions.gate.gate_door import BASIC_REFUSED, PASSED, basic, knock, refused, reply_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("utenza", "context")]
THIS_MONTH = "UVANNA01-2026-11-RICETTA-DEM-EROGATORE"


@pytest.fixture(autouse=True)
def _november(settings, time_machine) -> None:
    settings.A2F_MODE = "TEST"
    time_machine.move_to(datetime(2026, 11, 23, 9, tzinfo=UTC), tick=False)


def test_the_wildcard_of_this_month_passes_with_its_password_until_the_month_ends():
    response = knock(THIS_MONTH)
    assert response.status_code == 204
    assert response.headers["X-A2F-Utenza"] == "UVANNA01"
    assert response.headers["X-A2F-Expires-At"] == "2026-12-01T00:00:00.000+01:00"
    assert not IdSessione.objects.exists()


@pytest.mark.parametrize("applicazione", ["EROGATORE", "PRESCRITTORE", ""])
def test_without_applicazione_a_wildcard_passes_for_every_applicazione_of_its_contesto(applicazione):
    Context.objects.get_or_create(contesto="RICETTA-DEM", applicazione=applicazione)
    parameters = {"contesto": "RICETTA-DEM", "applicazione": applicazione}
    assert reply_of("UVANNA01-2026-11-RICETTA-DEM", parameters=parameters) == PASSED
    assert reply_of("UVANNA01-2026-11-RICETTA", parameters=parameters) == refused("other-context")
    assert reply_of("UVANNA01-2026-11-RICETTA-BIANCA", parameters=parameters) == refused("other-context")


def test_without_a_context_a_wildcard_passes_for_the_ricetta_bianca_alone():
    white = {"contesto": "RICETTA-BIANCA", "applicazione": "EROGATORE"}
    assert reply_of("UVANNA01-2026-11", parameters=white) == PASSED
    assert reply_of("UVANNA01-2026-11") == refused("other-context")


def test_a_context_that_no_row_configures_has_no_wildcard():
    assert reply_of("UVANNA01-2026-11-BIANCA", parameters={"contesto": "BIANCA"}) == refused("other-context")
    assert reply_of("UVANNA01-2026-11", parameters={"contesto": "BIANCA"}) == refused("other-context")


def test_a_wildcard_may_come_without_its_scheme():
    assert reply_of(None, Authorization2F=THIS_MONTH) == PASSED


def test_in_production_a_wildcard_is_malformed(settings):
    settings.A2F_MODE = "PRODUCTION"
    assert reply_of(THIS_MONTH) == refused("malformed")


def test_the_month_is_the_italian_one(time_machine):
    time_machine.move_to(datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC), tick=False)
    assert reply_of(THIS_MONTH) == PASSED
    time_machine.move_to(datetime(2026, 11, 30, 23, tzinfo=UTC), tick=False)
    assert reply_of(THIS_MONTH) == refused("expired")
    assert reply_of("UVANNA01-2026-12-RICETTA-DEM-EROGATORE") == PASSED


@pytest.mark.parametrize(
    ("wildcard", "reason"),
    [
        ("UVANNA01-2026-10-RICETTA-DEM-EROGATORE", "expired"),
        ("UVANNA01-2025-11-RICETTA-DEM-EROGATORE", "expired"),
        ("UVANNA01-2026-12-RICETTA-DEM-EROGATORE", "unknown"),
        ("NESSUNO-2026-11-RICETTA-DEM-EROGATORE", "unknown"),
        ("UVANNA01-2026-11-RICETTA-DEM-PRESCRITTORE", "other-context"),
        ("UVANNA01-2026-11-RICETTA-DEM-EROGATORE-", "other-context"),
        ("UVANNA01-2026-13-RICETTA-DEM-EROGATORE", "malformed"),
        ("UVANNA01-2026-11-", "malformed"),
        ("UVANNA01-2026-11-RICETTA-DEM-", "other-context"),
        ("UVANNA01-2026", "malformed"),
        ("-2026-11-RICETTA-DEM-EROGATORE", "malformed"),
    ],
)
def test_any_other_wildcard_is_refused(wildcard, reason):
    assert reply_of(wildcard) == refused(reason)


def test_it_needs_the_password_of_its_own_utenza():
    assert reply_of(THIS_MONTH, basic(password="sbagliata")) == BASIC_REFUSED
    assert reply_of(THIS_MONTH, None) == BASIC_REFUSED
    assert reply_of(THIS_MONTH, basic("UVANNA02", "SALVE")) == refused("other-utenza")


def test_an_utenza_that_is_disabled_has_no_wildcard():
    Utenza.objects.update(disabled_at=datetime(2026, 11, 20, tzinfo=UTC))
    assert reply_of(THIS_MONTH) == refused("revoked")
