"""No file changes an office that an operator or a holder wrote: it writes the conflict beside it."""

from datetime import date

import pytest

from pharmacies.models import Office, OfficeSource
from pharmacies.people import offices, terms
from tests.pharmacies.people.office_files import ANNA, BRUNO, DARIO, DAY, NOW, row

pytestmark = pytest.mark.django_db


def held(day: float = 0, code: str = "4512") -> list[tuple[str, str]]:
    """(first letters of the person, role) of those in force."""
    found = Office.objects.in_force(NOW + day * DAY).filter(pharmacy__code=code)
    return sorted((office.codice_fiscale[:3], office.role) for office in found)


def one(person=ANNA, **facts) -> Office:
    return Office.objects.get(codice_fiscale=person, **facts)


def by_the_desk(san_marco, carla, **facts) -> Office:
    named = {"since": NOW - 9 * DAY, "source": OfficeSource.DESK, "by": carla, "now": NOW, **facts}
    return offices.give(san_marco, BRUNO, named.pop("role", "direttore"), **named)


def test_a_file_never_changes_it_and_the_conflict_is_written(read, san_marco, carla) -> None:
    office = by_the_desk(san_marco, carla)
    _, remarks = read(row(), row(BRUNO, "titolare", since="01/11/2026", until="31/12/2026"))
    office.refresh_from_db()
    assert (office.role, office.until, office.source) == ("direttore", None, "desk")
    assert office.file_says == {"role": "titolare", "since": "2026-11-01", "until": "2026-12-31"}
    assert list(Office.objects.conflicting()) == [office]
    assert "1 offices written by a person differ" in remarks
    assert Office.objects.filter(codice_fiscale=BRUNO).count() == 1
    read(row(), row(BRUNO, "direttore", since="05/11/2026"), day=1)
    office.refresh_from_db()
    assert office.file_says is None


def test_a_whole_file_that_lacks_it_is_a_conflict(read, san_marco, carla) -> None:
    office = by_the_desk(san_marco, carla)
    for day, says in ((0, None), (1, None), (2, {}), (3, {})):
        read(row(), day=day)
        office.refresh_from_db()
        assert (office.file_says, office.until) == (says, None)
    read(row(), row(BRUNO, "direttore", since="10/11/2026"), day=4)
    office.refresh_from_db()
    assert (office.file_says, office.absent_since) == (None, None)


@pytest.mark.parametrize("source", [OfficeSource.DELEGATION, OfficeSource.REQUEST, OfficeSource.DESK])
def test_no_whole_file_ends_it(source, read, san_marco, carla) -> None:
    office = by_the_desk(san_marco, carla, source=source, role="delegate")
    for day in range(5):
        read(row(), day=day)
    office.refresh_from_db()
    assert office.until is None
    assert (office.file_says is None) is (source == OfficeSource.DELEGATION)


def test_an_end_that_the_desk_wrote_stands(read, carla) -> None:
    read(row(), row(BRUNO, "direttore"))
    offices.end(one(), terms.ends_after(date(2026, 11, 29)), by=carla, because="Decesso", now=NOW)
    for day in (0, 1):
        read(row(), row(BRUNO, "direttore"), day=day)
    assert held(1) == [("BNC", "direttore")]
    assert one().file_says == {"role": "titolare", "since": "2020-01-01", "until": None}


def test_the_same_person_comes_back_after_an_end_that_the_desk_wrote(read, carla) -> None:
    read(row())
    offices.end(one(), terms.ends_after(date(2026, 11, 29)), by=carla, because="Cessione", now=NOW)
    read(row(until="29/11/2026"), row(since="10/12/2026"), day=1)
    assert held(1) == []
    assert held(12) == [("RSS", "titolare")]
    assert not Office.objects.conflicting().exists()


def test_a_new_office_that_the_desk_cancelled_does_not_come_back(read, carla) -> None:
    read(row(since="10/12/2026"))
    offices.end(one(), NOW, by=carla, because="Rinuncia", now=NOW)
    read(row(since="10/12/2026"), day=1)
    assert held(12) == []
    assert one().file_says is not None


def test_a_delegate_of_the_titolare_becomes_direttore_by_file(read, san_marco, carla) -> None:
    by_the_desk(san_marco, carla, source=OfficeSource.DELEGATION, role="delegate")
    read(row(), row(BRUNO, "direttore"))
    assert ("BNC", "direttore") in held()


def test_a_delegation_that_the_titolare_took_back_does_not_come_back(read, anna) -> None:
    Office.objects.all().delete()
    read(row(), row(DARIO, "delegato"))
    offices.end(one(DARIO), NOW, by=anna, because="", now=NOW)
    read(row(), row(DARIO, "delegato"), day=1)
    assert held(1) == [("RSS", "titolare")]


def test_a_file_in_part_does_not_call_it_absent(read, san_marco, carla) -> None:
    office = by_the_desk(san_marco, carla)
    read(row(), end="")
    office.refresh_from_db()
    assert office.file_says is None
