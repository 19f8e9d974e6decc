"""«Ricette di ieri senza ID valido»: the pharmacies that the gate would have stopped, with a sheet and a letter to them."""

import csv
from datetime import date, timedelta
from io import StringIO

import pytest

from pharmacies.models import MailCertification, Pharmacy
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from sessions.models import BulkItem, BulkJob, Context, GraceCalls
from sessions.staff.desk import bulk
from tests.conftest import make_pharmacy
from tests.pharmacies.letters import text_of
from tests.sessions.staff.conftest import NOW, certification_of, rows, utenza_of, words

PAGE, WARN = "/operatori/senza-id/", "/operatori/senza-id/avvisa/"
YESTERDAY = date(2026, 11, 22)


@pytest.fixture
def dem(db) -> Context:
    Context.objects.filter(contesto="RICETTA-DEM", applicazione="EROGATORE").update(
        mandatory_from=NOW + timedelta(days=9)
    )
    return Context.objects.usual()


def called(pharmacy: Pharmacy, context: Context, calls: int, day: date = YESTERDAY) -> None:
    GraceCalls.objects.create(utenza=utenza_of(pharmacy), context=context, day=day, calls=calls)


@pytest.fixture
def sites(dem) -> dict[str, Pharmacy]:
    """Two with a certified address in two regions, one without; one whose calls are older, one closed."""
    found = {
        "few": make_pharmacy("1", "Poche"),
        "many": make_pharmacy("2", "Molte", region="PIEMONTE", region_code="010", province="TO", comune="TORINO"),
        "unreached": make_pharmacy("3", "Nessuno"),
        "before": make_pharmacy("4", "Prima"),
        "closed": make_pharmacy("5", "Chiusa", closed_on=YESTERDAY),
    }
    for name in ("few", "many", "before", "closed"):
        certification_of(found[name], f"idsessione@farmacia{found[name].code}.it")
    called(found["few"], dem, 3)
    called(found["many"], dem, 1200)
    called(found["unreached"], dem, 5)
    called(found["before"], dem, 9, YESTERDAY - timedelta(days=1))
    called(found["closed"], dem, 9)
    return found


def shown(client, query: str = "") -> list[str]:
    return [row.split()[1] for row in rows(client.get(f"{PAGE}?{query}").content.decode())]


def test_the_list_has_those_of_yesterday_and_the_most_calls_first(carla_client, sites) -> None:
    page = words(carla_client.get(PAGE).content.decode())
    assert "3 farmacie, domenica 22 novembre 2026, da quella con più ricette." in page
    assert "obbligatorio dalle 14:32 di mercoledì 2 dicembre 2026" in page
    assert shown(carla_client) == ["Molte", "Nessuno", "Poche"]
    assert "1.200" in page


def test_the_filters_are_place_and_context(carla_client, sites, dem) -> None:
    assert shown(carla_client, "regione=010") == ["Molte"]
    white = Context.objects.get(contesto="RICETTA-BIANCA")
    called(sites["before"], white, 1)
    assert shown(carla_client, f"contesto={white.pk}") == ["Prima"]
    assert shown(carla_client, f"contesto={dem.pk}") == ["Molte", "Nessuno", "Poche"]
    assert shown(carla_client, "contesto=999999") == ["Molte", "Nessuno", "Poche", "Prima"]


def test_the_calls_of_an_address_of_many_certifications_count_once(carla_client, sites) -> None:
    row = certification_of(sites["few"], "")
    MailCertification.objects.filter(pk=row.pk).update(revoked_at=NOW)
    MailCertification.objects.create(
        pharmacy=sites["few"], address="b@x.it", address_key="b@x.it", requested_by=row.requested_by, requested_at=NOW,
        certified_at=NOW, certified_by=row.certified_by,
    )  # fmt: skip
    assert "Poche 1 3 " in f"{rows(carla_client.get(PAGE).content.decode())[-1].replace('Farmacia ', '')} "


def test_the_sheet_has_the_same_rows_and_is_journalled(carla_client, sites) -> None:
    answer = carla_client.get(f"{PAGE}elenco.csv?regione=010")
    head, *lines = csv.reader(StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")), delimiter=";")
    assert head[-2:] == ["Richieste di ieri senza ID valido", "Indirizzo certificato raggiungibile"]
    assert [(line[0], *line[-3:]) for line in lines] == [("2", "001", "1200", "sì")]
    assert Entry.objects.get().verb == "list.exported"
    assert carla_client.get(f"{PAGE}elenco.pdf").status_code == 404


def confirm(client, query: str = "", number: str | None = None):
    question = client.get(f"{WARN}?{query}")
    typed = number or str(question.context["letters"])
    return client.post(f"{WARN}?{query}", {"conferma": typed, "contate": question.context["counted"]})


def test_the_letter_is_counted_confirmed_and_goes_to_certified_addresses(carla_client, sites, now) -> None:
    page = words(carla_client.get(WARN).content.decode())
    assert "E-mail 2 (un’altra farmacia non ha un indirizzo raggiungibile)" in page
    assert not BulkJob.objects.exists()
    wrong = words(confirm(carla_client, number="3").content.decode())
    assert "Le farmacie sono 2: scrivi questo numero" in wrong
    answer = confirm(carla_client)
    job = BulkJob.objects.get()
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"/lavori/{job.pk}/")
    assert (job.act, job.total) == (BulkJob.Act.WARN, 2)
    while bulk.advance(NOW):
        pass
    letters = {letter.about: text_of(letter) for letter in OutgoingMail.objects.all()}
    assert sorted(letters) == ["1", "2"]
    assert "ha inviato 1.200 richieste di" in letters["2"]
    assert "Dalle 14:32 di mercoledì 2 dicembre 2026 saranno rifiutate con l’errore 9101" in letters["2"]
    assert {entry.verb for entry in Entry.objects.all()} == {"bulk.warn", "letter.mandatory_soon"}
    assert "Farmacie avvisate" in words(carla_client.get(answer["Location"]).content.decode())


def test_a_list_that_changed_meanwhile_is_asked_again(carla_client, sites, dem) -> None:
    question = carla_client.get(WARN)
    certification_of(sites["unreached"], "nessuno@farmacia3.it")
    answer = carla_client.post(WARN, {"conferma": "3", "contate": question.context["counted"]})
    assert "Nel frattempo le farmacie sono cambiate" in words(answer.content.decode())
    assert not BulkJob.objects.exists()


def test_after_the_date_nobody_is_warned_and_a_job_under_way_writes_nothing(carla_client, sites, dem) -> None:
    confirm(carla_client)
    Context.objects.filter(pk=dem.pk).update(mandatory_from=NOW)
    while bulk.advance(NOW):
        pass
    assert not OutgoingMail.objects.exists()
    assert BulkItem.objects.filter(done_at__isnull=False, touched=0).count() == 2
    assert "Non c’è nessuna farmacia da avvisare" in words(carla_client.get(WARN).content.decode())
