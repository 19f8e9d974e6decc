"""The record of one pharmacy, and «Invia di nuovo»."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from pharmacies.models import Office, RegisterChange
from portal.journal.models import Entry, record
from portal.outbox.models import OutgoingMail
from tests.conftest import ANNA, BRUNO, make_pharmacy
from tests.sessions.staff.conftest import NOW, STATUS, certification_of, letter_for, utenza_of, words

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WHY = "non l’hanno ricevuto"


@pytest.fixture
def record_of(carla_client):
    def get(pharmacy) -> str:
        response = carla_client.get(f"{STATUS}{pharmacy.code}/")
        assert response.status_code == 200
        return response.content.decode()

    return get


def resend_url(row) -> str:
    return f"{STATUS}{row.pharmacy.code}/invia-di-nuovo/{row.pk}/"


def test_a_pharmacy_that_has_nothing_says_so_in_words(record_of, san_marco):
    text = words(record_of(san_marco))

    for sentence in (
        "La farmacia non ha mai chiesto un ID SESSIONE.",
        "Nessun indirizzo: la farmacia non ha ancora cominciato la certificazione.",
        "Nessuna persona è abbinata a questa farmacia",
        "Nessuna utenza",
        "Nessun messaggio inviato",
        "Nessuna attività registrata.",
    ):
        assert sentence in text


def test_doubtful_data_of_the_register_are_said_in_words(record_of, db):
    pharmacy = make_pharmacy("7", "Dubbia", partita_iva="", doubts=["partita_iva_missing", "cap_malformed"])

    assert "partita IVA mancante; CAP malformato" in words(record_of(pharmacy))


def test_a_closed_pharmacy_says_since_when(record_of, db):
    pharmacy = make_pharmacy("7", "Chiusa", closed_on=(NOW - timedelta(days=20)).date())

    assert "chiusa dal 3 novembre 2026" in words(record_of(pharmacy))


def test_the_ids_are_listed_with_their_life(record_of, give_id, san_marco):
    give_id(san_marco, -20 * HOUR, last4="aaaa", first_used_at=NOW - 30 * HOUR)
    give_id(san_marco, 10 * HOUR, last4="bbbb", revoked_at=NOW - HOUR)
    give_id(san_marco, 12 * HOUR, last4="cccc", first_used_at=NOW - 2 * HOUR)

    text = words(record_of(san_marco))

    assert "…cccc" in text.split("…bbbb")[0]
    assert "Attivo oggi 10:32 oggi 12:32 Scade domani 02:32" in text
    assert "Revocato oggi 08:32 mai Revocato oggi 13:32" in text
    assert "Scaduto ieri 02:32 ieri 08:32 Scaduto ieri 18:32" in text


def test_the_letters_come_with_the_servers_answer_and_no_whole_address(record_of, san_marco):
    letter_for(san_marco, "rossi@farmacia.it", NOW - HOUR, "550 5.1.1 <rossi@farmacia.it>: User unknown")

    html = record_of(san_marco)

    assert "Rifiutato: casella inesistente" in html
    assert "550 5.1.1 &lt;ro•••@farmacia.it&gt;: User unknown" in html
    assert "rossi@" not in html


def test_only_the_newest_twenty_letters_are_listed(record_of, san_marco):
    for minutes in range(25):
        letter_for(san_marco, "rossi@farmacia.it", NOW - timedelta(minutes=minutes))

    html = words(record_of(san_marco))
    assert "I messaggi precedenti (15)" in html
    assert html.count("rossi@") == 0


def test_the_certified_address_is_masked_and_tells_its_life(record_of, san_marco):
    certification_of(san_marco, "idsessione@farmaciasanmarco.it")

    text = words(record_of(san_marco))

    assert "id•••@farmaciasanmarco.it Certificata" in text
    assert "Certificata 20/11 14:32 con SPID livello 2" in text
    assert "idsessione@" not in text


def test_an_address_that_refuses_mail_is_unreachable(record_of, san_marco):
    certification = certification_of(san_marco, "idsessione@farmaciasanmarco.it")
    certification.undeliverable_at = NOW - HOUR
    certification.save()

    assert "Non raggiungibile" in record_of(san_marco)


def test_people_are_shown_by_a_masked_codice_fiscale(record_of, san_marco):
    Office.objects.create(pharmacy=san_marco, codice_fiscale=ANNA, role="titolare", since=NOW - timedelta(days=900))

    html = record_of(san_marco)

    assert "Titolare RSS•••••••••501L dal 06/06/2024" in words(html)
    assert ANNA not in html


def test_who_has_entered_is_shown_by_name_and_an_office_that_is_over_says_so(record_of, anna, san_marco):
    Office.objects.create(
        pharmacy=san_marco, codice_fiscale=BRUNO, role="direttore", since=NOW - 900 * DAY, until=NOW - 30 * DAY
    )

    text = words(record_of(san_marco))

    assert "Titolare Anna Rossi, RSS•••••••••501L dal 01/01/2020 Direttore" in text
    assert "dal 06/06/2024 al 24/10/2026 Finito" in text


def test_what_changed_in_the_register_is_told(record_of, san_marco):
    RegisterChange.objects.create(pharmacy=san_marco, at=NOW, field="partita_iva", was="0123", became="0456")

    assert "Che cosa è cambiato nel registro (1) 23/11/2026: partita IVA da «0123» a «0456»" in words(
        record_of(san_marco)
    )


@pytest.mark.parametrize(
    ("facts", "word"), [({}, "Abilitata"), ({"blocked_at": NOW}, "Bloccata"), ({"disabled_at": NOW}, "Disabilitata")]
)
def test_an_utenza_is_shown_without_its_secrets(record_of, san_marco, facts, word):
    utenza = utenza_of(san_marco)
    for name, value in facts.items():
        setattr(utenza, name, value)
    utenza.save()

    html = record_of(san_marco)

    assert utenza.user_id in html
    assert word in html
    assert utenza.password not in html
    assert utenza.pincode not in html


def test_the_timeline_tells_who_did_what_newest_first(record_of, anna, san_marco):
    with transaction.atomic():
        record("id.issued", now=NOW - 2 * HOUR, actor=anna, about="4512", last4="4hwd", context="RICETTA-DEM")
        record("id.shown", now=NOW - HOUR, actor=anna, about="4512", last4="4hwd")
        record("id.shown", now=NOW - HOUR, actor=anna, about="1877", last4="zzzz")

    text = words(record_of(san_marco))

    assert text.index("Anna Rossi ha visto") < text.index("Anna Rossi ha generato")
    assert "zzzz" not in text


def test_the_number_of_queries_does_not_grow(carla_client, give_id, san_marco, django_assert_max_num_queries):
    for hours in range(2, 30):
        give_id(san_marco, -hours * HOUR)
    carla_client.get(STATUS)  # the first request of a session writes it

    with django_assert_max_num_queries(22):  # two for the line that says who looked
        carla_client.get(f"{STATUS}4512/")


def test_a_reason_is_needed_to_send_again(carla_client, give_id, san_marco):
    page = carla_client.post(resend_url(give_id(san_marco)), {"motivo": " "}).content.decode()

    assert "<title>Errore: Invia di nuovo" in page
    assert OutgoingMail.objects.count() == 1


def test_sending_again_asks_first_and_sends_nothing(carla_client, give_id, san_marco):
    row = give_id(san_marco)

    response = carla_client.get(resend_url(row))

    assert "id•••@farmacia4512.it" in response.content.decode()
    assert OutgoingMail.objects.count() == 1


def test_sending_again_posts_the_same_id_to_the_certified_address_and_is_written_in_the_journal(
    carla_client, give_id, san_marco
):
    row = give_id(san_marco, answer="550 5.1.1 unknown")

    response = carla_client.post(resend_url(row), {"motivo": WHY}, follow=True)

    assert "L’ID …4hwd è di nuovo in viaggio" in response.content.decode()
    row.refresh_from_db()
    assert row.letter.recipient == "idsessione@farmacia4512.it"
    assert row.letter.is_waiting
    entry = Entry.objects.get(verb="id.resent")
    assert (entry.about, entry.actor_name) == ("4512", "Carla Neri")
    assert entry.sentence == f"ha fatto reinviare l’ID SESSIONE …4hwd. Motivo: {WHY}"


def test_sending_again_twice_sends_once_and_says_when_it_may_be_done(carla_client, give_id, san_marco):
    row = give_id(san_marco)
    carla_client.post(resend_url(row), {"motivo": WHY})

    response = carla_client.post(resend_url(row), {"motivo": WHY}, follow=True)

    assert "potrai inviare di nuovo dalle 14:33:10" in response.content.decode()
    assert OutgoingMail.objects.count() == 2


def test_an_expired_id_is_not_sent_again(carla_client, give_id, san_marco):
    row = give_id(san_marco, -HOUR)

    response = carla_client.post(resend_url(row), {"motivo": WHY}, follow=True)

    assert "non è più valido" in response.content.decode()
    assert OutgoingMail.objects.count() == 1


def test_to_a_mailbox_that_refuses_mail_nothing_is_sent_and_the_reason_is_said(carla_client, give_id, san_marco):
    row = give_id(san_marco)
    row.certification.undeliverable_at = NOW
    row.certification.save()

    confirmation = carla_client.get(resend_url(row)).content.decode()
    done = carla_client.post(resend_url(row), {"motivo": WHY}, follow=True).content.decode()

    assert "rifiuta i messaggi" in confirmation
    assert "rifiuta i messaggi" in done
    assert OutgoingMail.objects.count() == 1


def test_the_id_of_another_pharmacy_is_not_found(carla_client, give_id, san_marco, al_redentore):
    row = give_id(al_redentore)

    assert carla_client.get(f"{STATUS}4512/invia-di-nuovo/{row.pk}/").status_code == 404
    assert carla_client.post(f"{STATUS}4512/invia-di-nuovo/{'9' * 30}/").status_code == 404


def test_nobody_else_sends_again(give_id, san_marco, anna_client, dario_client):
    row = give_id(san_marco)

    assert anna_client.post(resend_url(row)).status_code == 403
    assert dario_client.post(resend_url(row)).status_code == 403
    assert Client().post(resend_url(row)).status_code == 302
    assert OutgoingMail.objects.count() == 1


def test_what_lives_can_be_revoked_however_many_ids_came_after_it(operator, give_id, san_marco):
    give_id(san_marco, HOUR, last4="vivo")
    for number in range(25):
        give_id(san_marco, 15 * HOUR + number * timedelta(minutes=1), revoked_at=NOW, closed_at=None, last4="dead")
    page = operator("sicurezza").get(f"{STATUS}{san_marco.code}/").content.decode()

    assert "…vivo" in page
    assert "revoca-tutti" in page
