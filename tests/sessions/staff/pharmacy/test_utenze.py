"""The staff block and unblock an utenza; automatic blocks are visible at once."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from sessions.models import IdSessione, State
from tests.conftest import make_pharmacy
from tests.sessions.staff.conftest import NOW, STATUS, words

WHY = "telefonata del titolare, password rubata"


def url(name: str, utenza, code: str | None = None) -> str:
    return reverse(f"staff:{name}", args=[code or utenza.pharmacy.code, utenza.pk])


def text(response) -> str:
    return words(response.content.decode())


@pytest.fixture
def row(give_id, san_marco) -> IdSessione:
    return give_id(san_marco)


@pytest.fixture
def account(row):
    return row.utenza


def test_the_record_offers_to_block_and_says_what_will_stop(carla_client, account) -> None:
    assert url("block", account) in carla_client.get(f"{STATUS}4512/").content.decode()
    assert "Il suo ID SESSIONE valido viene revocato" in text(carla_client.get(url("block", account)))
    account.refresh_from_db()
    assert account.blocked_at is None


def test_blocking_revokes_the_ids_for_good_and_tells_the_pharmacy_why(carla_client, account, row) -> None:
    assert "bloccata" in text(carla_client.post(url("block", account), {"motivo": WHY}, follow=True))
    account.refresh_from_db()
    assert (account.blocked_at, account.blocked_because) == (NOW, WHY)
    letter = OutgoingMail.objects.get(kind="notice")
    assert letter.subject == "Utenza del gestionale bloccata – Farmacia San Marco"
    assert Entry.objects.get().sentence.endswith(f"(ID SESSIONE revocati: 1). Motivo: {WHY}")
    carla_client.post(url("unblock", account), {"motivo": "password cambiata"})
    account.refresh_from_db()
    assert account.is_usable
    assert IdSessione.objects.with_facts().get(pk=row.pk).state(NOW) is State.REVOCATO


@pytest.mark.parametrize("name", ["block", "unblock"])
@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_without_a_good_reason_nothing_happens(carla_client, account, name, reason) -> None:
    if name == "unblock":
        account.block(None, "", NOW)
    page = carla_client.post(url(name, account), {"motivo": reason})
    assert "<title>Errore: " in page.content.decode()
    assert not Entry.objects.exists()


def test_what_is_done_is_not_done_again(carla_client, account) -> None:
    for _ in range(2):
        carla_client.post(url("block", account), {"motivo": WHY})
    assert Entry.objects.filter(verb="utenza.blocked").count() == 1
    for _ in range(2):
        answer = carla_client.post(url("unblock", account), {"motivo": WHY}, follow=True)
    assert "non è bloccata" in text(answer)
    assert Entry.objects.filter(verb="utenza.unblocked").count() == 1


def test_an_anomaly_is_followed_first_and_its_reason_is_told(carla_client, account) -> None:
    account.set_password("rubata da qualcuno", NOW - timedelta(days=3))
    account.save()
    account.block(None, "ID SESSIONE chiesti da 9 indirizzi", NOW - timedelta(minutes=5))
    page = text(carla_client.get(STATUS))
    assert f"Utenza {account.user_id} bloccata per un’anomalia, oggi 14:27" in page
    record = text(carla_client.get(f"{STATUS}4512/"))
    assert "Dal portale, per un’anomalia: ID SESSIONE chiesti da 9 indirizzi." in record
    assert "chiedi al titolare di cambiarla" in text(carla_client.get(url("unblock", account)))


def test_what_the_staff_blocked_is_no_anomaly(carla_client, account) -> None:
    carla_client.post(url("block", account), {"motivo": WHY})
    assert "per un’anomalia," not in text(carla_client.get(STATUS))
    assert f"Da Carla Neri: {WHY}." in text(carla_client.get(f"{STATUS}4512/"))


def test_the_utenza_of_another_pharmacy_is_not_there(carla_client, account) -> None:
    make_pharmacy("77", "Altra")
    assert carla_client.post(url("block", account, "77"), {"motivo": WHY}).status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", ["block", "unblock"])
def test_only_staff_with_the_second_factor(dario_client, anna_client, carla, account, name, method) -> None:
    half_way = Client()
    half_way.force_login(carla, backend="portal.identity.backends.StaffBackend")
    for client in (dario_client, anna_client, half_way):
        assert getattr(client, method)(url(name, account), {"motivo": WHY}).status_code == 403
    assert getattr(Client(), method)(url(name, account)).status_code == 302
    assert not Entry.objects.exists()


def test_an_account_that_is_a_codice_fiscale_is_masked_wherever_the_staff_read_it(carla_client, account) -> None:
    account.user_id = "RSSNNA80A41H501L"
    account.save()
    pages = [
        carla_client.get(url("block", account)),
        carla_client.post(url("block", account), {"motivo": WHY}, follow=True),
    ]
    pages += [carla_client.get(url("unblock", account)), carla_client.get("/operatori/registro/")]
    pages += [carla_client.get(f"{STATUS}4512/attivita/"), carla_client.get(STATUS)]
    assert "RSS•••••••••501L" in text(pages[0])
    assert all(account.user_id not in page.content.decode() for page in pages)
    sheet = b"".join(carla_client.get("/operatori/registro/csv/").streaming_content).decode()
    assert "RSS•••••••••501L" in sheet
    assert account.user_id not in sheet
