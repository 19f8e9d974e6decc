"""The register of parafarmacie: recognised by its columns, read beside that of the pharmacies, never mixed with it."""

import json
from datetime import date, timedelta
from xml.sax.saxutils import escape

import pytest
import time_machine
from django.core.management import CommandError

from pharmacies.models import NationalRegister, Pharmacy, RegisterImport
from portal.journal.models import Entry
from portal.journal.verbs import sentence
from portal.outbox.models import OutgoingMail
from tests.pharmacies.letters import text_of
from tests.pharmacies.register.register_files import (
    NOW,
    OLDER,
    PARAFARMACIE,
    PARTITA_IVA,
    TODAY,
    importing,
    parafarmacia,
    row,
)
from tests.sessions.staff.conftest import certification_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NAMES = PARAFARMACIE.split(";")
OLDER_PARAFARMACIE = (
    "CODICEIDENTIFICATIVOSITO;SITOLOGISTICO;PARTITAIVA;INDIRIZZO;CODICECOMUNEISTAT;DESCRIZIONECOMUNE;FRAZIONE;CAP;"
    "CODICEPROVINCIAISTAT;SIGLAPROVINCIA;DESCRIZIONEPROVINCIA;CODICEREGIONE;DESCRIZIONEREGIONE;DATAINIZIOVALIDITA;"
    "DATAFINEVALIDITA;LATITUDINE;LONGITUDINE;LOCALIZE"
)


def csv_of(header: str, *rows: str) -> str:
    return "\n".join([header, *rows]) + "\n"


def record(line: str, header: str = PARAFARMACIE) -> dict[str, str]:
    return dict(zip(header.split(";"), line.split(";"), strict=True))


def element(line: str, header: str = PARAFARMACIE) -> str:
    fields = (f"<{name}>{escape(value)}</{name}>" for name, value in record(line, header).items())
    return f"<riga>{''.join(fields)}</riga>"


@pytest.fixture
def read(tmp_path):
    """Imports this text as a file, so many days after NOW; returns the report, or the message of a file that is not whole."""

    def reading(text: str, day: float = 0, name="register.csv", **options) -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        with time_machine.travel(NOW + day * DAY, tick=False):
            try:
                return " ".join(importing(path, **options))
            except CommandError as refused:
                return f"exit {refused.returncode}: {refused}"

    return reading


def open_sites(register: NationalRegister) -> int:
    return Pharmacy.objects.of_register(register).filter(closed_on=None).count()


@pytest.mark.parametrize(
    "text",
    [
        csv_of(PARAFARMACIE, parafarmacia()),
        csv_of(PARAFARMACIE.upper().replace("_", " "), parafarmacia()),
        csv_of(OLDER_PARAFARMACIE, parafarmacia()),
        csv_of(PARAFARMACIE, parafarmacia("020001")),
        csv_of(PARAFARMACIE, parafarmacia("P20001")),
        json.dumps([record(parafarmacia())]),
        json.dumps({"dati": [{**record(parafarmacia()), NAMES[0]: 20001}]}, indent=1),
        f"<parafarmacie>{element(parafarmacia())}</parafarmacie>",
        '<x><field name="codice_identificativo_sito">20001</field>'
        + "".join(f'<field name="{n}">{escape(v)}</field>' for n, v in list(record(parafarmacia()).items())[1:])
        + "</x>",
    ],
    ids=["csv", "spaces", "older", "zeros", "with P", "json", "json of numbers", "xml", "xml of fields"],
)
def test_a_row_becomes_a_parafarmacia(read, text):
    assert "Register of Parafarmacie" in read(text)
    site = Pharmacy.objects.get()
    assert (site.code, site.name, site.type) == ("P20001", "Parafarmacia Prova", Pharmacy.Type.PARAFARMACIA)
    assert (site.partita_iva, site.address, site.cap, site.asl_code) == (PARTITA_IVA, "Via Prova 2", "38122", "")
    assert (site.comune, site.comune_code, site.province, site.region_code) == ("TRENTO", "022205", "TN", "042")
    assert (site.valid_from, site.closed_on, site.doubts) == (date(2010, 1, 1), None, [])
    assert RegisterImport.objects.get().register == NationalRegister.PARAFARMACIE


