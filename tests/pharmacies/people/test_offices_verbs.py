"""Give, correct and end an office: the row, its line in the journal, and the letter about the right to certify."""

from datetime import UTC, date, datetime, timedelta

import pytest

from pharmacies.models import Office, OfficeSource
from pharmacies.people import offices, terms
from pharmacies.people.rights import RightNews, news_between, right_of
from portal.journal.models import Entry
from tests.conftest import ANNA, BRUNO
from tests.pharmacies.letters import letters, parts_of, text_of

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
DAY = timedelta(days=1)
ADDRESS = "idsessione@farmaciasanmarco.it"
Role = Office.Role


def give(pharmacy, code=BRUNO, role=Role.DIRETTORE, **facts) -> Office:
    named = {"since": NOW, "source": OfficeSource.DESK, "names": ("D'Angelo", "Bruno"), "now": NOW, **facts}
    return offices.give(pharmacy, code, role, **named)


def news() -> list[str]:
    return [text_of(letter) for letter in letters(to=ADDRESS)]


def last_line() -> str:
    return Entry.objects.latest("pk").sentence


def test_a_new_direttore_is_in_force_written_down_and_told(certified, san_marco, carla) -> None:
    office = give(san_marco, f" {BRUNO.lower()} ", by=carla, because="Nomina", protocol="12/2026")
    assert Office.objects.held_by(BRUNO, NOW).get() == office
    assert (office.written_by, office.written_at, office.source) == (carla, NOW, "desk")
    line = Entry.objects.get(verb="office.given")
    assert (line.actor, line.about) == (carla, "4512")
    assert (
        "Bruno D'Angelo (BNC•••••••••205N) come direttore dal 30/11/2026 (operatore, protocollo 12/2026)"
        in line.sentence
    )
    assert BRUNO not in str(line.detail)
    (letter,) = letters(to=ADDRESS)
    assert letter.subject == "Cambia chi può certificare l’indirizzo – Farmacia San Marco"
    plain, html = parts_of(letter)
    assert "Dal 30 novembre 2026 Bruno D'Angelo è direttore della farmacia: può certificare" in plain
    assert "Chiama subito l’assistenza" in plain
    assert "Bruno D&#x27;Angelo può certificare l’indirizzo" in html
    assert BRUNO not in plain + html


def test_a_delegation_is_not_told_to_the_address_because_it_certifies_nothing(certified, san_marco, anna) -> None:
    give(san_marco, role=Role.DELEGATE, source=OfficeSource.DELEGATION, by=anna)
    assert news() == []
    assert "delegato" in last_line()


@pytest.mark.parametrize("mark", ["no address", "revoked", "undeliverable"])
def test_without_an_address_that_receives_there_is_no_letter(mark, certified, san_marco) -> None:
    if mark == "no address":
        certified.delete()
    else:
        setattr(certified, "revoked_at" if mark == "revoked" else "undeliverable_at", NOW)
        certified.save()
    give(san_marco)
    assert letters() == []


def test_an_office_without_a_name_is_told_with_the_masked_code(certified, san_marco) -> None:
    give(san_marco, names=("", ""))
    assert "BNC•••••••••205N è direttore" in news()[0]


def test_a_second_role_adds_no_right_and_no_letter(certified, san_marco, anna) -> None:
    give(san_marco, ANNA, Role.DIRETTORE)
    assert news() == []


@pytest.mark.parametrize(
    ("refused", "facts"),
    [
        (offices.WrongCodiceFiscale, {"code": "BNCBRN75B12F205X"}),
        (offices.WrongCodiceFiscale, {"code": "01234567897"}),
        (offices.EndsBeforeItStarts, {"until": NOW}),
        (offices.AlreadyHeld, {"code": ANNA, "role": Role.TITOLARE}),
        (offices.AlreadyHeld, {"code": ANNA, "role": Role.TITOLARE, "since": NOW - 9000 * DAY}),
    ],
)
def test_a_wrong_office_is_refused_and_nothing_is_written(refused, facts, certified, san_marco) -> None:
    with pytest.raises(refused):
        give(san_marco, **facts)
    assert (Office.objects.count(), Entry.objects.count(), news()) == (1, 0, [])


def test_the_same_person_comes_back_in_the_same_role(san_marco) -> None:
    give(san_marco, until=NOW + 5 * DAY)
    give(san_marco, since=NOW + 5 * DAY)
    give(san_marco, since=NOW - 9 * DAY, until=NOW)
    with pytest.raises(offices.AlreadyHeld):
        give(san_marco, since=NOW + 4 * DAY, until=NOW + 6 * DAY)


def test_an_office_that_ends_at_its_midnight_is_told_with_its_last_day(certified, san_marco) -> None:
    office = give(san_marco)
    until = terms.ends_after(date(2026, 12, 31))
    assert offices.end(office, until, because="Pensione", now=NOW)
    assert office.until == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert "Bruno D'Angelo è direttore della farmacia fino al 31 dicembre 2026 compreso" in news()[-1]
    assert last_line().startswith(
        "ha chiuso l’incarico di Bruno D'Angelo (BNC•••••••••205N), direttore dal 30/11/2026 al 31/12"
    )
    assert last_line().endswith("Motivo: Pensione")
    assert not offices.end(office, until, because="", now=NOW)
    assert not offices.end(office, until + DAY, because="", now=NOW)
    assert len(news()) == 2


