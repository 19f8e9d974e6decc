"""The staff's acts on one pharmacy: a preview, a reason, a line in the journal, a letter to the pharmacy."""

from datetime import timedelta

import pytest
from django.urls import reverse

from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from sessions.models import IdSessione, State
from tests.pharmacies.letters import text_of
from tests.sessions.staff.conftest import NOW, STATUS, certification_of, words

WHY = "telefonata del titolare: casella violata"
HOUR = timedelta(hours=1)
PAGE = f"{STATUS}4512/"


@pytest.fixture
def row(give_id, san_marco) -> IdSessione:
    return give_id(san_marco)


def url(name: str, *args: object) -> str:
    return reverse(f"staff:{name}", args=["4512", *args])


def text(response) -> str:
    return words(response.content.decode())


def state_of(row: IdSessione) -> State:
    return IdSessione.objects.with_facts().get(pk=row.pk).state(NOW)


# --- revoke one id


def test_an_id_is_revoked_with_a_reason_that_the_pharmacy_reads(operator, row):
    desk = operator("sicurezza")
    assert "Vuoi revocare l’ID …4hwd?" in text(desk.get(url("revoke_id", row.pk)))
    assert state_of(row) is State.VALIDATO
    assert "ID …4hwd revocato" in text(desk.post(url("revoke_id", row.pk), {"motivo": f"{WHY}."}, follow=True))
    assert state_of(row) is State.REVOCATO
    assert Entry.objects.get().sentence == f"ha revocato l’ID SESSIONE …4hwd. Motivo: {WHY}"
    letter = OutgoingMail.objects.get(kind="notice")
    assert letter.subject == "ID SESSIONE ricetta SSN revocato – Farmacia San Marco"
    assert f"Motivo: {WHY}." in text_of(letter)


def test_what_is_no_longer_valid_is_not_revoked(operator, give_id, san_marco):
    row = give_id(san_marco, -HOUR)
    assert "non c’è nulla da revocare" in text(
        operator("sicurezza").post(url("revoke_id", row.pk), {"motivo": WHY}, follow=True)
    )
    assert not Entry.objects.exclude(verb="staff.looked").exists()


def test_the_id_of_another_pharmacy_is_not_there(operator, give_id, san_marco, al_redentore):
    row = give_id(al_redentore)
    assert operator("sicurezza").post(url("revoke_id", row.pk), {"motivo": WHY}).status_code == 404
    assert state_of(row) is State.VALIDATO


# --- revoke all


def test_every_live_id_is_revoked_each_with_its_line_and_one_letter_tells_it(operator, give_id, san_marco):
    give_id(san_marco, -HOUR, last4="cccc")
    validato = give_id(san_marco, last4="aaaa")
    attivo = give_id(san_marco, last4="bbbb", first_used_at=NOW - HOUR)
    desk = operator("sicurezza")
    assert "tutti i 2 ID validi" in text(desk.get(url("revoke_all")))
    assert "ID SESSIONE revocati: 2" in text(desk.post(url("revoke_all"), {"motivo": WHY}, follow=True))
    assert {state_of(validato), state_of(attivo)} == {State.REVOCATO}
    lines = Entry.objects.filter(verb="id.revoked", about="4512")
    assert sorted((line.detail["last4"], line.detail["because"]) for line in lines) == [("aaaa", WHY), ("bbbb", WHY)]
    letter = OutgoingMail.objects.get(kind="notice")
    assert letter.subject == "2 ID SESSIONE revocati – Farmacia San Marco"
    assert "aaaa" in text_of(letter)
    assert "bbbb" in text_of(letter)
    assert "cccc" not in text_of(letter)


def test_without_live_ids_there_is_nothing_to_revoke(operator, san_marco):
    assert "non ha ID SESSIONE validi" in text(operator("sicurezza").get(url("revoke_all"), follow=True))


# --- the address


def test_the_address_is_revoked_and_its_ids_with_it(operator, row):
    desk = operator("sicurezza")
    assert "id•••@farmacia4512.it" in text(desk.get(url("revoke_address")))
    assert "revocato" in text(desk.post(url("revoke_address"), {"motivo": WHY}, follow=True))
    row.certification.refresh_from_db()
    assert row.certification.revoked_at == NOW
    assert state_of(row) is State.REVOCATO
    line = Entry.objects.get(verb="certification.revoked")
    assert line.sentence == f"ha revocato l’indirizzo certificato id•••@farmacia4512.it. Motivo: {WHY}"
    assert f"Motivo: {WHY}." in text_of(OutgoingMail.objects.get(kind="revoked"))


def test_an_address_works_again_and_the_mailbox_is_tried_at_once(operator, row):
    row.certification.mark_undeliverable("casella piena", NOW, NOW)
    desk = operator("assistenza")
    assert url("reachable") in desk.get(PAGE).content.decode()
    assert "di nuovo raggiungibile" in text(desk.post(url("reachable"), {"motivo": "svuotata"}, follow=True))
    row.certification.refresh_from_db()
    assert row.certification.undeliverable_at is None
    assert OutgoingMail.objects.get(kind="notice").recipient == row.certification.address
    assert Entry.objects.get(verb="certification.reachable_again").actor_name == "oriana-assistenza"


def test_where_there_is_nothing_to_do_it_is_said(operator, san_marco):
    desk = operator("assistenza", "sicurezza")
    said = text(desk.post(url("revoke_address"), {"motivo": WHY}, follow=True))
    assert "La farmacia non ha un indirizzo certificato" in said
    certification_of(san_marco, "a@farmacia.it")
    assert "non è segnato come non raggiungibile" in text(desk.post(url("reachable"), {"motivo": WHY}, follow=True))
    assert not Entry.objects.exclude(verb="staff.looked").exists()


@pytest.mark.parametrize("name", ["revoke_id", "revoke_all", "revoke_address", "reachable"])
@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_without_a_good_reason_nothing_happens(carla_client, row, name, reason):
    row.certification.mark_undeliverable("casella piena", NOW, NOW)
    before = Entry.objects.count()
    answer = carla_client.post(url(name, *([row.pk] if name == "revoke_id" else [])), {"motivo": reason})
    assert "<title>Errore: " in answer.content.decode()
    assert Entry.objects.count() == before
    assert state_of(row) is State.VALIDATO


# --- visible buttons


BUTTONS = {
    "assistenza": {"resend", "reachable", "note", "unblock"},
    "sicurezza": {"revoke_id", "revoke_all", "revoke_address", "block"},
    "lettura": set(),
    "amministrazione": set(),
}


@pytest.mark.parametrize("role", BUTTONS)
def test_the_page_offers_what_the_role_may_do_and_nothing_else(operator, give_id, san_marco, role):
    row = give_id(san_marco)
    row.certification.undeliverable_at = NOW
    row.certification.save()
    blocked = row.utenza
    html = operator(role).get(PAGE).content.decode()
    addresses = {
        "resend": url("resend", row.pk), "reachable": url("reachable"), "note": url("note"),
        "revoke_id": url("revoke_id", row.pk), "revoke_all": url("revoke_all"), "revoke_address": url("revoke_address"),
        "block": url("block", blocked.pk),
    }  # fmt: skip
    assert {name for name, address in addresses.items() if address in html} == BUTTONS[role] - {"unblock"}


def test_the_page_of_an_id_that_nobody_can_read_never_shows_it(carla_client, give_id, san_marco):
    row = give_id(san_marco)
    html = carla_client.get(PAGE).content.decode()
    assert "…4hwd" in html
    assert bytes(row.digest).hex() not in html
