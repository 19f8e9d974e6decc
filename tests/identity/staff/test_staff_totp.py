"""The staff's authenticator app: each code is accepted once; wrong codes cause a growing, bounded wait."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client

from portal.identity.models import LoginRecord, StaffTotp
from tests.identity.staff.staff_door import SECRET, code_at, give_code, give_password
from tests.parallel import in_parallel

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def app(carla) -> StaffTotp:
    return StaffTotp.enrol(carla, SECRET)[0]


def wrong_code(at: datetime) -> str:
    good = {code_at(at + timedelta(seconds=30 * step)) for step in (-1, 0, 1)}
    return next(code for code in ("000000", "000001", "000002", "000003") if code not in good)


def comes_in(at: datetime, code: str | None = None) -> bool:
    client = Client()
    give_password(client)
    return give_code(client, code or code_at(at))["Location"] == "/"


def stays_out(code: str) -> str:
    client = Client()
    give_password(client)
    response = give_code(client, code)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [-30, 0, 30])
def test_a_telephone_may_be_half_a_minute_off(app, clock, seconds):
    assert comes_in(NOON, code_at(NOON + timedelta(seconds=seconds)))


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [-61, 61])
def test_a_telephone_a_minute_off_is_refused(app, clock, seconds):
    stays_out(code_at(NOON + timedelta(seconds=seconds)))


@pytest.mark.django_db
def test_a_code_works_once(app, clock):
    assert comes_in(NOON)
    assert "già stato usato" in stays_out(code_at(NOON))


@pytest.mark.django_db
def test_a_code_older_than_one_already_used_does_not_work(app, clock):
    assert comes_in(NOON, code_at(NOON + timedelta(seconds=30)))
    stays_out(code_at(NOON))


@pytest.mark.django_db
def test_the_next_code_works_after_a_used_one(app, clock):
    assert comes_in(NOON)
    clock.shift(30)
    assert comes_in(NOON + timedelta(seconds=30))


@pytest.mark.django_db
def test_right_after_a_wrong_code_even_the_right_one_waits(app, clock):
    stays_out(wrong_code(NOON))
    assert "non è stato controllato" in stays_out(code_at(NOON))
    clock.shift(1)
    assert comes_in(NOON)


@pytest.mark.django_db
def test_a_code_tried_while_waiting_does_not_make_the_wait_longer(app, clock):
    stays_out(wrong_code(NOON))
    for _ in range(5):
        stays_out(wrong_code(NOON))
    app.refresh_from_db()
    assert app.throttling_failure_count == 1


@pytest.mark.django_db
def test_the_wait_grows_and_ends_after_a_quarter_of_an_hour(app, clock):
    for _ in range(30):
        stays_out(wrong_code(NOON))
        clock.shift(15 * 60)
    app.refresh_from_db()
    assert app.throttling_failure_count == 30
    assert comes_in(datetime.now(UTC))


@pytest.mark.django_db
def test_the_page_says_from_when_the_next_code_is_looked_at(app, clock):
    assert "dopo le 13:00:01" in stays_out(wrong_code(NOON))


@pytest.mark.django_db
def test_the_right_code_forgets_the_wrong_ones(app, clock):
    stays_out(wrong_code(NOON))
    clock.shift(2)
    assert comes_in(NOON)
    app.refresh_from_db()
    assert app.throttling_failure_count == 0


@pytest.mark.django_db
def test_the_secret_is_sealed_at_rest(carla):
    app, url = StaffTotp.enrol(carla)
    secret = parse_qs(urlsplit(url).query)["secret"][0]
    assert len(secret) == 32
    assert secret.encode() not in bytes(app.sealed_secret)
    assert SECRET not in bytes(StaffTotp.enrol(carla, SECRET)[0].sealed_secret)


@pytest.mark.django_db
def test_the_address_for_the_app_names_portal_and_user(carla):
    url = urlsplit(StaffTotp.enrol(carla, SECRET)[1])
    assert (url.scheme, url.netloc, url.path) == ("otpauth", "totp", "/Portale%20Farmacie:carla")
    assert parse_qs(url.query)["issuer"] == ["Portale Farmacie"]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_eight_parallel_uses_of_one_code_one_comes_in(app):
    with time_machine.travel(NOON, tick=False):
        clients = [Client() for _ in range(8)]
        for client in clients:
            give_password(client)
        code = code_at(NOON)
        answers = in_parallel([lambda client=client: give_code(client, code).status_code for client in clients])
    assert sorted(answers) == [200] * 7 + [302]
    assert LoginRecord.objects.filter(outcome="ok").count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_guesses_at_the_same_instant_count_like_guesses_in_a_row(app):
    def guess() -> str:
        return give_password(Client(), "sbagliata").content.decode()

    in_parallel([guess] * 8)
    assert "Troppi tentativi" in give_password(Client()).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("pasted", ["{} {}", "\u200b{}{}\ufeff", "Codice: {}{}", "\u2066{}-{}\u2069"])
def test_the_code_of_the_app_is_read_as_it_is_pasted(app, clock, pasted):
    code = code_at(NOON)
    assert comes_in(NOON, pasted.format(code[:3], code[3:]))


@pytest.mark.django_db
def test_two_codes_of_the_app_are_none(app, clock):
    assert "Il codice è di 6 cifre" in stays_out(f"{code_at(NOON)} {wrong_code(NOON)}")
