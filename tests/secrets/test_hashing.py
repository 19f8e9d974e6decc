"""Production's slow hash (the other tests use a fast one)."""

import pytest
from argon2 import PasswordHasher
from django.contrib.auth.hashers import check_password, get_hasher, make_password


@pytest.fixture(autouse=True)
def _as_in_production(settings):
    settings.PASSWORD_HASHERS = ["portal.secrets.hashing.Argon2idHasher"]


def test_passwords_are_argon2id_with_the_owasp_parameters():
    assert make_password("una password").startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_hash_made_with_other_parameters_still_verifies_and_asks_to_be_made_anew():
    earlier = "argon2" + PasswordHasher(time_cost=1, memory_cost=8192, parallelism=8).hash("una password")
    assert check_password("una password", earlier)
    assert not check_password("un’altra", earlier)
    assert get_hasher().must_update(earlier)


def test_a_hash_fits_its_column():
    assert len(make_password("una password")) <= 128
