"""Hashes of other systems: which are taken, how they are checked, what they cost."""

import bcrypt
import pytest
from argon2 import PasswordHasher

from portal.secrets import hashing, imported_hashes
from portal.secrets.imported_hashes import UnknownHash, kept
from tests.identity.counting_hasher import CountingHasher
from tests.secrets.hashes_of_others import KINDS


@pytest.fixture
def worked(settings) -> list[str]:
    """The secrets that were hashed with the project's own hasher."""
    settings.PASSWORD_HASHERS = ["tests.identity.counting_hasher.CountingHasher"]
    CountingHasher.worked.clear()
    return CountingHasher.worked


@pytest.mark.parametrize("kind", KINDS)
def test_a_known_kind_is_checked_and_renewed_with_the_projects_own_hash(kind, worked) -> None:
    stored = kept(KINDS[kind]("SALVE"))
    right = hashing.check("SALVE", stored)
    assert right.is_right
    assert right.renewed.startswith("counting$")
    assert not imported_hashes.is_imported(right.renewed)
    assert hashing.check("SALVE", right.renewed) == hashing.Checked(True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_secret_costs_the_projects_own_hash_too_so_that_the_time_does_not_tell_the_kind(kind, worked) -> None:
    assert hashing.check("SALVE!", kept(KINDS[kind]("SALVE"))) == hashing.Checked(False)
    assert worked == ["SALVE!"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_stored_fits_its_column(kind) -> None:
    assert len(kept(KINDS[kind]("SALVE"))) <= 255


def test_the_longest_hash_that_is_taken_fits_its_column() -> None:
    assert imported_hashes.LONGEST + len(imported_hashes.PREFIX) <= 255


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SALVE",
        "1729594276",
        "5f4dcc3b5aa765d61d8327deb882cf99",  # MD5 without a salt
        "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",  # SHA-1 without a salt
        "$1$salto$tWWtgWVWjvbnlbVV3fHKl/",  # MD5 of crypt
        "md5$sale$0cc175b9c0f1b6a831c399e269772661",
        "imported${SSHA}rAJIWZziBKnomMOrG0pkaMog+5QLgRBi",
        "{SSHA512}" + "A" * 400,
    ],
)
def test_other_texts_are_refused(text) -> None:
    with pytest.raises(UnknownHash, match="unknown kind"):
        kept(text)


@pytest.mark.parametrize(
    "text",
    [
        "$2b$12$short",
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ",
        "$5$saltodiprova$",
        "pbkdf2_sha256$10$sale$",
        "{SSHA}xx",
    ],
)
def test_a_hash_that_is_cut_off_is_refused(text) -> None:
    with pytest.raises(UnknownHash):
        kept(text)


@pytest.mark.parametrize(
    "text",
    [
        "$6$rounds=9000000$saltodiprova$" + "a" * 86,
        "pbkdf2_sha256$99000000$sale$" + "A" * 43 + "=",
        PasswordHasher(time_cost=11, memory_cost=64, parallelism=1).hash("SALVE"),
        PasswordHasher(time_cost=1, memory_cost=102_401, parallelism=1).hash("SALVE"),
    ],
    ids=["crypt", "PBKDF2", "time of argon2id", "memory of argon2id"],  # a salt is random, and xdist compares the names
)
def test_a_hash_that_would_keep_a_server_busy_is_refused(text) -> None:
    with pytest.raises(UnknownHash, match="too much work"):
        kept(text)


def test_no_refusal_repeats_the_text() -> None:
    with pytest.raises(UnknownHash) as refused:
        kept("SALVE-come-password")
    assert "SALVE" not in str(refused.value)


def test_bcrypt_reads_72_bytes_as_other_systems_do() -> None:
    password = "è" * 60
    stored = kept(bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode())
    assert imported_hashes.matches(password, stored)
    assert not imported_hashes.matches("a\0b", stored)


def test_many_secrets_are_hashed_on_every_core_and_afterwards_one_at_a_time_again(settings) -> None:
    settings.PASSWORD_HASHERS = ["portal.secrets.hashing.Argon2idHasher"]
    made = hashing.make_many(["SALVE", "1729594276", "SALVE"])
    assert [hashing.check(plain, text).is_right for plain, text in zip(["SALVE", "1729594276", "SALVE"], made)] == [
        True
    ] * 3
    assert len(set(made)) == 3
    assert hashing._turn._value == 1
