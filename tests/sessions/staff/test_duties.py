"""«Turni»: an operator uploads the duties of an ASL for the own territory."""

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from pharmacies.models import Pharmacy
from portal.journal.models import Entry
from sessions.models import DayDuty, NightDuty
from sessions.staff.duties import LARGEST, refused_duty
from tests.sessions.hours.test_reminder_rule import rome

HEAD = "cod_farmacia;turno;dal;al;dalle;alle\n"
CHRISTMAS = "4512;giorno;25/12/2026;;8:30;19:30\n"
NIGHT = "4512;notte;24/12/2026;26/12/2026;20;8:30\n"
ELSEWHERE = "1877;giorno;25/12/2026;;8:30;19:30\n"


@pytest.fixture
def desk(operator, san_marco, al_redentore):
    """The browser of an operator of one region; Bruno's pharmacy is in another one."""
    Pharmacy.objects.filter(pk=san_marco.pk).update(region_code="042")
    Pharmacy.objects.filter(pk=al_redentore.pk).update(region_code="050")
    with time_machine.travel(rome("2026-12-24 17:30"), tick=False):
        yield operator("anagrafica", limited_to=["042"])


def upload(desk, *rows: str, do: str = "scrivi", head: str = HEAD):
    file = SimpleUploadedFile("turni.csv", (head + "".join(rows)).encode(), content_type="text/csv")
    answer = desk.post(reverse("staff:duties"), {"elenco": file, "fai": do})
    return answer, " ".join(answer.content.decode().split())


def test_the_duties_of_the_territory_are_written_and_the_others_refused_by_name(desk):
    answer, page = upload(desk, CHRISTMAS, NIGHT, ELSEWHERE)
    assert answer.status_code == 200
    assert "4 turni scritti" in page
    assert "1 riga rifiutata" in page
    assert "1877" in page
    assert "Nessuna farmacia del tuo territorio ha questo codice." in page
    assert (DayDuty.objects.count(), NightDuty.objects.count()) == (1, 3)
    line = Entry.objects.get(verb="hours.file_read")
    assert "turni.csv" in line.sentence
    assert "4 turni scritti" in line.sentence


def test_a_check_counts_and_writes_nothing(desk):
    _, page = upload(desk, CHRISTMAS, NIGHT, do="controlla")
    assert "Controllato: 4 turni da scrivere" in page
    assert not DayDuty.objects.exists()
    assert not Entry.objects.exists()


def test_the_same_file_twice_changes_nothing(desk):
    upload(desk, CHRISTMAS)
    _, page = upload(desk, CHRISTMAS)
    assert "0 turni scritti" in page
    assert "1 riga già nota." in page


@pytest.mark.parametrize(
    ("head", "rows", "sentence"),
    [
        (HEAD, [], "Il file non ha righe di turni"),
        ("nome;cognome\n", ["a;b\n"], "La prima riga deve avere i nomi delle colonne"),
        (HEAD, [ELSEWHERE], "Nessuna riga si può prendere. La prima, della farmacia 1877: nessuna farmacia del tuo"),
        (HEAD, ["4512;mattina;25/12/2026;;;\n"], "la colonna turno può contenere giorno o notte"),
        ("", ["PK\x03\x04\x14\x00\x06\x00"], "La prima riga deve avere i nomi delle colonne"),
        (HEAD, ["x" * LARGEST], "Il file supera"),
    ],
)
def test_a_file_that_is_none_is_refused_with_a_sentence(desk, head, rows, sentence):
    _, page = upload(desk, *rows, head=head)
    assert 'class="error-summary"' in page
    assert sentence in page
    assert not DayDuty.objects.exists()


def test_without_a_file_the_page_asks_for_one(desk):
    answer = desk.post(reverse("staff:duties"), {})
    assert "Scegli il file dei turni" in answer.content.decode()


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("4512;giorno;25/13/2026;;;", "dal e al sono giorni scritti così: 25/12/2026"),
        ("4512;giorno;25/12/2026;24/12/2026;;", "al viene prima di dal, o più di"),
        ("4512;giorno;25/12/2028;;;", "il turno è più lontano di un anno"),
        ("4512;giorno;25/12/2026;;ore;", "dalle e alle sono ore"),
        (";giorno;25/12/2026;;;", "manca il codice della farmacia"),
        ("4512;giorno;25/12/2026", "le colonne sono 3 invece di 6"),
        (CHRISTMAS.strip(), "lo stesso turno è già alla riga 2"),
        ('4512;"giorno;25/12/2026;;;', "la riga non si può leggere"),
    ],
)
def test_each_reason_is_said_in_the_words_of_the_page(desk, row, why):
    _, page = upload(desk, CHRISTMAS, row + "\n")
    assert why.lower() in page.lower()


def test_the_last_row_of_a_file_that_stops_is_not_taken(desk):
    _, page = upload(desk, CHRISTMAS, NIGHT.strip())
    assert "Il file si interrompe in questa riga" in page
    assert not NightDuty.objects.exists()


def test_the_refused_rows_stand_in_the_order_of_the_file(desk):
    _, page = upload(desk, CHRISTMAS, ELSEWHERE, "4512;mattina;25/12/2026;;;\n")
    assert page.index("Nessuna farmacia del tuo territorio") < page.index("La colonna turno può contenere")


def test_an_unknown_reason_keeps_its_words():
    assert refused_duty(7, "(4512) something new").why == "something new"
