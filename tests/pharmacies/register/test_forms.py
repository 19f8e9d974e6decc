"""The same register in every form found in practice: encodings, line ends, JSON, XML, dates, partite IVA."""

import codecs
import json
from datetime import date
from xml.sax.saxutils import escape

import pytest
import time_machine
from django.core.management import CommandError

from pharmacies.models import Pharmacy
from tests.pharmacies.register.register_files import NOW, TODAY, importing, importing_in_part, row

pytestmark = pytest.mark.django_db
NAMES = TODAY.split(";")
ROWS = [row("1", "Sanità già d'Agordo"), row("2", "Trinità", ends="31/10/2026"), row("3", "Carità", cap="00121")]


@pytest.fixture(autouse=True)
def _fixed_day():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def file(tmp_path):
    def written(content: bytes | str, name="register.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def csv_of(rows, end="\n") -> str:
    return end.join([TODAY, *rows]) + end


def records(rows=ROWS) -> list[dict[str, str]]:
    return [dict(zip(NAMES, line.split(";"), strict=True)) for line in rows]


def xml_of(rows=ROWS, record="<riga>{}</riga>", field="<{0}>{1}</{0}>") -> str:
    body = "".join(
        record.format("".join(field.format(name, escape(value)) for name, value in row.items()))
        for row in records(rows)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><farmacie xmlns="urn:prova">{body}</farmacie>'


def changes() -> list[tuple]:
    return list(Pharmacy.objects.order_by("code").values_list("code", "name", "closed_on", "cap", "partita_iva"))


EXPECTED = [
    ("1", "Sanità già d'Agordo", None, "38122", "01234560223"),
    ("2", "Trinità", date(2026, 11, 1), "38122", "01234560223"),
    ("3", "Carità", None, "00121", "01234560223"),
]


@pytest.mark.parametrize(
    "encoded",
    [
        csv_of(ROWS).encode("utf-8-sig"),
        csv_of(ROWS).encode("cp1252"),
        csv_of(ROWS).encode("utf-16"),
        codecs.BOM_UTF16_BE + csv_of(ROWS, "\r\n").encode("utf-16-be"),
        csv_of(ROWS).encode("utf-16-le"),
        csv_of(ROWS).encode("utf-32"),
        csv_of(ROWS, "\r").encode(),
        csv_of(ROWS, "\r").encode("utf-16"),
        csv_of(ROWS).encode() + b"\x1a",
        csv_of(ROWS).encode() + b"\n  \n",
    ],
    ids=["bom", "cp1252", "utf-16", "utf-16-be", "no mark", "utf-32", "cr", "utf-16 cr", "ctrl-z", "blank end"],
)
def test_every_encoding_and_line_end_is_read(file, encoded):
    importing(file(encoded))
    assert changes() == EXPECTED


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(records()),
        json.dumps({"aggiornato": "2026-11-23", "farmacie": records(), "totale": 3}, indent=2, ensure_ascii=False),
        json.dumps([{name.upper(): value for name, value in record.items()} for record in records()]),
        json.dumps([{k: None if v == "-" else v for k, v in record.items()} for record in records()]),
        json.dumps([{k: int(v) if k in ("cod_farmacia", "p_iva", "cap") else v for k, v in r.items()} for r in records()]),
        json.dumps(records(), ensure_ascii=False).encode("utf-16"),
        xml_of(),
        xml_of(record="<row>{}</row>", field='<field name="{0}">{1}</field>'),
        xml_of().encode("utf-16").replace("UTF-8".encode("utf-16-le"), "UTF-16".encode("utf-16-le")),
    ],
    ids=["array", "inside an object", "upper case", "nulls", "numbers", "json utf-16", "xml", "named fields", "xml utf-16"],
)  # fmt: skip
def test_json_and_xml_of_the_same_open_data_are_read(file, content):
    importing(file(content, "register.dat"))
    assert changes() == EXPECTED


def test_records_as_attributes_are_read(file):
    body = "".join("<f " + " ".join(f'{k}="{escape(v)}"' for k, v in record.items()) + "/>" for record in records())
    importing(file(f"<farmacie>{body}</farmacie>"))
    assert changes() == EXPECTED


@pytest.mark.parametrize("content", [json.dumps(records()), json.dumps({"dati": records()}), xml_of()])
@pytest.mark.parametrize("cut", [1, 3, 40])
def test_json_and_xml_that_do_not_close_are_not_whole_and_their_rows_are_read(file, content, cut):
    assert "not well formed to its end" in importing_in_part(file(content[:-cut]))
    assert changes()[0] == EXPECTED[0]


