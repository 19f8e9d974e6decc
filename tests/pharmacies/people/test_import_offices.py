"""A file gives, corrects and ends the offices that files brought, and nothing else."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from pharmacies.models import Office, OfficeImport, OfficeSource
from pharmacies.people import endings, terms
from portal.journal.models import Entry
from tests.conftest import make_pharmacy
from tests.pharmacies.letters import letters, text_of
from tests.pharmacies.people.office_files import ANNA, BRUNO, DARIO, DAY, NOW, row

pytestmark = pytest.mark.django_db
ADDRESS = "idsessione@farmaciasanmarco.it"


def held(day: float = 0, code: str = "4512") -> list[tuple[str, str]]:
    """(first letters of the person, role) of those in force."""
    found = Office.objects.in_force(NOW + day * DAY).filter(pharmacy__code=code)
    return sorted((office.codice_fiscale[:3], office.role) for office in found)


def one(person=ANNA, **facts) -> Office:
    return Office.objects.get(codice_fiscale=person, **facts)


def verbs() -> list[str]:
    return list(Entry.objects.order_by("pk").values_list("verb", flat=True))


def test_a_file_gives_every_office_it_names(read) -> None:
    report, remarks = read(row(), row(BRUNO, "Direttore", since="2026-11-01"), row(DARIO, "delegato", since="1-10-26"))
    assert held() == [("BNC", "direttore"), ("RSS", "titolare"), ("VRD", "delegate")]
    anna = one()
    assert (anna.source, anna.name, anna.since, anna.until, anna.written_at) == (
        OfficeSource.FILE, "Anna Rossi", datetime(2019, 12, 31, 23, tzinfo=UTC), None, NOW,
    )  # fmt: skip
    assert "offices 3 given 3" in report
    assert "3 offices to write" in remarks
    assert verbs() == ["office.given"] * 3 + ["offices.imported"]
    assert not any(code in str(list(Entry.objects.values())) for code in (ANNA, BRUNO, DARIO))


def test_the_same_file_again_changes_nothing(read) -> None:
    rows = [row(), row(BRUNO, "direttore", until="31/12/2026"), row(DARIO, "delegato", since="", names=("", ""))]
    read(*rows)
    before = list(Office.objects.order_by("pk").values())
    report, _ = read(*rows, day=1)
    assert list(Office.objects.order_by("pk").values()) == before
    assert "given 0 changed 0 ended 0 unchanged 3" in report


def test_a_dry_run_counts_and_writes_nothing(read) -> None:
    report, _ = read(row(), dry_run=True)
    assert "nothing was written" in report
    assert "given 1" in report
    assert (Office.objects.count(), Entry.objects.count(), OfficeImport.objects.count()) == (0, 0, 0)


def test_a_last_day_is_a_day_of_work_and_is_told(read, certified) -> None:
    Office.objects.all().delete()
    read(row())
    report, _ = read(row(until="30/11/2026"))
    assert "ended 1" in report
    assert one().until == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert held() == [("RSS", "titolare")]
    assert held(0.6) == []
    assert "Anna Rossi è titolare della farmacia fino al 30 novembre 2026" in text_of(letters(to=ADDRESS)[-1])
    assert Entry.objects.filter(verb="office.ended").get().sentence.endswith("Motivo: lo dice l’elenco")


def test_an_end_that_the_file_takes_back_is_taken_back(read) -> None:
    read(row())
    read(row(until="15/11/2026"))
    assert held() == []
    read(row(), day=1)
    assert held(1) == [("RSS", "titolare")]


def test_an_absence_ends_after_three_whole_files_of_different_days(read) -> None:
    others = [row(BRUNO, "direttore")]
    read(row(), *others, accept_as_whole="prova")
    for day in (1, 1.1, 2):
        report, remarks = read(*others, day=day, accept_as_whole="prova")
        assert one().absent_since == date(2026, 12, 1)
        assert "absent 1" in report
        assert "1 offices in force are not in the file" in remarks
        assert held(day) == [("BNC", "direttore"), ("RSS", "titolare")]
    report, _ = read(*others, day=3, accept_as_whole="prova")
    assert "ended 1" in report
    assert one().until == datetime(2026, 12, 3, 23, tzinfo=UTC)
    assert "manca dall’elenco dal 01/12/2026" in Entry.objects.get(verb="office.ended").sentence


def test_a_person_named_again_is_not_absent_any_more(read) -> None:
    read(row(), row(BRUNO, "direttore"), accept_as_whole="x")
    read(row(BRUNO, "direttore"), day=1, accept_as_whole="x")
    read(row(), row(BRUNO, "direttore"), day=2)
    assert one().absent_since is None
    for day in (3, 4):
        read(row(BRUNO, "direttore"), day=day, accept_as_whole="x")
    assert held(9) == [("BNC", "direttore"), ("RSS", "titolare")]


@pytest.mark.parametrize(
    "broken",
    [
        row("RSSNNA80A41H501X"),  # a wrong check character: it may be Anna
        row(role="padrone"),
        row(since="32/01/2020"),
        "una riga rotta",
    ],
)
def test_a_broken_row_may_be_the_absent_person(broken, read) -> None:
    read(row(), row(BRUNO, "direttore"))
    for day in (1, 2, 3, 4):
        read(broken, row(BRUNO, "direttore"), day=day, accept_as_whole="x")
    assert held(9) == [("BNC", "direttore"), ("RSS", "titolare")]


def test_a_file_with_a_broken_row_is_none_of_the_files_that_prove_an_absence(read) -> None:
    others = [row(BRUNO, "direttore")]
    read(row(), *others)
    read(*others, day=1, accept_as_whole="x")
    read(row("RSSNNA80A41H501X"), *others, day=2, accept_as_whole="x")
    for day in (3, 4):
        read(*others, day=day, accept_as_whole="x")
        assert one().until is None
    read(*others, day=5, accept_as_whole="x")
    assert one().until is not None


@pytest.mark.parametrize("cut", ["no line end", "last row broken", "far fewer"])
def test_a_file_that_is_not_whole_ends_nothing(cut, read) -> None:
    read(row(), row(BRUNO, "direttore"))
    rows = [row(until="15/11/2026"), row(DARIO, "delegato")]
    report, remarks = {
        "no line end": lambda: read(row(BRUNO, "direttore"), *rows, end=""),
        "last row broken": lambda: read(*rows, "4512;BNC"),
        "far fewer": lambda: read(row(until="15/11/2026")),
    }[cut]()
    assert "exit 3" in remarks
    assert "It ended nothing; its rows were imported" in remarks
    assert "kept 1" in report
    assert one().until is None
    assert cut == "far fewer" or one(DARIO).role == "delegate"
    assert verbs()[-1] == "offices.in_part"


def test_an_older_file_gives_nothing_back(read) -> None:
    read(row(until="31/10/2026"), name="incarichi_20261130.csv")
    _, remarks = read(row(), name="incarichi_20261101.csv")
    assert "a newer file was imported already. Nothing was imported" in remarks
    assert held() == []
    read(row(), name="incarichi_20261101.csv", accept_as_whole="corretto a mano")
    assert held() == [("RSS", "titolare")]
    assert verbs()[-1] == "offices.accepted"


def test_too_many_endings_wait_for_an_operator(read, carla, certified) -> None:
    Office.objects.all().delete()
    for number in range(7):
        make_pharmacy(str(9000 + number), f"Numero {number}")
    codes = ["4512", *(str(9000 + number) for number in range(7))]
    read(*(row(code=code) for code in codes))
    sent = len(letters())
    report, remarks = read(*(row(code=code, until="30/11/2026") for code in codes))
    assert "ended 0" in report
    assert "waiting 8" in report
    assert "wait for approval" in remarks
    assert len(letters()) == sent
    assert held(5) == [("RSS", "titolare")]
    again, _ = read(*(row(code=code, until="30/11/2026") for code in codes), day=1)
    assert "waiting 8" in again
    keys = list(Office.objects.ending_to_confirm().values_list("pk", flat=True))
    assert endings.confirm(keys[:3], carla, "Passaggi veri", NOW + DAY) == 3
    assert Office.objects.ending_to_confirm().count() == 5
    ended = Office.objects.filter(until__isnull=False)
    assert {(office.source, office.until) for office in ended} == {("file", datetime(2026, 11, 30, 23, tzinfo=UTC))}
    assert len(letters()) == sent + 1
    read(*(row(code=code) for code in codes[3:]), day=2, accept_as_whole="x")
    assert not Office.objects.ending_to_confirm().exists()


def test_many_endings_happen_at_once_when_the_operator_says_so(read) -> None:
    codes = [make_pharmacy(str(9000 + number), f"Numero {number}").code for number in range(7)]
    read(*(row(code=code) for code in codes))
    report, _ = read(*(row(code=code, until="30/11/2026") for code in codes), allow_ending=True)
    assert "ended 7" in report


def test_a_file_limited_to_some_pharmacies_is_silent_about_the_others(read, al_redentore) -> None:
    read(row(), row(BRUNO, code="1877"), row(DARIO, "delegato", code="1877"))
    for day in (1, 2, 3):
        _, remarks = read(row(BRUNO, code="1877"), day=day, only_these_pharmacies=True)
        assert "exit" not in remarks
    assert held(9) == [("RSS", "titolare")]
    assert one(DARIO).until is not None
    assert one(ANNA).absent_since is None
    read(row(), row(BRUNO, code="1877"), day=4, accept_as_whole="x")
    assert OfficeImport.objects.filter(only_these=["1877"]).count() == 3


def test_files_about_other_pharmacies_prove_no_absence(read, al_redentore) -> None:
    read(row(), row(BRUNO, "direttore"), row(DARIO, code="1877"))
    read(row(BRUNO, "direttore"), day=1, only_these_pharmacies=True)
    for day in (2, 3, 4):
        read(row(DARIO, code="1877"), day=day, only_these_pharmacies=True)
    assert one().until is None
    read(row(BRUNO, "direttore"), day=5, only_these_pharmacies=True)
    read(row(BRUNO, "direttore"), day=6, only_these_pharmacies=True)
    assert one().until is not None


def test_a_sale_on_one_day_is_told_to_the_pharmacy(read, certified) -> None:
    Office.objects.all().delete()
    read(row())
    before = len(letters(to=ADDRESS))
    report, _ = read(row(until="30/11/2026"), row(BRUNO, since="01/12/2026"))
    assert "given 1" in report
    assert "ended 1" in report
    assert held() == [("RSS", "titolare")]
    assert held(1) == [("BNC", "titolare")]
    said = " ".join(text_of(letter) for letter in letters(to=ADDRESS)[before:])
    assert "Dal 1 dicembre 2026 Bruno Bianchi è titolare" in said
    assert "Anna Rossi è titolare della farmacia fino al 30 novembre 2026" in said


def test_a_gap_leaves_nobody_and_the_same_person_comes_back(read) -> None:
    read(row(until="31/10/2026"), row(since="15/12/2026"))
    assert held() == []
    assert held(20) == [("RSS", "titolare")]
    assert Office.objects.count() == 2


def test_another_role_in_the_next_file_replaces_the_first(read, certified) -> None:
    Office.objects.all().delete()
    read(row(role="direttore"))
    before = len(letters())
    report, _ = read(row(role="titolare", since="20/11/2026"))
    assert "given 1" in report
    assert "ended 1" in report
    assert held() == [("RSS", "titolare")]
    assert len(letters()) == before  # the right to certify is the same
    report, _ = read(row(role="legale rappresentante", since="20/11/2026"), day=1)
    assert "changed 1" in report
    assert held(1) == [("RSS", "legale_rappresentante")]


def test_a_right_that_another_role_takes_away_ends_now(read) -> None:
    read(row(role="direttore"))
    read(row(role="delegato"), day=1)
    assert held(1) == [("RSS", "delegate")]


def test_a_corrected_first_day_is_the_same_office(read) -> None:
    read(row(since="01/01/2020"))
    report, _ = read(row(since="15/01/2020", names=("Rossi", "Anna Maria")), day=1)
    assert "changed 1" in report
    assert (one().since, one().given_name) == (datetime(2020, 1, 14, 23, tzinfo=UTC), "Anna Maria")
    assert "dal da 01/01/2020 a 15/01/2020" in Entry.objects.get(verb="office.corrected").sentence


def test_the_periods_of_one_person_change_together(read) -> None:
    read(row(until="31/12/2021"), row(since="01/06/2023"))
    read(row(until="31/12/2022"), row(since="01/07/2023"), day=1)
    assert min(Office.objects.values_list("until", flat=True), key=str).year == 2022
    read(row(), day=2)  # one period without an end instead of two
    assert held(2) == [("RSS", "titolare")]
    assert Office.objects.filter(until=None).count() == 1


@pytest.mark.parametrize("midnight", [datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)])
def test_an_office_of_a_file_ends_at_midnight_in_the_nights_of_the_clocks(midnight, read) -> None:
    day = terms.last_day(midnight)
    read(row(until=f"{day:%d/%m/%Y}"))
    second = timedelta(seconds=1)
    with time_machine.travel(midnight, tick=False):
        assert Office.objects.held_by(ANNA, midnight - second).exists()
        assert not Office.objects.held_by(ANNA, midnight).exists()
