"""Login with a digital identity, from the first page to the session."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from portal.identity.models import LoginRecord, LoginTransaction, User
from tests.conftest import ANNA, DARIO
from tests.identity import door

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["spid", "cie", "ts-cns"])
def test_a_person_comes_in_with_each_of_the_three_ways(client, method):
    response = door.enter(client, method)
    assert response.status_code == 302
    assert response["Location"] == "/"
    assert client.session["identity_with"].startswith(method.upper())
    assert User.objects.get(pk=client.session["_auth_user_id"]).codice_fiscale == ANNA


def test_the_account_has_no_password_and_takes_its_name_from_the_provider(client):
    door.enter(client, persona="niccolo")
    user = User.objects.get()
    assert user.full_name == "Niccolò D’Amico"
    assert not user.has_usable_password()


def test_a_codice_fiscale_with_omocodia_is_a_codice_fiscale(client):
    assert door.enter(client, persona="maria").status_code == 302


def test_a_person_written_by_hand_on_the_stub_comes_in(client):
    door.enter(client, persona="altro", codice_fiscale=DARIO.lower(), nome="Dario", cognome="Verdi")
    assert User.objects.get().codice_fiscale == DARIO


def test_the_second_login_finds_the_same_account(client):
    door.enter(client)
    door.enter(Client())
    assert User.objects.count() == 1


def test_the_instant_of_the_authentication_is_remembered_in_utc(client):
    at = datetime(2026, 3, 29, 0, 59, 30, tzinfo=UTC)  # the night when the clocks go forward
    with time_machine.travel(at, tick=False):
        door.enter(client)
        assert client.session["identity_authenticated_at"] == at.timestamp()


def test_a_login_is_written_down(client):
    door.enter(client, livello="3")
    record = LoginRecord.objects.get()
    assert (record.outcome, record.provider, record.level) == ("ok", "spid", 3)
    assert record.user.codice_fiscale == ANNA
    assert record.transaction == LoginTransaction.objects.get()


def test_neither_state_nor_browser_secret_is_kept_in_clear(client):
    fields = door.begin(client)
    row = LoginTransaction.objects.values().get()
    assert fields["RelayState"] not in str(row)
    assert client.cookies["accesso"].value not in str(row)


# --- the page after the login


def test_the_person_lands_on_the_page_that_was_asked_for(client):
    response = door.enter(client, next_url="/servizi/4512/sicurezza/?da=menu")
    assert response["Location"] == "/servizi/4512/sicurezza/?da=menu"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://example.org/", "//example.org/", "///example.org", "/\\example.org", "\\\\example.org",
        "javascript:alert(1)", "http:example.org", " //example.org", "/\t/example.org", "example.org",
        "http://testserver/servizi/", "/" + "a" * 600,
    ],
)  # fmt: skip
def test_no_address_outside_the_portal_is_followed(client, elsewhere):
    assert door.enter(client, next_url=elsewhere)["Location"] == "/"


def test_the_provider_is_not_told_which_page_was_wanted(client):
    assert "servizi" not in door.go_to_provider(client, next_url="/servizi/4512/")


# --- the session


def test_the_session_key_changes_at_login(client):
    client.get(reverse("identity:choose"))
    session = client.session
    session["planted"] = "x"
    session.save()
    client.cookies["sessionid"] = session.session_key
    planted_key = session.session_key
    door.enter(client)
    assert client.session.session_key != planted_key
    assert not client.session.exists(planted_key)


def test_the_session_key_changes_also_when_the_same_person_shows_the_identity_again(client):
    door.enter(client)
    before = client.session.session_key
    door.enter(client)
    assert client.session.session_key != before


def test_another_person_on_the_same_browser_inherits_nothing(client):
    door.enter(client)
    session = client.session
    session["of_anna"] = "x"
    session.save()
    door.enter(client, persona="dario")
    assert "of_anna" not in client.session
    assert User.objects.get(pk=client.session["_auth_user_id"]).codice_fiscale == DARIO


def test_showing_the_identity_again_renews_its_instant(client):
    start = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        door.enter(client)
    with time_machine.travel(start + timedelta(minutes=40), tick=False):
        door.enter(client)
        assert client.session["identity_authenticated_at"] == (start + timedelta(minutes=40)).timestamp()


# --- from another site: the POST arrives without the portal's own cookie, which is SameSite=Lax


def as_from_another_site(client: Client, fields: dict[str, str]) -> None:
    """The POST carries the login cookie only; the browser still has the other one."""
    kept = client.cookies.pop("sessionid", None)
    assert client.post(door.answer_url(), fields).status_code == 302
    assert kept is None or client.cookies["sessionid"].value != kept.value


def test_what_the_browser_had_begun_goes_on_after_an_answer_from_another_site(client):
    door.enter(client)
    session = client.session
    session["of_anna"] = "x"
    session.save()
    before = session.session_key
    as_from_another_site(client, door.begin(client))
    assert client.session["of_anna"] == "x"
    assert not client.session.exists(before), "the old key opens nothing any more"


def test_another_person_coming_from_another_site_inherits_nothing(client):
    door.enter(client)
    session = client.session
    session["of_anna"] = "x"
    session.save()
    as_from_another_site(client, door.begin(client, persona="dario"))
    assert "of_anna" not in client.session
    assert not client.session.exists(session.session_key)


def test_a_browser_without_a_session_comes_in_from_another_site_too(client):
    as_from_another_site(client, door.begin(client))
    assert door.signed_in(client)


def test_the_session_is_kept_sealed_and_only_until_the_answer(client):
    door.enter(client)
    fields = door.begin(client)
    row = LoginTransaction.objects.latest("pk")
    assert client.session.session_key.encode() not in bytes(row.sealed_session)
    client.post(door.answer_url(), fields)
    row.refresh_from_db()
    assert row.sealed_session is None


# --- the cookie that binds the login to the browser


def test_the_login_cookie_is_short_lived_and_out_of_reach_of_scripts(client):
    door.go_to_provider(client)
    cookie = client.cookies["accesso"]
    assert cookie["httponly"]
    assert (cookie["max-age"], cookie["path"], cookie["samesite"], cookie["domain"]) == (600, "/", "Lax", "")


def test_in_production_the_login_cookie_survives_the_way_back_from_another_site(client, settings):
    settings.SECURE_COOKIES = True
    door.go_to_provider(client)
    cookie = client.cookies["__Host-accesso"]
    assert (cookie["secure"], cookie["samesite"], cookie["path"]) == (True, "None", "/")
    assert cookie["httponly"]


def test_the_login_cookie_goes_when_the_login_is_done(client):
    assert door.enter(client).cookies["accesso"]["max-age"] == 0


def test_two_tabs_may_begin_a_login_and_either_may_finish_it(client):
    first = door.begin(client)
    door.begin(client, method="cie")
    assert client.post(door.answer_url(), first).status_code == 302


# --- the login page itself


def test_a_login_begins_with_a_post_only(client):
    assert client.get(reverse("identity:start", args=["spid"])).status_code == 405


def test_a_login_cannot_be_begun_from_another_site():
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(reverse("identity:start", args=["spid"])).status_code == 403


def test_the_answer_needs_no_csrf_token_because_it_comes_from_another_site(client):
    fields = door.begin(client)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert strict.post(door.answer_url(), fields).status_code == 302


def test_a_way_in_that_does_not_exist_is_not_found(client):
    assert client.post("/accesso/facebook/avvia/").status_code == 404
    assert client.post("/accesso/facebook/ritorno/").status_code == 404
