"""HTTP Basic parsing, the check of an utenza's password, and the limit on wrong guesses."""

import base64
from datetime import timedelta
from unicodedata import normalize

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from portal.identity.models import PasswordFailure
from sessions.credentials import guesses, password_proof
from sessions.credentials.password_proof import parse_basic, prove
from sessions.ids import issuing
from sessions.models import IdSessione
from tests.identity.counting_hasher import CountingHasher
from tests.parallel import in_parallel
from tests.sessions.conftest import MORNING, make_utenza

SHOP, ELSEWHERE = "192.0.2.7", "198.51.100.9"
printable = st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"))


def basic(text: str, codec: str = "utf-8") -> str:
    return "Basic " + base64.b64encode(text.encode(codec)).decode()


@pytest.fixture
def hashes(settings) -> list[str]:
    """The secrets of all slow hashes, in order."""
    settings.PASSWORD_HASHERS = ["tests.identity.counting_hasher.CountingHasher"]
    CountingHasher.worked.clear()
    return CountingHasher.worked


@pytest.fixture
def counted(hashes, utenza):
    """Anna's utenza, with a password hashed by the counting hasher."""
    utenza.set_password("SALVE", MORNING)
    utenza.set_pincode("1729594276")
    utenza.save()
    hashes.clear()
    return utenza


# --- HTTP Basic


@given(st.text(printable, min_size=1).filter(lambda text: ":" not in text), st.text(printable))
def test_what_a_client_encodes_is_what_is_read(user_id, password):
    header = basic(f"{user_id}:{password}")
    if len(header) <= password_proof.LONGEST_HEADER:
        assert parse_basic(header) == (user_id, normalize("NFC", password))


@given(st.text() | st.binary().map(lambda raw: "Basic " + base64.b64encode(raw).decode()))
def test_no_header_makes_the_reader_fall(header):
    read = parse_basic(header)
    assert read is None or (read[0] and ":" not in read[0])


def test_the_password_may_hold_colons():
    assert parse_basic(basic("UVANNA01:a:b::")) == ("UVANNA01", "a:b::")


def test_an_older_client_that_sends_latin_1_is_understood():
    assert parse_basic(basic("UVANNA01:perché", "latin-1")) == ("UVANNA01", "perché")


def test_a_windows_client_that_sends_its_own_code_page_is_understood():
    for password in ("5€ di caffè", "“Šemolino”", "ŽŸ™"):
        assert parse_basic(basic(f"UVANNA01:{password}", "cp1252")) == ("UVANNA01", password)
    for undefined in (0x81, 0x8D, 0x8F, 0x90, 0x9D):
        header = "Basic " + base64.b64encode(b"UVANNA01:caff\xe8" + bytes([undefined])).decode()
        assert parse_basic(header) is None


def test_an_accent_written_in_two_characters_is_the_same_password():
    assert parse_basic(basic("UVANNA01:perche\u0301")) == ("UVANNA01", "perch\u00e9")


def test_the_name_of_the_scheme_is_read_in_any_case():
    assert parse_basic(basic("a:b").replace("Basic", "bAsIc")) == ("a", "b")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Bearer abc",
        "Basic ???",
        "Basic YQ",
        basic("without-colon"),
        basic(":without-user"),
        basic("user:nul\0"),
        basic("user\r\nX-Header: 1:password"),
        basic("user:" + "x" * 65536),
    ],
)
def test_a_header_that_says_nothing_is_nobody(header):
    assert parse_basic(header) is None


# --- the password check