def test_a_parafarmacia_without_a_name_gets_its_noun_and_number(read):
    read(csv_of(PARAFARMACIE, parafarmacia(name="-")))
    site = Pharmacy.objects.get()
    assert (site.name, site.display_name, site.doubts) == (
        "Parafarmacia 20001",
        "Parafarmacia 20001",
        ["name_missing"],
    )


def test_the_same_number_in_the_two_registers_is_two_sites(read):
    read(csv_of(TODAY, row("20001", "San Marco")))
    read(csv_of(PARAFARMACIE, parafarmacia("20001", "Sanital")))
    assert dict(Pharmacy.objects.values_list("code", "name")) == {"20001": "San Marco", "P20001": "Sanital"}


@pytest.mark.parametrize(
    ("header", "line", "code", "said"),
    [
        (TODAY, row("P20001"), "P20001", "line 2: no usable code: 'P20001'"),
        (PARAFARMACIE, parafarmacia("A20001"), "PA20001", "line 2: no usable code: 'A20001'"),
        (PARAFARMACIE, parafarmacia("1234567890"), "P123456789", "line 2: no usable code: '1234567890'"),
        (TODAY, row("20001", type="5", type_name="Parafarmacia"), "20001", "line 2: a parafarmacia in the register of ph"),
    ],
)  # fmt: skip
def test_no_row_takes_a_code_of_the_other_register(read, header, line, code, said):
    other = row("1") if header == TODAY else parafarmacia("1")
    assert said in read(csv_of(header, line, other))
    assert not Pharmacy.objects.filter(code=code).exists()


def test_a_pharmacy_of_an_unknown_type_five_stays_a_pharmacy(read):
    read(csv_of(TODAY, row("1", type="5", type_name="Farmacia di aeroporto")))
    assert Pharmacy.objects.get().type == Pharmacy.Type.ORDINARIA


def test_an_import_writes_no_site_whose_type_belongs_to_the_other_register(read):
    read(csv_of(TODAY, row("7", "Era così"), row("8")))
    Pharmacy.objects.filter(code="7").update(type=Pharmacy.Type.PARAFARMACIA)
    assert "line 2: the code 7 is that of a site of the other register" in read(csv_of(TODAY, row("7", "X"), row("8")))
    assert Pharmacy.objects.get(code="7").name == "Era così"


HALF = ";".join([*NAMES[:8], *TODAY.split(";")[9:]])
OTHER_HALF = ";".join([*TODAY.split(";")[:9], *NAMES[7:]])
MIXED = [
    csv_of(f"{TODAY};codice_identificativo_sito", row() + ";20001"),
    csv_of(HALF, row()),
    csv_of("cod_farmacia;" + ";".join(NAMES[1:]), parafarmacia()),
    csv_of(TODAY, row()) + csv_of(PARAFARMACIE, parafarmacia()),
    csv_of(PARAFARMACIE, parafarmacia()) + csv_of(OLDER, row()),
    json.dumps([record(row(), TODAY), record(parafarmacia())]),
    json.dumps({"farmacie": [record(row(), TODAY)], "parafarmacie": [record(parafarmacia())]}),
    json.dumps([{**record(parafarmacia()), "cod_farmacia": "1"}]),
    json.dumps([{**record(parafarmacia()), "descrizione_farmacia": "San Marco"}]),
    f"<x><f>{element(row(), TODAY)}</f><p>{element(parafarmacia())}</p></x>",
    f"<x>{element(parafarmacia())}{element(row(), TODAY)}</x>",
]


@pytest.mark.parametrize("text", MIXED)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_file_that_mixes_the_registers_is_refused_with_a_sentence(tmp_path, text, encoding):
    path = tmp_path / "register.csv"
    path.write_text(text, encoding=encoding)
    with pytest.raises(
        CommandError, match="The file mixes the register of pharmacies with that of parafarmacie"
    ) as refused:
        importing(path)
    assert refused.value.returncode == 1
    assert "_" in str(refused.value), "it names the columns"
    assert not Pharmacy.objects.exists()
    assert not RegisterImport.objects.exists()
    assert not Entry.objects.exists()


