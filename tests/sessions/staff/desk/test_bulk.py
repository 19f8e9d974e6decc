"""One act on every pharmacy that the filters match: counted first, done in batches, continued after a crash."""

import re
from datetime import datetime, timedelta

import pytest

from pharmacies.models import Utenza
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from sessions.models import BulkItem, BulkJob, IdSessione
from sessions.staff.desk import bulk
from tests.conftest import make_pharmacy
from tests.sessions.staff.conftest import NOW, STATUS, utenza_of, words

HOUR = timedelta(hours=1)
ACT = f"{STATUS}agisci/"
WHY = "Password di un fornitore rubate"
REVOKE, BLOCK = {"azione": "revoke", "motivo": WHY}, {"azione": "block", "motivo": WHY}


def count(client, what: dict, query: str = "") -> dict:
    """The hidden fields that the counting page submits with its confirmation."""
    page = client.post(f"{ACT}?{query}", what)
    found = re.search(r'name="contate" value="(\w+)"', page.content.decode()) if page.status_code == 200 else None
    return {**what, "contate": found[1]} if found else what


def act(client, what: dict, query: str = "", number: int | None = None):
    if number is None:
        return client.post(f"{ACT}?{query}", what)
    return client.post(f"{ACT}?{query}", {**count(client, what, query), "conferma": str(number)})


def work(now: datetime = NOW) -> None:
    while bulk.advance(now):
        pass


def persevere() -> None:
    """Runs rounds until the failing steps are out of attempts."""
    for minutes in range(10):
        work(NOW + timedelta(minutes=minutes))


def test_the_dry_run_counts_and_changes_nothing(carla_client, three, give_id):
    give_id(left=-HOUR, name="Scaduta")
    three[0].certification.undeliverable_at = NOW
    three[0].certification.save()

    html = words(act(carla_client, REVOKE).content.decode())

    assert "Farmacie 3 delle 4 trovate (Stato: Con un ID oggi)" in html
    assert "ID SESSIONE revocati 3" in html
    assert "tutte, meno 1 senza un indirizzo raggiungibile" in html
    assert "Scrivi 3 per confermare" in html
    assert not BulkJob.objects.exists()
    assert IdSessione.objects.live(NOW).count() == 3


def test_every_id_of_the_pharmacies_found_is_revoked_told_and_written_down(carla_client, three, give_id, carla):
    other = give_id(make_pharmacy("77", "Altrove", province="BZ", region_code="041"))

    answer = act(carla_client, REVOKE, "provincia=TN", number=3)
    work()

    assert [row.pk for row in IdSessione.objects.live(NOW)] == [other.pk]
    lines = Entry.objects.filter(verb="id.revoked")
    assert sorted(line.about for line in lines) == sorted(row.pharmacy.code for row in three)
    assert {(line.actor, line.detail["because"]) for line in lines} == {(carla, WHY)}
    notices = OutgoingMail.objects.filter(kind="notice")
    assert sorted(letter.about for letter in notices) == sorted(row.pharmacy.code for row in three)
    html = words(carla_client.get(answer["Location"]).content.decode())
    assert "Finito" in html
    assert "Farmacie trattate: 3 su 3" in html
    assert "ID SESSIONE revocati: 3" in html


def test_every_utenza_of_the_pharmacies_found_is_blocked_even_without_an_id(carla_client, three, carla):
    utenza_of(make_pharmacy("1", "Senza"))

    act(carla_client, BLOCK, "stato=tutte", number=4)
    work()

    assert set(Utenza.objects.values_list("blocked_by", "blocked_because")) == {(carla.pk, WHY)}
    assert not IdSessione.objects.live(NOW).exists()
    assert Entry.objects.filter(verb="utenza.blocked").count() == 4
    assert Entry.objects.get(verb="bulk.block").detail["pharmacies"] == 4


@pytest.mark.parametrize("typed", ["", "2", "tre", "33"])
def test_without_the_right_number_nothing_begins(carla_client, three, typed):
    html = act(carla_client, REVOKE, number=typed).content.decode()

    assert "Le farmacie sono 3: scrivi questo numero" in html
    assert not BulkJob.objects.exists()


def test_a_pharmacy_more_since_the_dry_run_asks_for_the_number_again(carla_client, three, give_id):
    counted = count(carla_client, REVOKE)
    give_id(name="Quarta")
    answer = carla_client.post(ACT, {**counted, "conferma": "3"})

    assert "Le farmacie sono 4: scrivi questo numero" in answer.content.decode()


def test_without_a_reason_or_an_act_nothing_is_counted(carla_client, three):
    html = act(carla_client, {"azione": "", "motivo": " "}, number=3).content.decode()

    assert "Scegli che cosa fare" in html
    assert "Scrivi il motivo" in html
    assert not BulkJob.objects.exists()


@pytest.mark.parametrize("query", ["regione=999", "stato=boh", "chiave=boh", "cerca=%01", "asl=x"])
def test_a_filter_that_makes_no_sense_never_widens_the_act(carla_client, three, query):
    answer = act(carla_client, REVOKE, query, number=3)

    assert (answer.status_code, answer["Location"]) == (302, f"{STATUS}?{query}")
    assert not BulkJob.objects.exists()


def test_nothing_to_revoke_is_said(carla_client, give_id):
    give_id(left=-HOUR)

    assert "ha ID SESSIONE validi da revocare" in act(carla_client, REVOKE).content.decode()


