"""The password fingerprint in an id's row."""

from hypothesis import assume, given
from hypothesis import strategies as st

from sessions.credentials.fingerprint import fingerprint, matches, of_pincode, pincode_matches

parts = st.tuples(st.text(min_size=1), st.text(), st.text(), st.text())


@given(parts)
def test_the_same_parts_match_and_give_32_bytes(four):
    kept = fingerprint(*four)
    assert len(kept) == 32
    assert matches(kept, *four)
    assert matches(memoryview(kept), *four)


@given(parts, parts)
def test_different_parts_never_match(four, others):
    assume(four != others)
    assert not matches(fingerprint(*four), *others)


@given(st.text(min_size=1), st.text(min_size=2))
def test_no_letter_can_be_moved_from_one_part_to_the_next(plain_id, text):
    """`ab` + `c` and `a` + `bc` give different fingerprints."""
    assert fingerprint(plain_id, text, "", "hash") != fingerprint(plain_id, text[:-1], text[-1], "hash")
    assert fingerprint(plain_id, "user", text, "") != fingerprint(plain_id, "user", text[:-1], text[-1])


@given(parts)
def test_a_password_vouches_for_no_pincode(four):
    assert fingerprint(*four) != of_pincode(*four)
    assert not pincode_matches(fingerprint(*four), *four)
    assert pincode_matches(of_pincode(*four), *four)


def test_nothing_kept_matches_nothing():
    assert not matches(None, "id", "user", "password", "hash")
    assert not matches(b"", "id", "user", "password", "hash")
