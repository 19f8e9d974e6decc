from datetime import date

import pytest
import time_machine
from django.core.management import CommandError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pharmacies.models import Pharmacy, RegisterChange
from pharmacies.register.importing import ImportReport, read_register
from portal.journal.models import Entry
from tests.pharmacies.register.register_files import NOW, OLDER, PARTITA_IVA, TODAY, importing, row

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fixed_day():
    with time_machine.travel(NOW, tick=False):
        yield


def test_a_row_becomes_a_pharmacy(import_rows):
    report, _ = import_rows(row())
    pharmacy = Pharmacy.objects.get()
    assert (pharmacy.code, pharmacy.name, pharmacy.partita_iva) == ("4512", "San Marco", PARTITA_IVA)
    assert (pharmacy.region_code, pharmacy.province, pharmacy.comune, pharmacy.cap) == ("042", "TN", "TRENTO", "38122")
    assert (pharmacy.valid_from, pharmacy.closed_on, pharmacy.type) == (date(2015, 2, 1), None, Pharmacy.Type.ORDINARIA)
    assert pharmacy.doubts == []
    assert "created 1 " in report


@pytest.mark.parametrize("header", [TODAY, OLDER, TODAY.upper(), ";".join(f'"{name}"' for name in TODAY.split(";"))])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_both_headers_every_encoding_and_line_end_are_read(import_rows, header, encoding, end):
    import_rows(row(name="Sanità già d’Agordo".replace("’", "'")), header=header, encoding=encoding, end=end)
    assert Pharmacy.objects.get().name == "Sanità già d'Agordo"


def test_one_bad_byte_spoils_one_name_and_not_the_accents_of_the_others(tmp_path):
    path = tmp_path / "register.csv"
    lines = [TODAY.encode(), row("1", "Trinità").encode(), row("2", "Carit\xe0").encode("iso-8859-1")]
    path.write_bytes(b"\n".join(lines) + b"\n")
    importing(path)
    assert set(Pharmacy.objects.values_list("name", flat=True)) == {"Trinità", "Carità"}


def test_running_it_again_changes_nothing(import_rows):
    rows = [row(str(code), f"Farmacia {code}") for code in range(1, 30)]
    import_rows(*rows)
    before = list(Pharmacy.objects.order_by("pk").values())
    report, _ = import_rows(*rows)
    assert "created 0 changed 0 reopened 0 closed 0 unchanged 29" in report
    assert list(Pharmacy.objects.order_by("pk").values()) == before


def test_a_change_of_owner_keeps_the_pharmacy(import_rows):
    import_rows(row(name="Rossi dr. Mario"))
    kept = Pharmacy.objects.get().pk
    report, _ = import_rows(
        row(name="Rossi dr. Mario", ends="31/10/2026"),
        row(name="Bianchi dr.ssa Lucia", partita_iva="06363391001", starts="01/11/2026"),
    )
    pharmacy = Pharmacy.objects.get()
    assert (pharmacy.pk, pharmacy.name, pharmacy.closed_on) == (kept, "Bianchi dr.ssa Lucia", None)
    assert "changed 1 " in report
    assert "owner_changed: 1 " in report
    changes = RegisterChange.objects.filter(pharmacy=pharmacy).values_list("field", "was", "became")
    assert ("name", "Rossi dr. Mario", "Bianchi dr.ssa Lucia") in changes
    assert ("valid_from", "2015-02-01", "2026-11-01") in changes
    assert not [change for change in changes if change[1] == change[2]]


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_the_history_of_a_code_the_newest_valid_row_tells(import_rows, newest_first):
    rows = [
        row(name="Prima", starts="01/01/2001", ends="31/12/2009"),
        row(name="Seconda", starts="01/01/2010", ends="31/12/2019"),
        row(name="Adesso", starts="01/01/2020"),
        row(name="Domani", starts="01/01/2027"),
    ]
    import_rows(*(reversed(rows) if newest_first else rows))
    assert Pharmacy.objects.get().name == "Adesso"
    assert Pharmacy.objects.get().doubts == []