def test_xml_fetches_nothing_and_resolves_no_entity(file, tmp_path):
    secret = file("segreto", "secret")
    document = xml_of(ROWS[:1]).replace("Via Roma 12", "&di;").replace(
        "<farmacie", f'<!DOCTYPE farmacie [<!ENTITY di SYSTEM "file://{secret}">]><farmacie'
    )  # fmt: skip
    importing(file(document))
    assert "segreto" not in Pharmacy.objects.get().address


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"cod_farmacia":"1","p_iva":"00000010215"}]', "The first row: line 1: no descrizione_farmacia, comune, data"),
        ("[]", "not the header of the register"),
        ("[1, 2", "not the header of the register"),
        ("<html><body><p>Manutenzione</p></body></html>", "not the header of the register"),
        (f"{TODAY}\n1;2;3\n", "The first row: line 2: 3 fields instead of 21"),
        ("codice_identificativo_sito;sito_logistico;partita_iva\n20001;Prova;00000010215\n",
         r"not the header of the register of parafarmacie. Missing columns: indirizzo .*, data_inizio_validita"),
        ('[{"codice_identificativo_sito":"20001"}]', "The first row: line 1: no sito_logistico, comune, data"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_the_reason_of_the_first_row(file, content, said):
    with pytest.raises(CommandError, match=said) as refused:
        importing(file(content))
    assert refused.value.returncode == 1
    assert not Pharmacy.objects.exists()


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("01/01/2010", date(2010, 1, 1)), ("1/1/2010", date(2010, 1, 1)), ("01-01-2010", date(2010, 1, 1)),
        ("01/01/10", date(2010, 1, 1)), ("31/12/98", date(1998, 12, 31)), ("01.01.2010", date(2010, 1, 1)),
        ("2010-01-01", date(2010, 1, 1)), ("2010-01-01T00:00:00", date(2010, 1, 1)),
        ("2010-01-01 00:00:00.0", date(2010, 1, 1)), ("01/01/2010 00:00", date(2010, 1, 1)),
        ("2009-12-31T23:00:00Z", date(2010, 1, 1)), ("2010-01-01T00:00:00.000+01:00", date(2010, 1, 1)),
        ("2010/01/01", date(2010, 1, 1)),
    ],
)  # fmt: skip
def test_days_are_read_as_people_and_programs_write_them(file, written, day):
    importing(file(csv_of([row(starts=written)])))
    assert Pharmacy.objects.get().valid_from == day


@pytest.mark.parametrize("written", ["31/12/9999", "9999-12-31T00:00:00", "31/12/2999", "31/12/99", "-", ""])
def test_an_end_that_says_for_ever_is_no_end(file, written):
    importing(file(csv_of([row(ends=written)])))
    assert Pharmacy.objects.get().closed_on is None


@pytest.mark.parametrize("written", ["29/02/2025", "00/00/0000", "31/11/2026", "domani", "40179", "1/1/010", "2010-1"])
def test_a_day_that_is_none_breaks_its_row(file, written):
    report, _ = importing(file(csv_of([row("1", ends=written), row("2")])))
    assert f"line 2: no readable date in data_fine_validita: '{written}'" in report
    assert Pharmacy.objects.get().code == "2"


@pytest.mark.parametrize(
    ("written", "kept", "doubts"),
    [
        ("IT00000010215", "00000010215", []), ("it 00000010215", "00000010215", []),
        ("10215", "00000010215", ["partita_iva_zeros"]), ("00000010215.0", "00000010215", []),
        ("0000001021 5", "00000010215", []), ("1,23E+10", "1,23E+10", ["partita_iva_malformed"]),
        ("RSSMRA70A01H501S", "RSSMRA70A01H501S", ["partita_iva_malformed"]),
    ],
)  # fmt: skip
def test_partite_iva_are_read_with_their_country_and_without_their_zeros(file, written, kept, doubts):
    importing(file(csv_of([row(partita_iva=written)])))
    pharmacy = Pharmacy.objects.get()
    assert (pharmacy.partita_iva, pharmacy.doubts) == (kept, doubts)


@pytest.mark.parametrize(
    ("number", "name", "kind"),
    [("-", "Stagionale", 4), ("3", "Dispensario", 3), ("7", "Farmacia centro commerciale", 1), ("2", "Succursale", 2)],
)
def test_types_are_read_by_number_or_name(file, number, name, kind):
    importing(file(csv_of([row(type=number, type_name=name)])))
    assert Pharmacy.objects.get().type == kind
