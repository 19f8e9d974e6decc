"""The invented people are well formed and play the same parts as the tests' people."""

import pytest

from portal.demo import people
from portal.values import codice_fiscale
from tests.conftest import ANNA, BRUNO, DARIO


@pytest.mark.parametrize("person", people.PEOPLE, ids=lambda person: person.key)
def test_every_invented_person_has_a_well_formed_codice_fiscale(person):
    assert codice_fiscale.is_valid(person.codice_fiscale)


def test_no_two_people_share_a_key_or_a_codice_fiscale():
    assert len({person.key for person in people.PEOPLE}) == len(people.PEOPLE)
    assert len({person.codice_fiscale for person in people.PEOPLE}) == len(people.PEOPLE)


def test_anna_bruno_and_dario_are_those_of_the_tests():
    known = [people.ANNA.codice_fiscale, people.BRUNO.codice_fiscale, people.DARIO.codice_fiscale]
    assert known == [ANNA, BRUNO, DARIO]


def test_one_of_them_has_a_codice_fiscale_with_omocodia():
    assert any(
        not character.isdigit()
        for person in people.PEOPLE
        for character in (person.codice_fiscale[6:8] + person.codice_fiscale[9:11] + person.codice_fiscale[12:15])
    )