def test_a_header_that_lacks_the_columns_of_its_register_is_refused(read):
    assert "exit 1: The first line is not the header of the register of pharmacies. Missing columns: " in read(
        csv_of(OTHER_HALF, "")
    )
    without_name = ";".join(name for name in NAMES if name != "sito_logistico")
    assert "register of parafarmacie. Missing columns: sito_logistico" in read(csv_of(without_name, ""))


def many(make, count: int, start: int = 1) -> list[str]:
    return [make(str(code)) for code in range(start, start + count)]


def test_each_register_is_compared_with_its_own_last_whole_file(read):
    read(csv_of(TODAY, *many(row, 300)), name="FRM_FARMA_5_20261123.csv")
    assert "exit" not in read(csv_of(PARAFARMACIE, *many(parafarmacia, 100)), name="FRM_PFARMA_7_20261120.csv")
    assert RegisterImport.objects.last_whole().day == date(2026, 11, 20)
    assert "exit" not in read(csv_of(TODAY, *many(row, 300)), 1, name="FRM_FARMA_5_20261124.csv")
    assert "names far fewer" in read(csv_of(PARAFARMACIE, *many(parafarmacia, 90)), 1, name="FRM_PFARMA_7_20261124.csv")
    assert "a newer file" in read(csv_of(PARAFARMACIE, *many(parafarmacia, 100)), 1, name="FRM_PFARMA_7_20261101.csv")


def test_the_absences_of_one_register_are_proven_by_its_own_files(read):
    read(csv_of(PARAFARMACIE, *many(parafarmacia, 200)))
    for day in (1, 2, 3, 4, 5):
        read(csv_of(TODAY, *many(row, 200)), day)
    assert not Pharmacy.objects.exclude(absent_since=None).exists()
    read(csv_of(PARAFARMACIE, *many(parafarmacia, 199)), 6)
    assert Pharmacy.objects.get(code="P200").absent_since == (NOW + 6 * DAY).date()
    for day in (7, 8, 9):
        read(csv_of(TODAY, *many(row, 200)), day)
    assert open_sites(NationalRegister.PARAFARMACIE) == 200, "one whole file of its register lacks it"
    read(csv_of(PARAFARMACIE, *many(parafarmacia, 199)), 10)
    assert "closed 1 " in read(csv_of(PARAFARMACIE, *many(parafarmacia, 199)), 11)
    assert Pharmacy.objects.get(code="P200").closed_on == (NOW + 11 * DAY).date()
    assert open_sites(NationalRegister.FARMACIE) == 200


def test_a_broken_row_about_a_parafarmacia_is_no_absence_of_it(read):
    read(csv_of(PARAFARMACIE, *many(parafarmacia, 200)))
    read(csv_of(PARAFARMACIE, *many(parafarmacia, 198), "200;spezzata", parafarmacia("199")), 1)
    assert not Pharmacy.objects.exclude(absent_since=None).exists()


def test_too_many_closings_are_counted_against_the_open_sites_of_their_register(read):
    read(csv_of(TODAY, *many(row, 2000)))
    read(csv_of(PARAFARMACIE, *many(parafarmacia, 200)))
    ended = [parafarmacia(str(code), ends="31/10/2026") for code in range(1, 8)]
    report = read(csv_of(PARAFARMACIE, *ended, *many(parafarmacia, 193, 8)), 1)
    assert "waiting 7 " in report, "seven of 2,200 sites would not be many, seven of 200 are"
    assert open_sites(NationalRegister.PARAFARMACIE) == 200


