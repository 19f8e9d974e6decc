"""The pincode is decrypted and compared; a wrong padding and a wrong pincode are indistinguishable."""

import base64
import re
import sys
from functools import partial

import pytest
from cryptography import x509
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from portal.identity.models import PasswordFailure
from sessions.credentials import certificates, pincode
from sessions.credentials.pincode import PRINTED, PincodeOutcome, PincodeProof, check, examine
from sessions.models import PincodeCertificate
from tests.sessions.conftest import MORNING, make_utenza
from tests.sessions.credentials.pincodes import encrypted

OK, MALFORMED, WRONG = PincodeOutcome.OK, PincodeOutcome.MALFORMED, PincodeOutcome.WRONG
PLAIN_ID = "0b5a1f0e-6a52-4a6e-9a3e-0d8c5f6a7b10"


def raw(row: PincodeCertificate, block: bytes) -> str:
    """Encrypts the block as it is, with whatever padding it holds."""
    numbers = x509.load_pem_x509_certificate(row.certificate.encode()).public_key().public_numbers()
    return base64.b64encode(pow(int.from_bytes(block), numbers.e, numbers.n).to_bytes(192)).decode()


def test_the_pincode_encrypted_with_the_published_certificate_is_right(anna_s, certificate):
    valore = encrypted(certificate, "1729594276")
    assert len(valore) == 256
    assert check(anna_s, valore, MORNING) is OK


def test_a_wrong_pincode_is_wrong(anna_s, certificate):
    assert check(anna_s, encrypted(certificate, "1729594277"), MORNING) is WRONG


def test_while_one_certificate_takes_over_from_the_other_both_are_read(anna_s, certificate):
    successor = certificates.make(MORNING)
    assert check(anna_s, encrypted(certificate, "1729594276"), MORNING) is OK
    assert check(anna_s, encrypted(successor, "1729594276"), MORNING) is OK


def test_what_a_retired_certificate_encrypted_is_not_read(anna_s, certificate):
    valore = encrypted(certificate, "1729594276")
    certificates.make(MORNING)
    certificates.retire(certificate.serial, MORNING)
    assert check(anna_s, valore, MORNING) is WRONG


@pytest.mark.parametrize(
    "valore",
    ["", "1729594276", "not base64!", "è" * 256, "AAAA" * 63, "AAAA" * 65, PRINTED["UV386Q5B"][0]],
    ids=["empty", "in clear", "not base64", "not ascii", "short", "long", "made with a key of another length"],
)
def test_what_cannot_be_a_ciphertext_is_malformed(anna_s, certificate, hashes, valore):
    assert check(anna_s, valore, MORNING) is MALFORMED
    assert hashes == []


def test_lines_broken_by_the_client_are_read_as_one(anna_s, certificate):
    valore = encrypted(certificate, "1729594276")
    assert check(anna_s, f" {valore[:76]}\r\n{valore[76:]}\n", MORNING) is OK


def test_without_a_certificate_everything_is_malformed(anna_s):
    assert check(anna_s, "AAAA" * 64, MORNING) is MALFORMED


# --- no oracle

BAD_BLOCKS = {
    "no padding at all": b"\0" * 182 + b"1729594276",
    "block type 1": b"\0\1" + b"\xff" * 179 + b"\0" + b"1729594276",
    "no separator": b"\0\2" + b"\xaa" * 190,
    "padding too short": b"\0\2" + b"\xaa" * 4 + b"\0" + b"1" * 185,
    "first byte not zero": b"\1\2" + b"\xaa" * 179 + b"\0" + b"1729594276",
}
WELL_PADDED = {"a wrong pincode": "1729594277", "nothing": "", "letters": "pincode", "too long": "1" * 181, "nul": "\0"}


@pytest.mark.parametrize("kind", [*BAD_BLOCKS, *WELL_PADDED])
def test_every_wrong_ciphertext_answers_alike_and_costs_one_slow_hash_and_one_row(anna_s, certificate, hashes, kind):
    right_length = kind in BAD_BLOCKS
    valore = raw(certificate, BAD_BLOCKS[kind]) if right_length else encrypted(certificate, WELL_PADDED[kind])
    assert check(anna_s, valore, MORNING) is WRONG
    assert len(hashes) == 1
    assert PasswordFailure.objects.count() == 1


