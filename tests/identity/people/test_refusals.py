"""A login that the provider refuses, or an untrusted response: a page with the reason and a next step, and no session."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from django.utils.timezone import now as now_utc

from portal.demo.identity import saml_desk
from portal.identity.models import LoginRecord, LoginTransaction, User
from portal.identity.people.refusal_sentences import refusal_of, spoken
from tests.conftest import ANNA, DARIO
from tests.identity import door

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def refused(response, client, code: str, *, written: bool = True) -> str:
    """Asserts the page of this refusal, that nobody was signed in, and whether a record was written; returns the page."""
    page = response.content.decode()
    refusal = refusal_of(code)
    assert response.status_code == refusal.status
    assert refusal.status in (400, 403)
    assert escape(refusal.title) in page
    assert escape(refusal.sentence) in page
    assert "<title>Errore: " in page
    assert f" {spoken(code)}</dd>" in page
    assert not door.signed_in(client)
    newest = LoginRecord.objects.order_by("-pk").first()
    assert (newest.outcome == code) if written else (newest is None)
    return page


# --- refusals by the provider


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("19", "Autenticazione fallita per ripetuta sottomissione di credenziali errate"),
        ("20", "Utente privo di credenziali compatibili con il livello di autenticazione richiesto"),
        ("21", "Timeout durante l’autenticazione utente"),
        ("22", "L’utente nega il consenso all’invio di dati al fornitore del servizio"),
        ("23", "Utente con identità sospesa"),
        ("25", "Processo di autenticazione annullato dall’utente"),
    ],
)
def test_each_refusal_of_the_provider_has_its_official_sentence(client, code, sentence):
    page = refused(door.enter(client, esito=code), client, code)
    assert sentence in page
    assert f"SPID {code}" in page


@pytest.mark.parametrize("code", ["8", "9", "11", "18", "24"])
def test_a_request_that_the_provider_found_wrong_is_called_our_problem(client, code):
    fields = door.forged(door.begin(client), error=code)
    page = client.post(door.answer_url(), fields).content.decode()
    assert "problema tecnico del portale" in page
    assert f"SPID {code}" in page


def test_level_1_is_refused_with_the_official_explanation(client):
    page = refused(door.enter(client, livello="1"), client, "20")
    assert "livello idoneo" in page
    assert not User.objects.exists()


def test_a_refused_person_tries_again_and_still_lands_where_they_wanted(client):
    page = door.enter(client, esito="25", next_url="/servizi/4512/").content.decode()
    assert 'name="next" value="/servizi/4512/"' in page
    assert "Riprova con SPID" in page
    assert "Entra con CIE" in page


def test_a_suspended_identity_is_not_told_to_try_the_same_again(client):
    page = door.enter(client, esito="23").content.decode()
    assert "Riprova con SPID" not in page
    assert "Entra con CIE" in page


def test_a_person_whose_access_is_disabled_stays_out(client):
    user = User.objects.for_person(ANNA, "Anna", "Rossi")
    user.is_active = False
    user.save()
    refused(door.enter(client), client, "inactive")


def test_a_foreign_identity_without_codice_fiscale_stays_out(client):
    fields = door.forged(door.begin(client), attributes=door.attributes(fiscalNumber="TINES-12345678Z"))
    refused(client.post(door.answer_url(), fields), client, "no-codice-fiscale")


def test_a_codice_fiscale_with_a_wrong_check_character_stays_out(client):
    fields = door.forged(door.begin(client), attributes=door.attributes(fiscalNumber=f"TINIT-{ANNA[:-1]}A"))
    refused(client.post(door.answer_url(), fields), client, "no-codice-fiscale")


def test_a_refused_person_who_was_already_inside_stays_inside(client):
    door.enter(client)
    response = door.enter(client, esito="25")
    assert response.status_code == 403
    assert door.signed_in(client)
    assert "è ancora aperto" in response.content.decode()


# --- untrusted responses


def test_an_answer_works_once(client):
    fields = door.begin(client)
    assert client.post(door.answer_url(), fields).status_code == 302
    assert client.post(door.answer_url(), fields).status_code == 400
    assert LoginRecord.objects.filter(outcome="ok").count() == 1


def test_a_replayed_answer_says_that_it_was_already_used(client):
    fields = door.begin(client, next_url="/servizi/")
    browser = client.cookies["accesso"].value
    client.post(door.answer_url(), fields)
    stolen = Client()
    stolen.cookies["accesso"] = browser
    page = refused(stolen.post(door.answer_url(), fields), stolen, "replayed")
    assert 'name="next" value="/servizi/"' in page


def test_a_refused_answer_cannot_be_sent_twice_either(client):
    fields = door.begin(client, esito="25")
    client.post(door.answer_url(), fields)
    refused(client.post(door.answer_url(), fields), client, "replayed")


def test_the_answer_of_another_browser_is_refused_and_does_not_tell_where_it_was_going(client):
    fields = door.begin(client, next_url="/servizi/4512/")
    thief = Client()
    page = refused(thief.post(door.answer_url(), fields), thief, "other-browser", written=False)
    assert "4512" not in page


def test_an_attackers_answer_in_the_victims_browser_is_refused(client):
    """Login CSRF: the victim has a login under way and receives the attacker's response."""
    attacker = Client()
    fields = door.begin(attacker, persona="dario")
    door.go_to_provider(client)
    refused(client.post(door.answer_url(), fields), client, "other-browser", written=False)


def test_another_browsers_attempt_does_not_spoil_the_login(client):
    fields = door.begin(client)
    Client().post(door.answer_url(), fields)
    assert client.post(door.answer_url(), fields).status_code == 302