def test_an_office_taken_back_now_is_over_now(certified, san_marco) -> None:
    office = give(san_marco, since=NOW - DAY)
    offices.end(office, NOW, because="", now=NOW)
    assert not Office.objects.held_by(BRUNO, NOW).exists()
    assert "non è più tra le persone che possono certificare" in news()[-1]


def test_an_office_that_had_not_begun_is_never_in_force(certified, san_marco) -> None:
    office = give(san_marco, since=NOW + 9 * DAY)
    assert offices.end(office, NOW, because="Rinuncia", now=NOW)
    assert office.until == office.since
    assert not any(Office.objects.held_by(BRUNO, NOW + days * DAY).exists() for days in (0, 9, 10))
    assert len(news()) == 2


def test_a_person_who_keeps_another_office_loses_nothing(certified, san_marco) -> None:
    first = give(san_marco)
    give(san_marco, role=Role.TITOLARE)
    offices.end(first, NOW, because="", now=NOW)
    assert len(news()) == 1


def test_an_operator_who_corrects_a_row_of_a_file_takes_it_from_the_files(certified, san_marco, carla) -> None:
    office = give(san_marco, source=OfficeSource.FILE)
    Office.objects.update(absent_since=NOW.date(), ending_waits=NOW)
    assert not offices.correct(office, by=carla, because="", now=NOW, role=Role.DIRETTORE)
    assert offices.correct(
        office, by=carla, because="Atto", protocol="7", now=NOW, role=Role.DELEGATE, given_name="Brunò"
    )
    office.refresh_from_db()
    assert (office.source, office.written_by, office.protocol) == ("desk", carla, "7")
    assert office.absent_since is office.ending_waits is None
    assert "ruolo da direttore a delegato; nome da Bruno a Brunò. Motivo: Atto" in last_line()
    assert "non è più tra le persone" in news()[-1]


def test_what_a_file_corrects_stays_of_the_files(san_marco) -> None:
    office = give(san_marco, source=OfficeSource.FILE)
    offices.correct(office, by=None, because="", now=NOW, until=NOW + DAY)
    assert (office.source, last_line()) == (
        "file",
        "ha corretto l’incarico di Bruno D'Angelo (BNC•••••••••205N), direttore dal 30/11/2026 al 01/12/2026: fino al da niente a 01/12/2026",
    )


def test_a_holder_who_takes_back_what_a_file_gave_keeps_it_back(san_marco, anna) -> None:
    office = give(san_marco, role=Role.DELEGATE, source=OfficeSource.FILE)
    offices.end(office, NOW + DAY, by=anna, because="", now=NOW)
    assert office.source == "delegation"


def test_a_correction_is_refused_as_a_new_office_is(san_marco, carla) -> None:
    office = give(san_marco)
    give(san_marco, role=Role.TITOLARE)
    for refused, facts in (
        (offices.AlreadyHeld, {"role": Role.TITOLARE}),
        (offices.EndsBeforeItStarts, {"until": NOW - DAY}),
        (TypeError, {"pharmacy": None}),
    ):
        with pytest.raises(refused):
            offices.correct(office, by=carla, because="", now=NOW, **facts)
        office.refresh_from_db()
    assert (office.role, office.until) == (Role.DIRETTORE, None)


def test_a_term_that_is_lengthened_is_told_as_a_right(certified, san_marco, carla) -> None:
    office = give(san_marco, until=NOW + DAY)
    offices.correct(office, by=carla, because="", now=NOW, until=terms.ends_after(date(2027, 6, 30)))
    assert "al 30 giugno 2027 compreso Bruno D'Angelo è direttore" in news()[-1]


@pytest.mark.parametrize(
    ("day", "until"),
    [
        (date(2026, 3, 28), datetime(2026, 3, 28, 23, tzinfo=UTC)),  # the clocks go forward in the night after
        (date(2026, 3, 29), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (date(2026, 10, 24), datetime(2026, 10, 24, 22, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 25, 23, tzinfo=UTC)),  # a day of 25 hours
    ],
)
def test_an_office_lasts_to_the_midnight_of_rome(day, until) -> None:
    assert terms.ends_after(day) == until
    assert terms.last_day(until) == day
    assert terms.first_day(terms.starts_on(day)) == day


def test_the_right_of_several_offices_is_one() -> None:
    def office(role, since, until=None) -> Office:
        return Office(role=role, since=NOW + since * DAY, until=None if until is None else NOW + until * DAY)

    assert right_of([office(Role.DELEGATE, -5), office(Role.TITOLARE, -5, -1)], NOW) is None
    both = right_of([office(Role.TITOLARE, -5, 3), office(Role.DIRETTORE, 2, 9)], NOW)
    assert (both.since, both.until) == (NOW, NOW + 9 * DAY)
    assert news_between(both, both, NOW) is None
    assert news_between(both, None, NOW) == RightNews(gained=False, since=NOW, until=NOW)
