"""The gate's decisions, and the replies to refused callers."""

from base64 import b64encode
from datetime import timedelta

import pytest
from django.utils import timezone

from pharmacies.models import Utenza
from portal.journal.models import Entry
from portal.time.clock import ROME
from sessions.gate import uses
from sessions.ids import issuing, revoking
from sessions.models import Context, IdSessione, State
from tests.sessions.conftest import MORNING, make_utenza
from tests.sessions.gate.gate_door import BASIC_REFUSED, PASSED, UNKNOWN, basic, knock, refused, reply_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _it_is_morning(time_machine) -> None:
    time_machine.move_to(MORNING, tick=False)


@pytest.fixture(autouse=True)
def _nothing_counted_yet():
    uses.forget()
    yield
    uses.forget()


@pytest.fixture
def issued(utenza, certified, context) -> issuing.Issued:
    return issuing.issue(utenza, context, MORNING)


@pytest.fixture
def plain(issued) -> str:
    return issued.plain


# --- accepted


def test_a_live_id_and_its_password_pass_and_the_service_is_told_for_whom(plain, issued):
    response = knock(plain)
    assert response.status_code == 204
    assert response.headers["X-A2F-Utenza"] == "UVANNA01"
    assert response.headers["X-A2F-Codice-Fiscale"] == "RSSNNA80A41H501L"
    assert response.headers["X-A2F-Pharmacy"] == "4512"
    assert response.headers["X-A2F-Expires-At"] == "2026-11-24T00:58:00.000+01:00"


def test_it_passes_again_and_again_by_get_and_by_post_with_any_body(plain):
    assert [reply_of(plain), reply_of(plain, method="post"), reply_of(plain)] == [PASSED] * 3


@pytest.mark.parametrize("method", ["head", "put", "delete", "options"])
def test_other_methods_do_not_pass(plain, method):
    assert knock(plain, method=method).status_code == 405


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization2F": "Bearer {}"},
        {"authorization2f": "bearer {}"},
        {"AUTHORIZATION2F": "BEARER   {}  "},
        {"X-idSessione": "Bearer {}"},
        {"x-idsessione": "bEaReR {}"},
        {"Authorization2F": "Bearer {}", "X-idSessione": "Bearer {}"},
    ],
)
def test_the_id_comes_in_either_header_with_the_scheme_in_any_case(plain, headers):
    assert reply_of(None, **{name: value.format(plain) for name, value in headers.items()}) == PASSED


def test_a_password_may_hold_colons_and_accents(utenza, plain):
    utenza.set_password("sàlve:tutti:", timezone.now())
    utenza.save()
    assert reply_of(plain, basic(password="sàlve:tutti:")) == PASSED


def test_a_context_without_applicazione_is_asked_with_it_empty_or_absent(utenza, certified):
    context = Context.objects.get_or_create(contesto="RICETTA-DEM", applicazione="")[0]
    plain = issuing.issue(utenza, context, MORNING).plain
    assert reply_of(plain, parameters={"contesto": "RICETTA-DEM"}) == PASSED
    assert reply_of(plain, parameters={"contesto": "RICETTA-DEM", "applicazione": ""}) == PASSED
    assert reply_of(plain) == refused("other-context")


# --- id refused


@pytest.mark.parametrize("headers", [{}, {"Authorization2F": ""}, {"X-idSessione": "  "}])
def test_without_an_id_it_is_missing(utenza, headers):
    assert reply_of(None, **headers) == refused("missing")


@pytest.mark.parametrize(
    "value",
    [
        "Bearer", "Bearer ", f"Basic {UNKNOWN}", f"Bearer {UNKNOWN}0", f"Bearer {UNKNOWN},Bearer {UNKNOWN}",
        "Bearer " + UNKNOWN.replace("-", ""), "Bearer " + "x" * 36, "Bearer " + "9" * 8000, "Bearer ' or 1=1 --",
    ],
)  # fmt: skip
def test_what_is_not_written_like_an_id_is_malformed(utenza, value):
    assert reply_of(None, Authorization2F=value) == refused("malformed")


