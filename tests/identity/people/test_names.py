"""An identity provider's data on a person become single lines of text; the codice fiscale gets its official spelling."""

import pytest
from django.test import Client

from portal.demo.people import ANNA
from portal.identity.models import User
from tests.identity.door import answer_url, attributes, begin, forged, signed_in


def enter_as(**said: str) -> User | None:
    client = Client()
    client.post(answer_url(), forged(begin(client), attributes=attributes(**said)))
    return User.objects.get() if signed_in(client) else None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (
            "Anna\r\nID SESSIONE: 00000000-0000-4000-8000-000000000000",
            "Anna ID SESSIONE: 00000000-0000-4000-8000-000000000000",
        ),
        ("  Anna   Maria ", "Anna Maria"),
        ("Anna\u202e\u2028Maria", "Anna Maria"),
        ("An\x7fna", "An na"),
        ("N" * 300, "N" * 120),
        ("Niccolò D’Amico", "Niccolò D’Amico"),
    ],
)
def test_a_name_is_one_line_that_fits(db, given, kept):
    user = enter_as(name=given)
    assert user is not None
    assert user.given_name == kept


def test_two_longest_names_still_fit_the_journal(db):
    user = enter_as(name="N" * 300, familyName="C" * 300)
    assert len(str(user)) == 241


def test_a_codice_fiscale_in_small_letters_is_the_same_person(db):
    user = enter_as(fiscalNumber=f"TINIT-{ANNA.codice_fiscale.lower()}")
    assert user is not None
    assert user.codice_fiscale == ANNA.codice_fiscale
