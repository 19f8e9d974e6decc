"""The staff sign in with a password and the code of their app."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from portal.identity.models import LoginRecord, PasswordFailure, StaffTotp, User
from tests.identity import door
from tests.identity.counting_hasher import CountingHasher
from tests.identity.staff.staff_door import CODE, LOGIN, SECRET, code_at, give_code, give_password

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.identity.guarded_urls")]

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
STAFF = "/guarded/staff/"


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def app(carla) -> StaffTotp:
    return StaffTotp.enrol(carla, SECRET)[0]


def test_password_and_code_open_the_pages_of_the_staff(client, app, clock):
    assert give_password(client, next=STAFF)["Location"] == CODE
    assert give_code(client, code_at(NOON))["Location"] == STAFF
    assert client.get(STAFF).content == b"dentro"


def test_between_the_password_and_the_code_nobody_is_inside(client, app, clock):
    give_password(client)
    assert not door.signed_in(client)
    assert client.get(STAFF).status_code == 302


def test_without_a_page_in_mind_the_staff_land_on_their_home(client, app, clock):
    give_password(client)
    assert give_code(client, code_at(NOON))["Location"] == "/"


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org", "/\\example.org"])
def test_the_staff_are_not_sent_outside_the_portal(client, app, clock, elsewhere):
    give_password(client, next=elsewhere)
    assert give_code(client, code_at(NOON))["Location"] == "/"


def test_the_wanted_page_is_kept_when_the_password_is_wrong(client, app):
    page = give_password(client, "sbagliata", next=STAFF).content.decode()
    assert f'name="next" value="{STAFF}"' in page


def test_a_code_with_spaces_is_the_same_code(client, app, clock):
    give_password(client)
    code = code_at(NOON)
    assert give_code(client, f" {code[:3]} {code[3:]} ").status_code == 302


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "12345x"])
def test_something_that_is_no_code_is_said_so_and_is_not_a_guess(client, app, clock, typed):
    give_password(client)
    response = give_code(client, typed)
    assert "<title>Errore: " in response.content.decode()
    app.refresh_from_db()
    assert app.throttling_failure_count == 0


def test_a_wrong_code_is_refused_and_not_repeated_on_the_page(client, app, clock):
    give_password(client)
    wrong = "000000" if code_at(NOON) != "000000" else "000001"
    page = give_code(client, wrong).content.decode()
    assert "Il codice non è corretto" in page
    assert f'value="{wrong}"' not in page
    assert not door.signed_in(client)


def test_the_page_of_the_code_needs_the_password_first(client, app):
    response = client.get(CODE, follow=True)
    assert response.redirect_chain == [(LOGIN, 302)]
    assert "ricomincia" in response.content.decode()


def test_five_minutes_after_the_password_one_begins_again(client, app, clock):
    give_password(client)
    clock.move_to(NOON + timedelta(minutes=5))
    assert give_code(client, code_at(NOON + timedelta(minutes=5)))["Location"] == LOGIN
    assert not door.signed_in(client)


def test_a_password_changed_meanwhile_stops_the_login(client, app, clock, carla):
    give_password(client)
    carla.set_password("un’altra password lunga")
    carla.save()
    assert give_code(client, code_at(NOON))["Location"] == LOGIN


def test_a_disabled_member_of_the_staff_stays_out(client, app, carla):
    carla.is_active = False
    carla.save()
    assert "Nome utente o password non corretti" in give_password(client).content.decode()


def test_staff_without_an_app_are_sent_to_enrol_one_and_are_not_inside(client, carla):
    give_password(client)
    assert client.get(CODE)["Location"] == "/operatori/accesso/attiva/"
    assert not door.signed_in(client)


def test_unknown_wrong_and_not_staff_get_the_same_page(client, app, anna):
    def page(username: str) -> str:
        content = give_password(client, "sbagliata", username).content.decode()
        return content.replace(username, "…").split("</head>")[1].split("csrfmiddlewaretoken")[0]

    assert page("carla") == page("nessuno") == page(anna.username)


def test_unknown_wrong_disabled_and_not_staff_take_the_same_slow_check(client, settings, anna):
    settings.PASSWORD_HASHERS = ["tests.identity.counting_hasher.CountingHasher"]
    User.objects.create_staff("carla", "una password lunga")
    User.objects.create_staff("ex", "una password lunga")
    User.objects.filter(username="ex").update(is_active=False)
    for username in ("carla", "ex", "nessuno", anna.username):
        CountingHasher.worked.clear()
        give_password(client, "sbagliata", username)
        assert len(CountingHasher.worked) == 1, username


def test_a_person_of_a_pharmacy_cannot_use_the_staffs_door(client, anna):
    assert "Nome utente o password non corretti" in give_password(client, "!", anna.username).content.decode()


def test_a_staff_account_cannot_come_in_with_a_digital_identity(client, carla):
    carla.username = "RSSNNA80A41H501L"
    carla.save()
    response = door.enter(client)
    assert response.status_code == 403
    assert not door.signed_in(client)


def test_the_session_key_changes_and_nothing_of_the_person_before_is_left(anna_client, app, clock):
    before = anna_client.session.session_key
    give_password(anna_client)
    give_code(anna_client, code_at(NOON))
    assert anna_client.session.session_key != before
    assert not anna_client.session.exists(before)
    assert "identity_authenticated_at" not in anna_client.session
    assert User.objects.get(pk=anna_client.session["_auth_user_id"]).username == "carla"


def test_what_the_staff_did_at_the_door_is_written_down(client, app, clock, carla):
    give_password(client)
    give_code(client, "000000" if code_at(NOON) != "000000" else "000001")
    clock.shift(2)
    give_code(client, code_at(NOON))
    assert list(LoginRecord.objects.order_by("pk").values_list("provider", "outcome", "user")) == [
        ("staff", "password-ok", carla.pk),
        ("staff", "wrong-code", carla.pk),
        ("staff", "ok", carla.pk),
    ]


# --- rate limit on wrong passwords


def test_five_wrong_passwords_stop_the_sixth_even_if_it_is_right(client, app, clock):
    for _ in range(5):
        give_password(client, "sbagliata")
    page = give_password(client).content.decode()
    assert "Troppi tentativi. Riprova dalle 13:15." in page  # Italian time
    assert not door.signed_in(client)


def test_after_a_quarter_of_an_hour_one_may_try_again(client, app, clock):
    for _ in range(5):
        give_password(client, "sbagliata")
    clock.move_to(NOON + timedelta(minutes=15))
    assert give_password(client)["Location"] == CODE


def test_trying_while_locked_out_does_not_make_it_longer(client, app, clock):
    for _ in range(5):
        give_password(client, "sbagliata")
    clock.move_to(NOON + timedelta(minutes=14))
    give_password(client, "sbagliata")
    clock.move_to(NOON + timedelta(minutes=15))
    assert give_password(client)["Location"] == CODE


def test_an_unknown_username_is_locked_like_a_known_one(client, clock):
    for _ in range(5):
        give_password(client, "sbagliata", "nessuno")
    assert "Troppi tentativi" in give_password(client, "sbagliata", "nessuno").content.decode()


def test_the_lock_of_a_username_knows_its_other_spellings_and_holds_at_the_address_of_the_guesses(client, app, clock):
    for _ in range(5):
        give_password(client, "sbagliata", " CARLA")
    assert "Troppi tentativi" in give_password(client).content.decode()
    assert give_password(Client(REMOTE_ADDR="192.0.2.7"))["Location"] == CODE, (
        "a stranger must not lock the operator out"
    )


def test_guesses_at_one_username_from_many_addresses_lock_it_everywhere(app, clock):
    for number in range(30):
        give_password(Client(REMOTE_ADDR=f"192.0.2.{number}"), "sbagliata")
    assert "Troppi tentativi" in give_password(Client(REMOTE_ADDR="198.51.100.7")).content.decode()


def test_one_address_that_tries_many_usernames_is_locked_and_another_is_not(app, clock):
    guesser = Client(REMOTE_ADDR="192.0.2.7")
    for number in range(20):
        give_password(guesser, "sbagliata", f"utente{number}")
    assert "Troppi tentativi" in give_password(guesser).content.decode()
    assert give_password(Client(REMOTE_ADDR="192.0.2.8"))["Location"] == CODE


def test_behind_the_proxy_the_address_is_the_one_that_the_proxy_saw(settings, app, clock):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    for number in range(20):
        invented = Client(HTTP_X_FORWARDED_FOR=f"203.0.113.{number}, 192.0.2.7")
        give_password(invented, "sbagliata", f"utente{number}")
    assert "Troppi tentativi" in give_password(Client(HTTP_X_FORWARDED_FOR="192.0.2.7")).content.decode()
    assert give_password(Client(HTTP_X_FORWARDED_FOR="192.0.2.7, 192.0.2.8"))["Location"] == CODE


def test_the_right_password_forgets_the_wrong_ones(client, app, clock):
    for _ in range(4):
        give_password(client, "sbagliata")
    give_password(client)
    assert not PasswordFailure.objects.exists()


def test_neither_username_nor_address_is_kept_in_clear(client, clock):
    give_password(Client(REMOTE_ADDR="192.0.2.7"), "sbagliata", "la-mia-password-nel-posto-sbagliato")
    row = str(PasswordFailure.objects.values().get())
    assert "la-mia-password" not in row
    assert "192.0.2.7" not in row