@pytest.mark.parametrize("role", ["lettura", "assistenza", "amministrazione"])
def test_only_sicurezza_may_act_or_stop(operator, carla_client, three, role):
    client = operator(role)
    page = act(carla_client, REVOKE, number=3)["Location"]

    assert client.post(ACT, {**REVOKE, "conferma": "3"}).status_code == 403
    assert client.get(page).status_code == 403
    assert client.post(f"{page}ferma/").status_code == 403
    assert "agisci" not in client.get(STATUS).content.decode()


def test_an_operator_of_one_region_acts_there_only(operator, three, give_id):
    other = give_id(make_pharmacy("77", "Altrove", region_code="041"))
    client = operator("sicurezza", limited_to=["042"])

    act(client, REVOKE, number=3)
    work()

    assert [row.pk for row in IdSessione.objects.live(NOW)] == [other.pk]


def test_what_matched_is_decided_when_it_begins(carla_client, three, give_id):
    act(carla_client, REVOKE, number=3)
    late = give_id(name="Arrivata dopo")
    work()

    assert [row.pk for row in IdSessione.objects.live(NOW)] == [late.pk]


def test_stopping_leaves_the_rest_as_it_is(carla_client, three, monkeypatch):
    monkeypatch.setattr(bulk, "ACTS_A_BATCH", 1)
    page = act(carla_client, REVOKE, number=3)["Location"]
    bulk.advance(NOW)

    carla_client.post(f"{page}ferma/")
    work()

    assert IdSessione.objects.live(NOW).count() == 2
    assert "Fermato" in words(carla_client.get(page).content.decode())
    assert "Era già finito" in carla_client.post(f"{page}ferma/", follow=True).content.decode()


def test_a_worker_that_dies_in_a_batch_leaves_nothing_half_done_and_another_goes_on(carla_client, three, monkeypatch):
    act(carla_client, REVOKE, number=3)
    real, calls = bulk.ACTS[BulkJob.Act.REVOKE], []

    def killed_at_the_second(pharmacy, job, now):
        calls.append(pharmacy)
        if len(calls) == 2:
            raise SystemExit
        return real(pharmacy, job, now)

    monkeypatch.setitem(bulk.ACTS, BulkJob.Act.REVOKE, killed_at_the_second)
    with pytest.raises(SystemExit):
        bulk.advance(NOW)
    assert IdSessione.objects.live(NOW).count() == 3
    assert Entry.objects.filter(verb="id.revoked").count() == 0

    work()

    assert IdSessione.objects.live(NOW).count() == 0
    assert Entry.objects.filter(verb="id.revoked").count() == 3
    assert BulkJob.objects.get().finished_at == NOW


def test_a_pharmacy_where_it_goes_wrong_does_not_stop_the_others_and_is_named(carla_client, three, monkeypatch):
    page = act(carla_client, REVOKE, number=3)["Location"]
    real = bulk.ACTS[BulkJob.Act.REVOKE]

    def fails_at_seconda(pharmacy, job, now):
        done = real(pharmacy, job, now)
        if pharmacy.name == "Seconda":
            raise RuntimeError
        return done

    monkeypatch.setitem(bulk.ACTS, BulkJob.Act.REVOKE, fails_at_seconda)
    work()
    assert "In 1 farmacia qualcosa non è riuscito: riproviamo da soli" in words(carla_client.get(page).content.decode())
    persevere()

    assert [row.pharmacy.name for row in IdSessione.objects.live(NOW)] == ["Seconda"]
    html = words(carla_client.get(page).content.decode())
    assert (
        "In 1 farmacia qualcosa non è riuscito, e lì non è cambiato nulla: agisci dalla loro pagina. Farmacia Seconda"
        in html
    )


def test_doing_a_pharmacy_twice_changes_nothing(carla_client, three):
    act(carla_client, REVOKE, number=3)
    work()
    BulkItem.objects.update(done_at=None)
    BulkJob.objects.update(finished_at=None)
    work()

    assert Entry.objects.filter(verb="id.revoked").count() == 3
    assert OutgoingMail.objects.filter(kind="notice").count() == 3


def test_two_jobs_are_done_one_after_the_other(carla_client, three, monkeypatch):
    monkeypatch.setattr(bulk, "ACTS_A_BATCH", 2)
    act(carla_client, REVOKE, number=3)
    act(carla_client, BLOCK, number=3)
    work()

    assert BulkJob.objects.filter(finished_at=NOW).count() == 2


def test_the_progress_is_304_when_nothing_moved(carla_client, three):
    page = act(carla_client, REVOKE, number=3)["Location"]
    first = carla_client.get(page, headers={"X-Frammento": "1"})

    again = carla_client.get(page, headers={"X-Frammento": "1", "If-None-Match": first["ETag"]})
    work()
    moved = carla_client.get(page, headers={"X-Frammento": "1", "If-None-Match": first["ETag"]})

    assert (first.status_code, again.status_code, moved.status_code) == (200, 304, 200)


def test_the_jobs_of_the_last_days_are_listed(carla_client, three):
    act(carla_client, REVOKE, number=3)

    html = words(carla_client.get(f"{STATUS}lavori/").content.decode())

    assert "Revoca degli ID SESSIONE Stato: Con un ID oggi oggi 14:32 Carla Neri 3 In corso" in html