def test_an_answer_that_nobody_asked_for_is_refused(client):
    fields = door.forged(door.begin(Client())) | {"RelayState": "x" * 43}
    refused(client.post(door.answer_url(), fields), client, "unsolicited", written=False)


@pytest.mark.parametrize(
    "fields", [{}, {"RelayState": "", "SAMLResponse": ""}, {"RelayState": "x" * 20_000, "SAMLResponse": "€"}]
)
def test_nonsense_is_refused_without_a_crash(client, fields):
    door.go_to_provider(client)
    refused(client.post(door.answer_url(), fields), client, "unsolicited", written=False)


def test_an_answer_in_the_address_bar_is_refused(client):
    fields = door.begin(client)
    refused(client.get(door.answer_url(), fields), client, "unsolicited", written=False)


def test_our_own_refusals_have_a_short_italian_word_and_the_official_ones_their_number(client):
    page = refused(client.post(door.answer_url(), {}), client, "unsolicited", written=False)
    assert "<dd>SPID risposta inattesa</dd>" in page
    assert spoken("25") == "25"
    assert spoken("something new") == "problema tecnico"


def test_looking_whether_the_doors_are_there_is_answered_and_uses_up_no_answer(client):
    fields = door.begin(client)
    for name in ("identity:staff_login", "identity:sign_out"):
        assert client.head(reverse(name)).status_code == 200
    assert client.head(reverse("identity:staff_code")).status_code == 302
    assert client.head(door.answer_url(), fields).status_code == 302
    assert client.post(door.answer_url(), fields).status_code == 302
    assert door.signed_in(client)


def test_a_login_left_for_ten_minutes_is_over(client):
    with time_machine.travel(NOON, tick=False):
        fields = door.begin(client)
    with time_machine.travel(NOON + timedelta(minutes=10), tick=False):
        refused(client.post(door.answer_url(), fields), client, "expired")


def test_an_answer_left_for_five_minutes_is_over(client):
    with time_machine.travel(NOON, tick=False):
        fields = door.begin(client)
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        refused(client.post(door.answer_url(), fields), client, "answer-expired")


@pytest.mark.parametrize(("seconds", "status"), [(59, 302), (61, 400)])
def test_a_providers_clock_may_be_a_minute_ahead(client, seconds, status):
    with time_machine.travel(NOON, tick=False):
        fields = door.forged(door.begin(client), at=NOON + timedelta(seconds=seconds))
        assert client.post(door.answer_url(), fields).status_code == status


def test_a_provider_whose_clock_is_ahead_gives_no_extra_freshness(client):
    with time_machine.travel(NOON, tick=False):
        ahead = NOON + timedelta(seconds=50)
        client.post(door.answer_url(), door.forged(door.begin(client), authenticated_at=ahead))
        assert client.session["identity_authenticated_at"] == NOON.timestamp()


def test_an_authentication_older_than_the_login_is_refused(client):
    old = now_utc() - timedelta(minutes=30)
    fields = door.forged(door.begin(client), authenticated_at=old)
    refused(client.post(door.answer_url(), fields), client, "stale")


# --- tampering


def test_an_answer_changed_after_the_signature_is_refused(client):
    fields = door.begin(client)
    body = base64.b64decode(fields["SAMLResponse"]).replace(ANNA.encode(), DARIO.encode())
    refused(client.post(door.answer_url(), door.packed(fields, body)), client, "signature")


@pytest.mark.parametrize("answer", ["", ".", "€", "====", "x" * 9000, "x" * 200_000, "bnVsbA==", "PGE+", "PGEvPg=="])
def test_a_broken_answer_is_refused_without_a_crash(client, answer):
    fields = door.begin(client) | {"SAMLResponse": answer}
    refused(client.post(door.answer_url(), fields), client, "malformed")


def test_another_provider_cannot_sign_for_the_one_that_was_asked(client):
    fields = door.forged(door.begin(client), signer="cie")
    refused(client.post(door.answer_url(), fields), client, "signature")


def test_an_answer_signed_by_the_right_key_in_anothers_name_is_refused(client):
    fields = door.forged(door.begin(client), issuer=saml_desk.entity_id("cie"))
    refused(client.post(door.answer_url(), fields), client, "not-asked")


def test_an_answer_brought_to_the_door_of_another_provider_is_refused(client):
    fields = door.begin(client)
    response = client.post(door.answer_url("cie"), fields)
    assert response.status_code == 400
    assert not door.signed_in(client)


def test_an_answer_for_another_portal_is_refused(client):
    fields = door.forged(door.begin(client), audience="https://altro-portale.example")
    refused(client.post(door.answer_url(), fields), client, "not-for-us")


def test_an_answer_to_another_login_of_the_same_browser_is_refused(client):
    first = door.begin(client)
    second = door.begin(client, persona="dario")
    mixed = first | {"SAMLResponse": second["SAMLResponse"]}
    refused(client.post(door.answer_url(), mixed), client, "unsolicited")


def test_the_page_of_a_refusal_repeats_nothing_of_what_was_sent(client, caplog):
    fields = door.begin(client)
    page = client.post(
        door.answer_url(), fields | {"SAMLResponse": "<script>" + fields["SAMLResponse"]}
    ).content.decode()
    for secret in (fields["RelayState"], fields["SAMLResponse"], ANNA, "<script>"):
        assert secret not in page
        assert secret not in caplog.text


def test_no_session_is_opened_for_somebody_who_is_only_refused(client):
    client.post(door.answer_url(), {"RelayState": "x"})
    assert "sessionid" not in client.cookies
    assert not LoginTransaction.objects.exists()
    assert client.get(reverse("identity:choose")).status_code == 200