def lines_of(act) -> list[tuple[str, int]]:
    """Every line of our code that `act` runs, in order."""
    seen: list[tuple[str, int]] = []

    def follow(frame, event, arg):
        name = frame.f_code.co_filename
        if "/sessions/" not in name and "/pharmacies/" not in name and "/hashers.py" not in name:
            return None
        if event == "line":
            seen.append((name.rpartition("/")[2], frame.f_lineno))
        return follow

    before = sys.gettrace()
    sys.settrace(follow)
    try:
        act()
    finally:
        sys.settrace(before)
    return seen


def test_every_wrong_ciphertext_runs_the_same_lines_and_asks_the_same_queries(anna_s, certificate):
    valori = [raw(certificate, block) for block in BAD_BLOCKS.values()]
    valori += [encrypted(certificate, text) for text in WELL_PADDED.values()]
    check(anna_s, valori[0], MORNING)  # the process's caches are filled now
    paths, queries = set(), set()
    for valore in valori:
        PasswordFailure.objects.all().delete()
        with CaptureQueriesContext(connection) as captured:
            paths.add(tuple(lines_of(partial(check, anna_s, valore, MORNING))))
        queries.add(tuple(re.sub(r"'[^']*'|\d+|\"s\w+\"", "?", query["sql"]) for query in captured))
    assert [len(path) > 30 for path in paths] == [True]
    assert len(queries) == 1


def test_a_number_larger_than_the_modulus_answers_alike_too(anna_s, certificate, hashes):
    assert check(anna_s, base64.b64encode(b"\xff" * 192).decode(), MORNING) is WRONG
    assert len(hashes) == 1


@hypothesis(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(min_size=192, max_size=192))
def test_no_bytes_of_the_right_length_make_the_check_fall_or_pass(anna_s, certificate, ciphertext):
    assert check(anna_s, base64.b64encode(ciphertext).decode(), MORNING) is WRONG


def test_one_slow_hash_even_while_two_certificates_are_live(anna_s, certificate, hashes):
    certificates.make(MORNING)
    assert check(anna_s, encrypted(certificate, "1729594277"), MORNING) is WRONG
    assert check(anna_s, encrypted(certificate, "1729594276"), MORNING) is OK
    assert len(hashes) == 2


def test_after_five_wrong_ones_even_the_right_one_answers_as_a_wrong_one(anna_s, certificate, hashes):
    for _ in range(8):
        check(anna_s, encrypted(certificate, "0000000000"), MORNING)
    assert check(anna_s, encrypted(certificate, "1729594276"), MORNING) is WRONG
    assert len(hashes) == 5


def test_the_pincode_in_clear_and_the_id_are_in_no_repr(anna_s, certificate):
    examined = examine(anna_s, encrypted(certificate, "1729594276"), MORNING)
    assert examined.pincode == "1729594276"
    assert "1729594276" not in repr(examined)
    assert PLAIN_ID not in repr(PincodeProof(PLAIN_ID, 0, b""))


def test_no_pincode_reaches_the_log(anna_s, certificate, caplog):
    caplog.set_level(0)
    for text in ("1729594276", "1729594277"):
        check(anna_s, encrypted(certificate, text), MORNING)
    assert "17295942" not in caplog.text


# --- the manual's own requests


@pytest.fixture
def public_user(hashes, san_marco):
    def make(user_id: str):
        row = make_utenza(user_id, san_marco)
        row.set_pincode(PRINTED[user_id][1])
        row.save()
        return row

    return make


@pytest.mark.parametrize("user_id", PRINTED)
def test_in_test_mode_the_printed_ciphertexts_are_those_of_the_two_public_users(settings, public_user, user_id):
    settings.A2F_MODE = "TEST"
    assert check(public_user(user_id), PRINTED[user_id][0], MORNING) is OK


def test_in_test_mode_nobody_else_passes_with_them_nor_with_each_other_s(settings, public_user, anna_s):
    settings.A2F_MODE = "TEST"
    printed = PRINTED["UV386Q5B"][0]
    assert check(anna_s, printed, MORNING) is MALFORMED
    assert check(public_user("PROVAX00X00X000Y"), printed, MORNING) is MALFORMED
    assert check(public_user("UV386Q5B"), printed[:-2] + "A=", MORNING) is MALFORMED


@pytest.mark.parametrize("user_id", PRINTED)
def test_in_production_the_printed_ciphertexts_are_worth_nothing(settings, public_user, user_id):
    settings.A2F_MODE = "PRODUCTION"
    assert check(public_user(user_id), PRINTED[user_id][0], MORNING) is MALFORMED


def test_the_outcomes_carry_the_codes_of_the_contract():
    assert [outcome.value for outcome in pincode.PincodeOutcome] == [0, 301, 302]