def test_the_right_password_proves_the_utenza_and_writes_nothing(counted):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert prove("UVANNA01", "SALVE", SHOP, MORNING) == counted
    assert not [query for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_an_utenza_that_is_disabled_or_blocked_is_given_back_for_the_caller_to_answer(counted):
    counted.disabled_at = counted.blocked_at = MORNING
    counted.save()
    assert prove("UVANNA01", "SALVE", SHOP, MORNING) == counted


@pytest.mark.parametrize("user_id", ["UVANNA01", "NESSUNO1", "x" * 500])
def test_a_wrong_password_and_an_unknown_user_cost_one_slow_hash_and_one_row_each(counted, hashes, user_id):
    assert prove(user_id, "sbagliata", SHOP, MORNING) is None
    assert len(hashes) == 1
    assert PasswordFailure.objects.count() == 1


def test_a_wrong_password_and_an_unknown_user_ask_the_same_questions_to_the_database(counted):
    def queries_for(user_id):
        with CaptureQueriesContext(connection) as queries:
            prove(user_id, "sbagliata", SHOP, MORNING)
        said = [query["sql"].split() for query in queries]
        return [
            (words[0], [word for word in words if word.startswith('"') and "." not in word])
            for words in said
            if "SAVEPOINT" not in words
        ]

    assert queries_for("UVANNA01") == queries_for("NESSUNO1")


def test_neither_password_nor_user_nor_address_is_left_in_the_table(counted):
    prove("UVANNA01", "la-mia-password", SHOP, MORNING)
    row = str(PasswordFailure.objects.values().get())
    assert not [secret for secret in ("UVANNA01", "la-mia-password", SHOP) if secret in row]


def test_no_secret_reaches_the_log(counted, caplog):
    caplog.set_level(0)
    for password in ("la-mia-password", "SALVE"):
        prove("UVANNA01", password, SHOP, MORNING)
    assert "la-mia-password" not in caplog.text
    assert "SALVE" not in caplog.text


# --- too many guesses


def wrong(times: int, user_id: str = "UVANNA01", address: str = SHOP, now=MORNING) -> None:
    for number in range(times):
        prove(user_id, f"sbagliata-{number}", address, now)


def id_given(utenza, context, address: str, at=MORNING) -> None:
    """The gestionale of this utenza received an id from this client address."""
    row = issuing.issue(utenza, context, at).id_sessione
    IdSessione.objects.filter(pk=row.pk).update(requested_from=address)


def test_after_five_wrong_ones_from_a_place_no_more_are_looked_at(counted, hashes):
    wrong(8)
    assert prove("UVANNA01", "SALVE", SHOP, MORNING) is None
    assert len(hashes) == 5


def test_who_waits_a_quarter_of_an_hour_is_looked_at_again(counted):
    wrong(5)
    assert prove("UVANNA01", "SALVE", SHOP, MORNING + guesses.PasswordFailure.WINDOW) == counted


def test_guesses_that_are_not_looked_at_make_the_wait_no_longer_and_leave_no_rows(counted):
    wrong(5)
    wrong(50, now=MORNING + timedelta(minutes=14))
    assert PasswordFailure.objects.count() == 5
    assert prove("UVANNA01", "SALVE", SHOP, MORNING + timedelta(minutes=15)) == counted


def test_an_unknown_user_is_throttled_like_a_known_one(counted, hashes):
    wrong(8, "NESSUNO1")
    assert len(hashes) == 5


def test_the_right_password_forgets_the_mistakes_of_its_own_place_only(counted):
    wrong(4)
    wrong(4, address=ELSEWHERE)
    prove("UVANNA01", "SALVE", SHOP, MORNING)
    assert PasswordFailure.objects.count() == 4


def test_another_pharmacy_behind_another_address_notices_nothing(counted, al_redentore, hashes):
    other = make_utenza("UVBRUNO1", al_redentore)
    other.set_password("altra", MORNING)
    other.save()
    wrong(60)
    assert prove("UVBRUNO1", "altra", ELSEWHERE, MORNING) == other


def test_many_machines_that_guess_one_password_are_stopped_together(counted, hashes):
    for number in range(40):
        wrong(1, address=f"198.51.100.{number}")
    assert len(hashes) == guesses.WRONG_AT_ONE_UTENZA
    assert prove("UVANNA01", "SALVE", "203.0.113.1", MORNING) is None


def test_the_devices_of_one_ipv6_line_are_one_place(counted, hashes):
    for number in range(8):
        wrong(1, address=f"2001:db8:1:2::{number:x}")
    assert len(hashes) == guesses.WRONG_FROM_ONE_PLACE


def test_one_machine_that_tries_many_utenze_is_stopped(counted, hashes):
    for number in range(60):
        wrong(1, f"UV{number:06}")
    assert len(hashes) == guesses.WRONG_AT_ALL_UTENZE
    assert prove("UVANNA01", "SALVE", SHOP, MORNING) is None
    assert prove("UVANNA01", "SALVE", ELSEWHERE, MORNING) == counted


def test_an_address_that_the_proxy_does_not_tell_is_no_place_that_all_share(counted):
    for number in range(60):
        wrong(1, f"UV{number:06}", address="")
    assert prove("UVANNA01", "SALVE", "", MORNING) == counted


def test_an_attack_from_elsewhere_does_not_lock_the_pharmacy_out_of_its_shop(counted, certified, context):
    id_given(counted, context, SHOP, MORNING - timedelta(days=1))
    for number in range(40):
        wrong(1, address=f"198.51.100.{number}")
    assert prove("UVANNA01", "SALVE", SHOP, MORNING) == counted
    assert prove("UVANNA01", "SALVE", ELSEWHERE, MORNING) is None


def test_a_neighbour_behind_the_same_address_does_not_lock_a_known_pharmacy_out(counted, certified, context):
    id_given(counted, context, SHOP, MORNING - timedelta(days=1))
    for number in range(60):
        wrong(1, f"UV{number:06}")
    assert prove("UVANNA01", "SALVE", SHOP, MORNING) == counted


def test_even_the_shop_may_not_guess_for_ever(counted, certified, context, hashes):
    id_given(counted, context, SHOP, MORNING - timedelta(days=1))
    hashes.clear()
    wrong(8)
    assert len(hashes) == 5


def test_a_place_is_forgotten_after_thirty_days(counted, certified, context):
    id_given(counted, context, SHOP, MORNING - timedelta(days=31))
    for number in range(40):
        wrong(1, address=f"198.51.100.{number}")
    assert prove("UVANNA01", "SALVE", SHOP, MORNING) is None


@pytest.mark.django_db(transaction=True)
def test_a_flood_of_parallel_guesses_is_not_looked_at_more_often_than_one_after_the_other(counted, hashes):
    def one(number: int):
        return lambda: prove("UVANNA01", f"sbagliata-{number}", f"198.51.100.{number % 8}", MORNING)

    in_parallel([one(number) for number in range(32)])
    assert len(hashes) == guesses.WRONG_AT_ONE_UTENZA


@pytest.mark.django_db(transaction=True)
def test_a_flood_from_one_place_at_many_utenze_is_counted_exactly_too(counted, hashes):
    def some(first: int):
        return lambda: [prove(f"UV{first + number:06}", "sbagliata", SHOP, MORNING) for number in range(8)]

    in_parallel([some(100 * thread) for thread in range(8)])
    assert len(hashes) == guesses.WRONG_AT_ALL_UTENZE
