"""«Un fornitore ha perso le password»: the utenze of one supplier are found, counted, downloaded, and acted on together."""

from urllib.parse import urlencode

import pytest

from pharmacies.models import Utenza
from portal.database import paging
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from sessions.models import BulkJob, IdSessione
from tests.conftest import make_pharmacy
from tests.sessions.staff.conftest import NOW, STATUS, rows, words
from tests.sessions.staff.desk.test_bulk import ACT, act, count, work

LOST = "Gestionali & Figli"
QUERY = urlencode({"stato": "tutte", "fornitore": LOST})
WHY = "il fornitore ha perso le password"
BLOCK, RENEW = {"azione": "block", "motivo": WHY}, {"azione": "renew", "motivo": WHY}


@pytest.fixture
def supplied(three) -> list[Utenza]:
    """Two utenze of the first pharmacy, one of them of the supplier; one of the second, of the supplier; none of the third."""
    lost = [three[0].utenza, three[1].utenza]
    Utenza.objects.filter(pk__in=[utenza.pk for utenza in lost]).update(supplier=LOST)
    Utenza.objects.create(
        pharmacy=three[0].pharmacy, user_id="UVALTRA1", password=lost[0].password, pincode=lost[0].pincode, supplier="Altri",
        codice_fiscale=lost[0].codice_fiscale, codice_regione="042", codice_asl="001", codice_ssa="045120", created_at=NOW,
        password_changed_at=NOW,
    )  # fmt: skip
    return lost


def test_the_filter_names_each_supplier_with_its_number_of_utenze(page, supplied) -> None:
    html = page()
    assert "Gestionali &amp; Figli (2 utenze)" in html
    assert "Altri (1 utenza)" in html


def test_the_list_and_its_sheet_hold_the_pharmacies_of_the_supplier(page, carla_client, supplied) -> None:
    found = rows(page(QUERY))
    assert len(found) == 2
    assert "Terza" not in " ".join(found)
    sheet = b"".join(carla_client.get(f"{STATUS}scarica/elenco.csv?{QUERY}").streaming_content).decode()
    assert len(sheet.strip().splitlines()) == 3
    assert f"Fornitore del gestionale: {LOST}" in Entry.objects.get(verb="list.exported").detail["asked_for"]


def test_a_supplier_of_another_territory_is_no_choice(operator, supplied) -> None:
    client = operator("sicurezza", limited_to=["010"])
    assert "Gestionali &amp; Figli" not in client.get(STATUS).content.decode()
    assert "Nessuna utenza ha questo fornitore" in words(client.get(f"{STATUS}?{QUERY}").content.decode())
    assert client.post(f"{ACT}?{QUERY}", BLOCK).status_code == 302
    assert not BulkJob.objects.exists()


def test_the_record_of_a_pharmacy_leads_to_the_list(carla_client, supplied) -> None:
    html = carla_client.get(f"{STATUS}{supplied[0].pharmacy.code}/").content.decode()
    assert f"{STATUS}?stato=tutte&amp;fornitore=Gestionali%20%26%20Figli" in html


def test_a_block_in_bulk_spares_the_other_utenze_of_the_same_pharmacies(carla_client, supplied) -> None:
    asks = words(carla_client.get(f"{ACT}?{QUERY}").content.decode())
    assert f"Si agisce solo sulle utenze di {LOST}" in asks
    assert "Revoca gli ID" not in asks
    counted = words(act(carla_client, BLOCK, QUERY).content.decode())
    assert "Utenze bloccate 2" in counted
    act(carla_client, BLOCK, QUERY, number=2)
    work()
    assert set(Utenza.objects.exclude(blocked_at=None)) == set(supplied)
    assert BulkJob.objects.get().progress()["touched"] == 2


def test_new_secrets_in_bulk_tell_every_titolare_and_leave_the_ids(carla_client, supplied) -> None:
    before = IdSessione.objects.live(NOW).count()
    act(carla_client, RENEW, QUERY, number=2)
    work()
    waiting = Utenza.objects.exclude(secrets_wait_since=None)
    assert {utenza.user_id for utenza in waiting} == {utenza.user_id for utenza in supplied}
    assert [utenza.has_secrets for utenza in waiting] == [False, False]
    assert IdSessione.objects.live(NOW).count() == before
    letters = OutgoingMail.objects.filter(kind="notice")
    assert {letter.about for letter in letters} == {utenza.pharmacy.code for utenza in supplied}
    assert (
        "ha fatto togliere password e pincode alle utenze di 2 farmacie"
        in Entry.objects.get(verb="bulk.renew").sentence
    )
    assert "utenze con una password" in words(act(carla_client, RENEW, QUERY).content.decode())
    job = carla_client.get(f"{STATUS}lavori/{BulkJob.objects.get().pk}/").content.decode()
    assert "Utenze con nuove credenziali: 2" in words(job).replace(" :", ":")