SPELLINGS = [
    "Bearer {ID}", "bearer {{{id}}}", 'Bearer "{id}"', "Bearer '{ID}'", "{id}", "{ID}", "{{{ID}}}", '"{id}"', "ID-SESSIONE: {id}",
    "Bearer ID SESSIONE {ID}", "Bearer \u201c{id}\u201d", "Bearer \ufeff{id}",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("as_wsgi", [str, lambda text: text.encode().decode("latin-1")])
def test_an_id_in_capitals_in_braces_in_quotes_or_without_its_scheme_is_the_id(plain, spelling, as_wsgi):
    """RFC 9562, section 4: read in any case. A WSGI server passes header bytes as Latin-1."""
    value = as_wsgi(spelling.format(id=plain, ID=plain.upper()))
    assert reply_of(None, Authorization2F=value) == PASSED


def test_any_dash_in_an_id_is_a_dash(plain):
    assert reply_of(None, Authorization2F=f"Bearer {plain.replace('-', '–')}") == PASSED


def test_one_id_written_in_two_ways_does_not_disagree_with_itself(plain):
    assert reply_of(None, Authorization2F=f"Bearer {plain.upper()}", **{"X-idSessione": f"Bearer {plain}"}) == PASSED


def test_two_headers_that_disagree_are_malformed(plain):
    assert reply_of(plain, **{"X-idSessione": f"Bearer {UNKNOWN}"}) == refused("malformed")


def test_an_id_that_nobody_issued_is_unknown(utenza):
    assert reply_of(UNKNOWN) == refused("unknown")


def test_an_id_is_expired_at_its_last_second_and_not_before(plain, time_machine):
    time_machine.move_to(MORNING + timedelta(hours=16, microseconds=-1), tick=False)
    assert reply_of(plain) == PASSED
    time_machine.move_to(MORNING + timedelta(hours=16), tick=False)
    assert reply_of(plain) == refused("expired")


def test_a_revoked_id_stops_at_once(plain, issued, anna):
    assert reply_of(plain) == PASSED
    revoking.revoke(issued.id_sessione, anna, MORNING)
    assert reply_of(plain) == refused("revoked")


@pytest.mark.parametrize("fact", ["disabled_at", "blocked_at"])
def test_the_ids_of_an_utenza_disabled_or_blocked_are_revoked_and_come_back_with_it(plain, fact):
    assert reply_of(plain) == PASSED
    Utenza.objects.update(**{fact: MORNING})
    assert reply_of(plain) == refused("revoked")
    Utenza.objects.update(**{fact: None})
    assert reply_of(plain) == PASSED


def test_a_revoked_address_takes_its_ids_with_it(plain, certified):
    assert reply_of(plain) == PASSED
    certified.revoked_at = MORNING
    certified.save()
    assert reply_of(plain) == refused("revoked")


def test_a_closed_pharmacy_dispenses_nothing_from_the_italian_day_of_its_closing(plain, san_marco, time_machine):
    san_marco.closed_on = MORNING.astimezone(ROME).date() + timedelta(days=1)
    san_marco.save()
    assert reply_of(plain) == PASSED
    time_machine.move_to(MORNING.replace(hour=22, minute=59), tick=False)  # 23:59 in Italy
    assert reply_of(plain) == PASSED
    time_machine.move_to(MORNING.replace(hour=23, minute=0), tick=False)
    assert reply_of(plain) == refused("revoked")


def test_the_id_of_another_utenza_does_not_pass_whatever_the_password(plain, san_marco):
    other = make_utenza("UVANNA02", san_marco)
    other.set_password("ALTRA", MORNING)
    other.save()
    assert reply_of(plain, basic("UVANNA02", "ALTRA")) == refused("other-utenza")
    assert reply_of(plain, basic("NESSUNO", "SALVE")) == refused("other-utenza")


@pytest.mark.parametrize(
    "parameters",
    [
        {}, {"contesto": "RICETTA-DEM"}, {"contesto": "RICETTA-BIANCA", "applicazione": "EROGATORE"},
        {"contesto": "ricetta-dem", "applicazione": "EROGATORE"},
        {"contesto": "RICETTA-DEM", "applicazione": "PRESCRITTORE"},
        {"contesto": "RICETTA-DEM", "applicazione": "EROGATORE&applicazione=PRESCRITTORE"},
    ],
)  # fmt: skip
def test_an_id_passes_only_in_its_own_context(plain, parameters):
    assert reply_of(plain, parameters=parameters) == refused("other-context")


def test_a_dead_id_is_told_its_end_whatever_the_password_and_no_hash_is_made(plain, issued, anna, settings):
    revoking.revoke(issued.id_sessione, anna, MORNING)
    settings.PASSWORD_HASHERS = ["tests.identity.counting_hasher.NoHasherAtAll"]  # importing it would fail
    for authorization in (None, basic(password="sbagliata"), "Basic !!!"):
        assert reply_of(plain, authorization) == refused("revoked")
        assert reply_of(UNKNOWN, authorization) == refused("unknown")
        assert reply_of(None, authorization) == refused("missing")
        assert reply_of("x", authorization) == refused("malformed")


# --- Basic refused


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Basic", "Basic !!!", "Bearer abc", "Basic " + b64encode(b"nocolon").decode(), basic(password="SALVe"),
     basic(password=""), "Basic " + b64encode(b"UVANNA01:" + b"x" * 64_000).decode()],
)  # fmt: skip
def test_a_live_id_needs_its_password(plain, authorization):
    response = knock(plain, authorization)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Basic realm="login", charset="UTF-8"'
    assert "X-A2F-Reason" not in response.headers
    assert IdSessione.objects.get().first_used_at is None


def test_a_wrong_password_is_refused_after_the_right_one_was_seen(plain):
    assert reply_of(plain) == PASSED
    assert reply_of(plain, basic(password="sbagliata")) == BASIC_REFUSED
    assert reply_of(plain) == PASSED


# --- the first use


def test_the_first_use_makes_the_id_attivo_and_revokes_the_attivo_before_it(utenza, context, plain, issued):
    reply_of(plain)
    second = issuing.issue(utenza, context, MORNING)
    assert reply_of(plain) == PASSED  # a renewal never stops a till at work
    assert reply_of(second.plain) == PASSED
    assert reply_of(plain) == refused("revoked")
    rows = IdSessione.objects.with_facts().order_by("pk")
    assert [row.state(MORNING) for row in rows] == [State.REVOCATO, State.ATTIVO]
    assert Entry.objects.filter(verb="id.used").count() == 2


def test_a_call_that_is_refused_is_no_use(plain):
    reply_of(plain, basic(password="sbagliata"))
    reply_of(plain, parameters={"contesto": "RICETTA-BIANCA"})
    reply_of(plain, None)
    row = IdSessione.objects.get()
    assert (row.first_used_at, row.fingerprint, uses.write_down()) == (None, None, 0)