def test_the_report_and_the_journal_say_which_register(read):
    report = read(csv_of(PARAFARMACIE, *many(parafarmacia, 200)))
    assert "Doubtful, but imported: 0 parafarmacie" in report
    assert "1 open parafarmacie are not in the file" in read(csv_of(PARAFARMACIE, *many(parafarmacia, 199)), 1)
    for day in (2, 3):
        read(csv_of(PARAFARMACIE, *many(parafarmacia, 199)), day)
    read(csv_of(PARAFARMACIE, *many(parafarmacia, 200)), 4)
    said = [sentence(entry.verb, entry.detail) for entry in Entry.objects.order_by("pk")]
    assert said[0] == "ha letto il registro nazionale delle parafarmacie register.csv: 200 nuove, 0 cambiate, 0 chiuse"
    about = [sentence(entry.verb, entry.detail) for entry in Entry.objects.filter(about="P200").order_by("pk")]
    assert about[0].startswith("ha chiuso la parafarmacia dal 26/11/2026: manca dal registro")
    assert about[1].startswith("ha riaperto la parafarmacia: ")


def test_a_line_of_the_journal_from_before_the_second_register_speaks_of_farmacie():
    detail = {"file": "FRM.csv", "created": 1, "changed": 2, "closed": 0}
    assert sentence("register.imported", detail) == (
        "ha letto il registro nazionale delle farmacie FRM.csv: 1 nuove, 2 cambiate, 0 chiuse"
    )
    assert sentence("register.closed", {"since": "01/11/2026", "why": "…"}).startswith(
        "ha chiuso la farmacia dal 01/11"
    )


def test_both_registers_are_imported_twice_with_closings_and_moves_between(read):
    pharmacies, sites = many(row, 300), many(parafarmacia, 200, 20001)
    for day in (0, 1):
        read(csv_of(TODAY, *pharmacies), day, name=f"FRM_FARMA_5_{NOW + day * DAY:%Y%m%d}.csv")
        read(csv_of(PARAFARMACIE, *sites), day, name=f"FRM_PFARMA_7_{NOW + day * DAY:%Y%m%d}.csv")
    assert Pharmacy.objects.count() == 500
    assert set(RegisterImport.objects.values_list("register", "pharmacies", "flaw")) == {
        ("farmacie", 300, ""), ("parafarmacie", 200, ""),
    }  # fmt: skip
    pharmacies[0] = row("1", ends=f"{NOW:%d/%m/%Y}")
    sites[0] = parafarmacia("20001", ends=f"{NOW:%d/%m/%Y}")
    sites.append(parafarmacia("20300", starts=f"{NOW + DAY:%d/%m/%Y}", address="Via Nuova 3"))
    for day in (2, 3):
        first, second = (read(csv_of(TODAY, *pharmacies), day), read(csv_of(PARAFARMACIE, *sites), day))
        assert ("closed 1 " in first) == ("closed 1 " in second) == (day == 2)
        assert day == 2 or "created 0 changed 0 reopened 0 closed 0 unchanged 201" in second
    closed = Pharmacy.objects.exclude(closed_on=None).values_list("code", flat=True)
    assert set(closed) == {"1", "P20001"}
    assert Pharmacy.objects.get(code="P20300").closed_on is None


def test_the_letter_of_a_closing_names_the_new_site_of_the_same_file(read):
    before = [*many(parafarmacia, 199), parafarmacia("20001", partita_iva="00000010215")]
    read(csv_of(PARAFARMACIE, *before))
    certification_of(Pharmacy.objects.get(code="P20001"), "banco@sanital.example")
    yesterday, today = f"{NOW:%d/%m/%Y}", f"{NOW + DAY:%d/%m/%Y}"
    moved = [
        parafarmacia("20001", partita_iva="00000010215", ends=yesterday),
        parafarmacia("20300", partita_iva="00000010215", starts=today, address="Via Nuova 3"),
    ]
    assert "created 1 changed 0 reopened 0 closed 1 " in read(csv_of(PARAFARMACIE, *before[:-1], *moved), 1)
    letter = text_of(OutgoingMail.objects.get(about="P20001"))
    assert "Parafarmacia Prova, codice P20300, Via Nuova 3, Trento (TN)" in letter