def test_the_ids_of_one_supplier_alone_are_not_revoked_in_bulk(carla_client, supplied) -> None:
    carla_client.post(f"{ACT}?{QUERY}", {**count(carla_client, BLOCK, QUERY), "azione": "revoke", "conferma": "2"})
    assert not BulkJob.objects.exists()


def test_the_confirmation_is_for_the_supplier_that_was_counted(carla_client, supplied) -> None:
    fields = {**count(carla_client, BLOCK, QUERY), "conferma": "1"}
    other = urlencode({"stato": "tutte", "fornitore": "Altri"})
    assert "sono cambiate" in words(carla_client.post(f"{ACT}?{other}", fields).content.decode())
    assert not BulkJob.objects.exists()


def test_only_sicurezza_acts(operator, supplied) -> None:
    make_pharmacy("77", "Altra")
    assert operator("anagrafica").post(f"{ACT}?{QUERY}", BLOCK).status_code == 403


def test_the_utenze_of_the_supplier_are_a_sheet_without_secrets(operator, supplied) -> None:
    client = operator("sicurezza")
    Utenza.objects.filter(pk=supplied[0].pk).update(user_id="RSSNNA80A41H501L", secrets_wait_since=NOW)
    Utenza.objects.filter(pk=supplied[1].pk).update(password="imported${SSHA}abc", blocked_at=NOW)
    text = b"".join(client.get(f"{STATUS}scarica/utenze.csv?{QUERY}").streaming_content).decode()
    head, first, second = text.strip().splitlines()
    assert head.endswith("Stato;Credenziali;Password cambiata il (ora italiana)")
    assert "RSS•••••••••501L;Gestionali & Figli;abilitata;da ritirare" in first
    assert "bloccata;del sistema precedente, mai usate qui" in second
    assert not [secret for secret in (supplied[0].password, "imported$", "UVALTRA1") if secret in text]
    book = client.get(f"{STATUS}scarica/utenze.xlsx?{QUERY}")
    assert b"".join(book.streaming_content).startswith(b"PK")
    assert client.get(f"{STATUS}scarica/utenze.pdf?{QUERY}").status_code == 404
    assert (
        Entry.objects.filter(verb="list.utenze")
        .first()
        .sentence.startswith("ha scaricato l’elenco delle utenze di 2 farm")
    )
    assert operator("lettura").get(f"{STATUS}scarica/utenze.csv").status_code == 403


def test_the_sheet_of_utenze_stays_in_the_operators_territory(operator, supplied) -> None:
    rows_of_none = operator("sicurezza", limited_to=["010"]).get(f"{STATUS}scarica/utenze.csv?stato=tutte")
    assert len(b"".join(rows_of_none.streaming_content).decode().strip().splitlines()) == 1


def test_a_sheet_of_utenze_read_in_pages_holds_each_once(carla_client, supplied, monkeypatch) -> None:
    """Pharmacies of one name, and more utenze of one pharmacy than a page holds."""
    one, other = supplied[0], supplied[1]
    type(one.pharmacy).objects.filter(pk=other.pharmacy_id).update(name=one.pharmacy.name)
    for number in range(3):
        Utenza.objects.create(
            pharmacy=one.pharmacy, user_id=f"UVPIU{number}", codice_fiscale=one.codice_fiscale, codice_regione="042",
            codice_asl="001", codice_ssa="045120", created_at=NOW, password_changed_at=NOW,
        )  # fmt: skip
    whole = b"".join(carla_client.get(f"{STATUS}scarica/utenze.csv?stato=tutte").streaming_content)
    monkeypatch.setattr(paging, "AT_ONCE", 2)
    assert b"".join(carla_client.get(f"{STATUS}scarica/utenze.csv?stato=tutte").streaming_content) == whole
    assert len(whole.decode().strip().splitlines()) == 1 + Utenza.objects.count()
