"""When an id's remembered ciphertext is accepted: without a slow hash, and without an oracle for guesses."""

from sessions.credentials import certificates, fingerprint, guesses
from sessions.credentials.pincode import PincodeOutcome, PincodeProof, check
from sessions.ids import issuing
from sessions.models import IdSessione
from tests.sessions.conftest import MORNING
from tests.sessions.credentials.pincodes import encrypted

OK, WRONG = PincodeOutcome.OK, PincodeOutcome.WRONG
PLAIN_ID = "0b5a1f0e-6a52-4a6e-9a3e-0d8c5f6a7b10"


def test_an_id_that_remembers_the_pincode_saves_the_slow_hash(anna_s, certificate, hashes):
    kept = fingerprint.of_pincode(PLAIN_ID, anna_s.user_id, "1729594276", anna_s.pincode)
    assert check(anna_s, encrypted(certificate, "1729594276"), MORNING, PincodeProof(PLAIN_ID, 0, kept)) is OK
    assert hashes == []


def test_an_id_that_remembers_another_pincode_does_not_vouch(anna_s, certificate, hashes):
    kept = fingerprint.of_pincode(PLAIN_ID, anna_s.user_id, "1729594276", anna_s.pincode)
    assert check(anna_s, encrypted(certificate, "1729594277"), MORNING, PincodeProof(PLAIN_ID, 0, kept)) is WRONG
    assert len(hashes) == 1


def test_an_id_that_remembers_nothing_leaves_it_to_the_slow_hash(anna_s, certificate, hashes):
    assert check(anna_s, encrypted(certificate, "1729594276"), MORNING, PincodeProof(PLAIN_ID, 0, None)) is OK
    assert len(hashes) == 1


def test_an_id_that_remembers_the_pincode_is_no_oracle_for_it(utenza, anna_s, certificate, hashes, certified, context):
    plain = issuing.issue(utenza, context, MORNING).plain
    row = IdSessione.objects.get()
    row.pincode_fingerprint = fingerprint.of_pincode(plain, utenza.user_id, "1729594276", utenza.pincode)
    row.save()
    for number in range(guesses.WRONG_FROM_ONE_PLACE + 1):
        proof = PincodeProof(plain, row.pk, IdSessione.objects.get().pincode_fingerprint)
        assert check(utenza, encrypted(certificate, f"000000000{number}"), MORNING, proof) is WRONG
    assert IdSessione.objects.get().pincode_fingerprint is None
    assert check(utenza, encrypted(certificate, "1729594276"), MORNING, PincodeProof(plain, row.pk, None)) is WRONG
    assert len(hashes) == guesses.WRONG_FROM_ONE_PLACE


def known(utenza, valore: str) -> PincodeProof:
    """An id that remembers this ciphertext."""
    kept = fingerprint.of_ciphertext(PLAIN_ID, utenza.user_id, valore, utenza.pincode)
    return PincodeProof(PLAIN_ID, 0, None, kept)


def test_the_ciphertext_that_an_id_remembers_is_neither_deciphered_nor_hashed(anna_s, certificate, hashes):
    valore = encrypted(certificate, "1729594276")
    proof = known(anna_s, valore)
    certificates.retire(certificate.serial, MORNING, even_the_last=True)  # no key can decrypt it any more
    assert check(anna_s, f"{valore[:76]}\r\n {valore[76:]}", MORNING, proof) is OK
    assert hashes == []


def test_an_id_that_remembers_a_ciphertext_says_nothing_of_another(anna_s, certificate, hashes):
    valore = encrypted(certificate, "1729594276")
    assert check(anna_s, encrypted(certificate, "1729594276"), MORNING, known(anna_s, valore)) is OK
    assert len(hashes) == 1
    assert check(anna_s, encrypted(certificate, "1729594277"), MORNING, known(anna_s, valore)) is WRONG


def test_a_pincode_that_was_reset_is_void_in_the_ciphertexts_too(anna_s, certificate):
    valore = encrypted(certificate, "1729594276")
    proof = known(anna_s, valore)
    anna_s.set_pincode("5555555555")
    assert check(anna_s, valore, MORNING, proof) is WRONG


def test_a_pincode_that_was_reset_is_void_in_every_id(anna_s, certificate):
    kept = fingerprint.of_pincode(PLAIN_ID, anna_s.user_id, "1729594276", anna_s.pincode)
    anna_s.set_pincode("5555555555")
    assert check(anna_s, encrypted(certificate, "1729594276"), MORNING, PincodeProof(PLAIN_ID, 0, kept)) is WRONG


def test_a_certificate_made_a_moment_ago_is_read_at_once_with_a_proof_too(anna_s, certificate, hashes):
    proof = PincodeProof(PLAIN_ID, 0, fingerprint.of_pincode(PLAIN_ID, anna_s.user_id, "1729594276", anna_s.pincode))
    assert check(anna_s, encrypted(certificate, "1729594276"), MORNING, proof) is OK
    successor = certificates.make(MORNING)
    assert check(anna_s, encrypted(successor, "1729594276"), MORNING, proof) is OK
    assert hashes == []
