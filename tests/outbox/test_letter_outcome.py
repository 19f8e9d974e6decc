"""The box «Dove si trova il messaggio»."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template.loader import render_to_string

from portal.outbox.models import OutgoingMail

AT = datetime(2026, 11, 23, 9, 42, 3, tzinfo=UTC)  # 10:42:03 in Italy


def letter(**facts) -> OutgoingMail:
    return OutgoingMail(
        pk=1, recipient="id@farmaciasanmarco.it", created_at=AT, next_attempt_at=AT, give_up_at=AT, **facts
    )


def box(row: OutgoingMail) -> str:
    html = render_to_string("partials/delivery.html", {"letter": row, "now": AT})
    assert "style=" not in html
    assert "id@farmaciasanmarco.it" not in html
    return html


def test_an_accepted_letter_tells_both_hours_and_that_accepted_is_not_read():
    html = box(letter(accepted_at=AT + timedelta(seconds=2)))
    for words in ("Preparato", "10:42:03", "Accettato dal server di farmaciasanmarco.it", "10:42:05"):
        assert words in html
    assert "non vuol dire «letto»" in html


def test_a_letter_that_came_back_tells_the_whole_way():
    row = letter(
        accepted_at=AT + timedelta(seconds=2), failed_at=AT + timedelta(minutes=4), last_answer="552 5.2.2 full"
    )
    assert [step.text for step in row.delivery_steps] == [
        "Preparato", "Accettato dal server di farmaciasanmarco.it", "Rifiutato: casella piena",
    ]  # fmt: skip
    html = box(row)
    assert "10:46:03" in html
    assert "non vuol dire «letto»" not in html


def test_a_new_letter_is_about_to_leave():
    assert "parte tra pochi secondi" in box(letter())


def test_a_letter_in_a_workers_hands_is_being_delivered():
    assert "In consegna" in box(letter(attempts=1, leased_until=AT + timedelta(seconds=90)))


def test_a_letter_that_waits_says_until_when_and_why():
    row = letter(attempts=1, last_answer="450 4.7.1 greylisted")
    row.next_attempt_at = AT + timedelta(seconds=30)
    html = box(row)
    assert "In attesa, riproviamo alle 10:42:33" in html
    assert "chiede di riprovare" in html


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("552 5.2.2 full", "Rifiutato: casella piena"),
        ("552 no room", "Rifiutato: casella piena"),
        ("550 5.1.1 unknown", "Rifiutato: casella inesistente"),
        ("550 unknown", "Rifiutato: il server non dice perché"),
        ("550 rejected, see our page", "Rifiutato: il server non dice perché"),
        ("550 5.7.1 denied (code 77)", "Rifiutato: il server non dice perché"),
        ("550-5.2.1 disabled", "Rifiutato: casella disattivata"),
        ("554 5.7.1 no", "Rifiutato: il server non accetta messaggi dal portale"),
        ("556 5.1.10 null MX", "Rifiutato: il dominio non riceve posta"),
        ("550 5.0.0 casella che riceve solo Posta Certificata", "Rifiutato: la casella riceve solo posta certificata"),
        ("550 5.1.1 greylisted, come back in ten minutes", "Rifiutato: il server chiede di riprovare più tardi"),
        (
            "550 5.2.1 Mailbox temporarily disabled for maintenance",
            "Rifiutato: il server chiede di riprovare più tardi",
        ),
        ("550 5.1.1 rejected, see our page", "Rifiutato: il server non dice perché"),
        ("554 no", "Rifiutato: il server non dice perché"),
        ("Il messaggio non può partire (ValueError)", "Rifiutato"),
        ("Non inviato in tempo. Ultima risposta: 451 busy", "Non inviato in tempo"),
    ],
)
def test_a_refusal_is_said_in_plain_words(answer, words):
    row = letter(failed_at=AT, last_answer=answer)
    assert row.outcome == words
    assert row.outcome_kind == "bad"
    assert words in box(row)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("about-us", "il server non accetta messaggi dal portale"),
        ("full", "casella piena"),
        ("unknown", "il server non dice perché"),
        ("dead", "casella inesistente"),
        ("later", "il server chiede di riprovare più tardi"),
    ],
)
def test_the_stored_reason_is_the_one_that_is_said(reason, words):
    """The row keeps a part of the answer; its reason was derived from the whole answer."""
    assert letter(failed_at=AT, last_answer="550 x", reason=reason).outcome == f"Rifiutato: {words}"


def test_a_waiting_letter_is_neither_good_nor_bad():
    assert (letter().outcome, letter().outcome_kind) == ("In attesa", "warn")