def test_two_rows_valid_at_once_are_flagged_and_the_newer_wins(import_rows):
    import_rows(row(name="Nuova", starts="01/01/2020"), row(name="Vecchia", starts="01/01/2001"))
    assert Pharmacy.objects.get().name == "Nuova"
    assert Pharmacy.objects.get().doubts == ["twice"]


def test_a_pharmacy_whose_last_period_has_ended_is_closed_from_the_day_after(import_rows):
    import_rows(row(), row("2"))
    report, _ = import_rows(row(ends="30/09/2026"), row("2"))
    assert Pharmacy.objects.get(code="4512").closed_on == date(2026, 10, 1)
    assert "closed 1 " in report


def test_an_end_that_is_still_to_come_leaves_the_pharmacy_open(import_rows):
    import_rows(row(ends="31/12/2026"))
    assert Pharmacy.objects.open_on(NOW.date()).count() == 1


def test_a_broken_row_is_told_with_its_line_and_the_rest_goes_on(import_rows):
    import_rows(row("7", "Era già qui"), row("1"))
    report, _ = import_rows(
        row("1"),
        row("7") + ";un campo in più",
        "",
        row(""),
        row("3", starts="31/02/2020"),
        row("4", "nome con \0"),
        "8;spezzata",
        row("5"),
    )
    assert "Broken, skipped: 5 rows" in report
    assert "line 3: 22 fields instead of 21" in report
    assert "line 5: no usable code" in report
    assert "line 6: no readable date in data_inizio_validita: '31/02/2020'" in report
    assert "line 7: characters that cannot be stored" in report
    assert "line 8: 2 fields instead of 21" in report
    assert set(Pharmacy.objects.values_list("code", flat=True)) == {"1", "5", "7"}
    assert Pharmacy.objects.get(code="7").closed_on is None, "its row is broken, not gone"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.sampled_from([TODAY, OLDER]))
@example(b'\r"', TODAY)
def test_no_bytes_stop_the_reading(tmp_path_factory, rest, header):
    path = tmp_path_factory.mktemp("register") / "register.csv"
    path.write_bytes(b"\n".join([header.encode(), row().encode(), rest]))
    register = read_register(path, NOW.date(), report := ImportReport(), lambda _rows: None)
    assert "4512" in register.rows
    assert report.rows >= report.broken


def test_an_endless_line_is_one_broken_row(import_rows):
    report, _ = import_rows(row("1"), "x" * 200_000, row("2"))
    assert "line 3: characters that cannot be stored, or a line too long" in report
    assert Pharmacy.objects.count() == 2


def test_a_dry_run_says_what_would_change_and_changes_nothing(import_rows):
    report, _ = import_rows(row(), dry_run=True)
    assert "nothing was written" in report
    assert "created 1 " in report
    assert not Pharmacy.objects.exists()
    assert not Entry.objects.exists()


def test_each_import_leaves_one_line_in_the_journal(import_rows):
    import_rows(row(), row("2", partita_iva="-"))
    entry = Entry.objects.get(verb="register.imported")
    assert (entry.detail["created"], entry.detail["doubtful"], entry.detail["broken"]) == (2, 1, 0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!doctype html><title>Pagina non trovata</title>", "not the header of the register"),
        (b"", "not the header of the register"),
        (b"cod_farmacia;indirizzo\r\n1;Via Roma\r\n", r"descrizione_farmacia \(or DESCRIZIONEFARMACIA\)"),
        (TODAY.encode(), "no row that can be imported"),
        (TODAY.encode() + b"\nspezzata", "no row that can be imported"),
    ],
)
def test_a_file_that_is_not_the_register_is_refused_with_a_sentence(tmp_path, content, said):
    path = tmp_path / "register.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=said):
        importing(path)


def test_a_file_that_is_not_there_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(CommandError, match=r"cannot be read: No such file"):
        importing(tmp_path / "none.csv")
