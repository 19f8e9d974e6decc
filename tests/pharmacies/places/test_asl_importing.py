"""`manage.py import_asl`: a table of an administration replaces the rows of its regions, and no others."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from pharmacies.files.lock import Import, alone_throughout
from pharmacies.models import AslOfComune, Pharmacy
from pharmacies.models.pharmacy import within
from portal.identity.territory import Territory
from portal.journal.models import Entry
from portal.journal.verbs import sentence
from tests.conftest import make_pharmacy

pytestmark = pytest.mark.django_db
HEADER = "comune;provincia;regione;codice_asl;nome_asl"
PIEMONTE = [
    "VENARIA REALE;TO;PIEMONTE;203;TO3",
    "IVREA;TO;PIEMONTE;204;TO4",
    "CHIVASSO;TO;PIEMONTE;204;TO4",
    "TORINO;TO;PIEMONTE;301;CITTA' DI TORINO",
]


@pytest.fixture
def load(tmp_path):
    def write_and_import(*lines, header=HEADER, encoding="utf-8", end="\n", **options):
        file = tmp_path / "asl.csv"
        file.write_bytes(("\n".join([header, *lines]) + end).encode(encoding))
        out, err = StringIO(), StringIO()
        call_command("import_asl", str(file), stdout=out, stderr=err, **options)
        return " ".join(out.getvalue().split()), " ".join(err.getvalue().split())

    return write_and_import


def refused(load, *lines, code, **options):
    with pytest.raises(CommandError) as error:
        load(*lines, **options)
    assert error.value.returncode == code
    return str(error.value)


def stored():
    rows = AslOfComune.objects.order_by("comune", "asl_code").values_list(
        "comune", "region_code", "asl_code", "asl_name"
    )
    return [" ".join(row) for row in rows]


def test_a_table_is_stored_by_comune_of_today_and_a_second_one_replaces_it(load):
    report, _ = load(*PIEMONTE)
    assert stored() == [
        "CHIVASSO 010 204 TO4", "IVREA 010 204 TO4", "TORINO 010 301 CITTA' DI TORINO", "VENARIA REALE 010 203 TO3",
    ]  # fmt: skip
    assert "comuni 4 divided 0 added 4 removed 0 unchanged 0" in report
    report, _ = load(*PIEMONTE[:3], "TORINO;TO;PIEMONTE;302;TORINO NORD")
    assert "added 1 removed 1 unchanged 3" in report
    assert "TORINO 010 302 TORINO NORD" in stored()


def test_a_table_leaves_the_regions_that_it_does_not_name(load):
    load(*PIEMONTE)
    load("OLBIA;OT;SARDEGNA;202;GALLURA", "CARBONIA;CI;SARDEGNA;207;SULCIS")
    assert len(stored()) == 6


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("codice_istat;codice_asl", "001292;203"),
        ("ISTAT,ASL", "1292,203"),
        ("Codice catastale\tCod_ASL", "L727\t203"),
        ("COMUNE;CODICE_REGIONE;CODICE_ASL", "Venaria;10;203"),
        ("comune;codice_regione;codice_asl", "VENARIA;010;203"),
        ("comune;codice_regione_asl", "VENARIA;010203"),
        ("denominazione_comune;denominazione;cod_asl", "VENARIA REALE;TO3;203"),
    ],
)
def test_the_columns_are_recognised_by_their_names(load, header, line):
    load(line, header=header)
    assert [row[:21] for row in stored()] == ["VENARIA REALE 010 203"]


def test_the_file_may_be_written_in_the_encoding_of_windows(load):
    load("FORLÌ;FC;EMILIA ROMAGNA;114;ROMAGNA", encoding="cp1252")
    load("CANTÙ;CO;LOMBARDIA;322;INSUBRIA", encoding="utf-16")
    assert stored() == ["CANTÙ 030 322 INSUBRIA", "FORLÌ 080 114 ROMAGNA"]


def test_unknown_comuni_and_asl_are_listed_with_their_pharmacies_and_skipped(load):
    make_pharmacy("1", "Prima", comune="BORGO INVENTATO", region_code="010", region="PIEMONTE")
    make_pharmacy("2", "Seconda", comune="IVREA", region_code="010", region="PIEMONTE", province="TO", catasto="E379")
    report, _ = load(
        *PIEMONTE[:1], "BORGO INVENTATO;TO;PIEMONTE;204;TO4", "IVREA;TO;PIEMONTE;TO4;TO4", "CHIVASSO;TO;PIEMONTE;999;",
        "MILANO;MI;PIEMONTE;204;TO4", "TORINO;TO;ATLANTIDE;301;X",
    )  # fmt: skip
    assert stored() == ["VENARIA REALE 010 203 TO3"]
    assert "unknown comune 'BORGO INVENTATO': 1 open pharmacies" in report
    assert "unknown ASL 'TO4': write its code of three digits: 1 open pharmacies" in report
    assert "unknown ASL 999 without a name: 0 open pharmacies" in report
    assert "unknown region 'ATLANTIDE'" in report
    assert "unknown comune 'MILANO'" in report


def test_a_comune_whose_row_cannot_be_read_keeps_its_stored_row(load):
    load(*PIEMONTE)
    load(*PIEMONTE[1:], "VENARIA REALE;TO;PIEMONTE;T03;TO3")
    assert "VENARIA REALE 010 203 TO3" in stored()


@pytest.mark.parametrize(
    ("lines", "end", "flaw"),
    [
        (PIEMONTE[:2], "\n", "it names far fewer than the last whole file"),
        (PIEMONTE, "", "it stops in the middle of its last row"),
        ([*PIEMONTE, "ALPIGNANO;TO"], "\n", "its last row is broken"),
    ],
)
def test_half_a_table_changes_nothing(load, lines, end, flaw):
    load(*PIEMONTE)
    before = stored()
    said = refused(load, *[line.replace("TO4", "X") for line in lines], end=end, code=3)
    assert flaw in said
    assert "Nothing was imported" in said
    assert stored() == before
    assert Entry.objects.filter(verb__startswith="asl.").count() == 1


def test_a_smaller_table_is_taken_with_a_reason_that_stays_in_the_journal(load):
    load(*PIEMONTE)
    load(*PIEMONTE[:2], accept_as_whole="i comuni si sono uniti")
    assert len(stored()) == 2
    entry = Entry.objects.get(verb="asl.accepted")
    assert "i comuni si sono uniti" in sentence(entry.verb, entry.detail)


def test_a_dry_run_only_counts(load):
    report, _ = load(*PIEMONTE, dry_run=True)
    assert report.startswith("What would change (nothing was written): Regions: PIEMONTE")
    assert "added 4" in report
    assert stored() == []
    assert not Entry.objects.exists()


def test_another_file_is_refused_with_the_columns_that_it_lacks(load):
    assert "codice_asl" in refused(load, "a;b", header="nome;cognome", code=1)
    assert "unknown comune" in refused(load, "ATLANTIDE;XX;;001;A", code=1)
    assert "holds no row" in refused(load, code=1)


def test_two_imports_do_not_run_together(load):
    with alone_throughout(Import.ASL):
        refused(load, *PIEMONTE, code=4)


def test_the_journal_says_what_was_read(load):
    load(*PIEMONTE, "TORINO;TO;PIEMONTE;302;TORINO NORD")
    entry = Entry.objects.get(verb="asl.imported")
    assert "(PIEMONTE): 4 comuni, di cui 1 divisi tra più ASL" in sentence(entry.verb, entry.detail)


def test_the_territory_of_an_operator_of_an_asl_follows_the_table(load):
    """Before the table nobody of ASL 203 sees Venaria; afterwards they do, until the comune is divided."""
    pharmacy = make_pharmacy(
        "375", "Buridani", comune="VENARIA", region_code="010", region="PIEMONTE", province="TO", cap="10078"
    )
    olga = within(Territory.of(["010-203"]))
    assert not Pharmacy.objects.filter(olga).exists()
    _, warning = load(*PIEMONTE[1:])
    assert "1 open pharmacies of these regions are in no ASL" in warning
    load(*PIEMONTE)
    assert list(Pharmacy.objects.filter(olga)) == [pharmacy]
    load(*PIEMONTE, "VENARIA REALE;TO;PIEMONTE;301;CITTA' DI TORINO")
    assert not Pharmacy.objects.filter(olga).exists()
