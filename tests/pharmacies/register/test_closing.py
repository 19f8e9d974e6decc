"""A closing needs proof: an end date in a whole file, or absence from several whole files of different days."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError

from pharmacies.models import Pharmacy, RegisterChange, RegisterImport
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from tests.pharmacies.register.register_files import NOW, TODAY, importing, row

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def many(count: int, start: int = 1) -> list[str]:
    return [row(str(code)) for code in range(start, count + 1)]


@pytest.fixture
def read(tmp_path):
    """Writes a register and imports it on the given day (0 is NOW); returns the message when the file is not whole."""

    def reading(rows, day: float = 0, end="\n", name="register.csv", **options):
        path = tmp_path / name
        path.write_text("\n".join([TODAY, *rows]) + end, encoding="utf-8")
        with time_machine.travel(NOW + day * DAY, tick=False):
            try:
                return importing(path, **options)
            except CommandError as refused:
                if refused.returncode != 3:
                    raise
                return str(refused)

    return reading


def open_at(day: float) -> int:
    return Pharmacy.objects.open_on((NOW + day * DAY).date()).count()


def test_the_last_day_is_a_day_of_work(read):
    read(many(200))
    read([row("1", ends=f"{NOW:%d/%m/%Y}"), *many(200, 2)])
    assert open_at(0) == 200
    assert open_at(1) == 199


def test_an_absence_is_a_mark_and_changes_nothing_by_itself(read):
    read(many(200))
    report, remarks = read(many(199), 1)
    pharmacy = Pharmacy.objects.get(code="200")
    assert pharmacy.absent_since == (NOW + DAY).date()
    assert (pharmacy.closed_on, pharmacy.closing_waits) == (None, None)
    assert "absent 1 " in report
    assert "closed 0 " in report
    assert "1 open pharmacies are not in the file" in remarks


def test_three_whole_files_of_different_days_close_an_absent_pharmacy(read):
    read(many(200))
    for day in (1, 1.1, 2, 2.2):
        read(many(199), day)
    assert open_at(2) == 200, "four files, but of two days"
    report, _ = read(many(199), 3)
    assert "closed 1 " in report
    assert Pharmacy.objects.get(code="200").closed_on == (NOW + 3 * DAY).date()
    assert read(many(199), 4)[0].count("closed 0") == 1


def test_the_number_of_files_is_a_setting(read, settings):
    settings.REGISTER_ABSENT_FILES = 1
    read(many(200))
    read(many(199), 1)
    assert open_at(1) == 199


def test_the_same_dated_file_read_on_three_days_is_one_file(read):
    read(many(200))
    for day in (1, 2, 3, 4):
        read(many(199), day, name="FRM_FARMA_5_20261124.csv")
    assert open_at(5) == 200


def test_a_pharmacy_that_is_named_again_loses_the_mark_and_its_days(read):
    read(many(200))
    read(many(199), 1)
    read(many(199), 2)
    read(many(200), 3)
    assert Pharmacy.objects.get(code="200").absent_since is None
    read(many(199), 4)
    read(many(199), 5)
    assert open_at(5) == 200


def test_a_broken_row_about_a_pharmacy_is_no_absence(read):
    read(many(200))
    for day in (1, 2, 3):
        read([*many(198), "200;spezzata", row("199")], day)
    assert Pharmacy.objects.get(code="200").absent_since is None
    assert open_at(3) == 200


def test_a_row_whose_code_cannot_be_read_may_be_any_pharmacy(read):
    read(many(200))
    for day in (1, 2, 3):
        read([*many(198), row("???"), row("199")], day)
    assert Pharmacy.objects.get(code="200").absent_since is not None
    assert open_at(3) == 200


def test_a_reopening_takes_away_the_end_and_is_written_down(read):
    read(many(200))
    for day in (1, 2, 3):
        read(many(199), day)
    report, _ = read(many(200), 4)
    assert "reopened 1 " in report
    pharmacy = Pharmacy.objects.get(code="200")
    assert (pharmacy.closed_on, pharmacy.absent_since, pharmacy.closing_noted_at) == (None, None, None)
    assert list(Entry.objects.filter(about="200").order_by("pk").values_list("verb", flat=True)) == [
        "register.closed", "register.reopened",
    ]  # fmt: skip
    day = (NOW + 3 * DAY).date().isoformat()
    changes = RegisterChange.objects.order_by("pk").values_list("pharmacy__code", "field", "was", "became")
    assert list(changes) == [("200", "closed_on", "", day), ("200", "closed_on", day, "")]


@pytest.mark.parametrize(
    ("rows", "end", "said"),
    [
        (many(199), "\n200;-;Via Pr", "middle of its last row"),
        (many(199), "\n200;-;Via Pr\n", "last row is broken"),
        (many(199), "", "middle of its last row"),
        (many(160), "\n", "names far fewer"),
    ],
)
def test_a_file_that_is_not_whole_takes_nothing_away_and_its_rows_are_read(read, rows, end, said):
    read(many(200))
    for day in (1, 2, 3, 4):
        assert said in read([row("1", "Nome nuovo"), *rows[1:]], day, end)
    assert open_at(4) == 200
    assert not Pharmacy.objects.exclude(absent_since=None).exists()
    assert Pharmacy.objects.get(code="1").name == "Nome nuovo"
    assert Entry.objects.filter(verb="register.in_part").count() == 4


def test_an_end_date_in_a_piece_of_a_file_closes_nothing_because_the_newer_row_may_be_missing(read):
    read([row("1", "Bianchi", starts="01/11/2026"), *many(200, 2)])
    read([row("1", "Rossi", ends="31/10/2026"), *many(100, 2)], 1, "")
    pharmacy = Pharmacy.objects.get(code="1")
    assert (pharmacy.name, pharmacy.closed_on) == ("Bianchi", None)


def test_a_real_drop_passes_with_a_reason_that_stays_in_the_journal(read):
    read(many(200))
    read(many(150), 1, accept_as_whole="Il Ministero ha tolto i dispensari")
    assert Pharmacy.objects.exclude(absent_since=None).count() == 50
    entry = Entry.objects.get(verb="register.accepted")
    assert entry.detail["because"] == "Il Ministero ha tolto i dispensari"
    assert "Il Ministero ha tolto i dispensari" in entry.sentence
    assert RegisterImport.objects.last_whole().pharmacies == 150


def test_a_file_that_says_everything_twice_is_no_measure_for_the_next(read):
    read(many(200) * 2)
    assert not Pharmacy.objects.exclude(doubts=[]).exists()
    assert isinstance(read(many(200), 1), tuple)


def test_an_older_file_takes_nothing_away(read):
    read(many(200), name="FRM_FARMA_5_20261123.csv")
    said = read(many(199), name="FRM_FARMA_5_20261101.csv")
    assert "newer file was imported" in said
    assert not Pharmacy.objects.exclude(absent_since=None).exists()


def test_many_closings_at_once_wait_for_a_yes(read):
    read(many(1000))
    gone = [row(str(code), ends="31/10/2026") for code in range(1, 7)]
    report, remarks = read([*gone, *many(1000, 7)], 1)
    assert "waiting 6 " in report
    assert "confirm_closings" in remarks
    assert open_at(1) == 1000
    assert Pharmacy.objects.closing_to_confirm().count() == 6
    report, _ = read([*gone, *many(1000, 7)], 2)
    assert "waiting 0 " in report
    assert "unchanged 1,000" in report
    assert open_at(2) == 1000
    read(many(1000), 3)
    assert not Pharmacy.objects.closing_to_confirm().exists()


def test_a_closing_by_absence_that_waits_is_dropped_when_even_a_broken_row_names_the_pharmacy(read):
    read(many(1000))
    for day in (1, 2, 3):
        read(many(994), day)
    assert Pharmacy.objects.closing_to_confirm().count() == 6
    read([*many(993), "1000;spezzata", "999;-;due campi", row("994")], 4, "")
    assert set(Pharmacy.objects.closing_to_confirm().values_list("code", flat=True)) == {"995", "996", "997", "998"}


@pytest.mark.parametrize(("closings", "of", "waits"), [(5, 200, False), (6, 1200, False), (6, 1199, True)])
def test_a_few_closings_are_believed(read, closings, of, waits):
    read(many(of))
    read([*(row(str(code), ends="31/10/2026") for code in range(1, closings + 1)), *many(of, closings + 1)], 1)
    assert Pharmacy.objects.closing_to_confirm().exists() is waits
    assert (open_at(1) == of) is waits


def test_a_closing_is_written_to_the_certified_address_and_in_the_journal(read, certified):
    read([row("4512"), *many(200)])
    read([row("4512", ends="30/11/2026"), *many(200)], 1)
    letter = OutgoingMail.objects.get(about="4512")
    assert letter.recipient == certified.address
    assert "chiusa" in letter.subject
    entry = Entry.objects.get(verb="register.closed")
    assert entry.sentence == "ha chiuso la farmacia dal 01/12/2026: il registro nazionale ne dice la fine"
    assert Pharmacy.objects.get(code="4512").closing_noted_at == NOW + DAY


def test_a_dry_run_marks_and_closes_nothing(read):
    read(many(200))
    for day in (1, 2, 3):
        read(many(199), day, dry_run=True)
    assert not Pharmacy.objects.exclude(absent_since=None).exists()
    assert RegisterImport.objects.count() == 1


def test_an_empty_file_is_refused(read, tmp_path):
    read(many(200))
    with pytest.raises(CommandError, match="no row that can be imported") as refused:
        read([], 1)
    assert refused.value.returncode == 1
    assert open_at(1) == 200
