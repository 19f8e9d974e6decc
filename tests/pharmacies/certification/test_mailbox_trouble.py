"""The cause of an undelivered letter, as the pharmacy's pages explain it."""

import pytest
from django.utils import timezone

from portal.outbox.letter_outcome import NO_ANSWER, TOO_LATE
from portal.outbox.models import OutgoingMail

MAIL, OVERVIEW, IDS = "/servizi/4512/sicurezza/gestione-mail/", "/servizi/4512/", "/servizi/4512/id-sessione/"
BOX = "idsessione@farmaciasanmarco.it"


@pytest.fixture
def last(certified, san_marco):
    """Sets the result of the last letter to Anna's address: the server's answer, whether it failed."""

    def last(answer, reason="", *, failed=True, **facts):
        now = timezone.now()
        return OutgoingMail.objects.create(
            kind="issued", about=san_marco.code, recipient=BOX, subject="x", message_id="<1@x>", created_at=now,
            next_attempt_at=now, give_up_at=now, failed_at=now if failed else None, last_answer=answer, reason=reason, **facts,
        )  # fmt: skip

    return last


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("550 5.1.1 192.0.2.9 has sent to too many recipients this hour", "about-us"),
        (f"{TOO_LATE}. Ultima risposta: 554 5.7.1 spf", "about-us"),
        (f"{TOO_LATE}. Ultima risposta: {NO_ANSWER}: connessione non riuscita", ""),
        (TOO_LATE, ""),
    ],
)
def test_our_fault_is_never_told_as_the_mailboxs(anna_client, certified, last, answer, reason):
    last(answer, reason)
    assert not certified.refuses_mail
    for page in (MAIL, OVERVIEW):
        html = anna_client.get(page).content.decode()
        assert "Il guasto è nostro, non della tua casella" in html
        assert "Non raggiungibile" not in html
        assert "Controlla" not in html
        assert "Prova di nuovo" not in html


def test_a_letter_that_waits_because_of_us_is_our_fault_too(anna_client, last):
    last("450 4.2.1 receiving mail too quickly", "about-us", failed=False)
    html = anna_client.get(MAIL).content.decode()
    assert "Il guasto è nostro" in html
    assert "continuiamo a riprovare" in html


def test_a_full_mailbox_is_told_as_full(anna_client, last):
    last("552 5.2.2 mailbox full", "full", failed=False)
    html = anna_client.get(MAIL).content.decode()
    assert "La casella è piena" in html
    assert "riproviamo da soli" in html
    assert "Casella piena" in anna_client.get(OVERVIEW).content.decode()


def test_a_pec_is_told_as_a_pec(anna_client, certified, last):
    last("550 5.7.1 mailbox accepts only certified mail (PEC)", "rule")
    html = anna_client.get(MAIL).content.decode()
    assert "La casella riceve solo posta certificata" in html
    assert "Indica un indirizzo e-mail ordinario" in html
    assert certified.refuses_mail


def test_what_was_refused_before_the_address_worked_is_no_trouble(anna_client, certified, last):
    last("550 5.1.1 no such user", "dead")
    certified.reachable_again_at = timezone.now()
    certified.save()
    assert "Il server di farmaciasanmarco.it ha rifiutato" not in anna_client.get(MAIL).content.decode()


def test_a_delegate_reads_that_the_fault_is_ours_and_is_sent_to_nobody(client, certified, san_marco, last):
    from pharmacies.models import Office
    from portal.identity.models import User
    from tests.conftest import sign_in

    delegate = User.objects.for_person("VRDDRA82C03L219M", "Dario", "Verdi")
    Office.objects.create(
        pharmacy=san_marco, codice_fiscale=delegate.codice_fiscale, role=Office.Role.DELEGATE, since=timezone.now()
    )
    last("554 5.7.1 relay denied", "about-us", failed=False)
    html = sign_in(client, delegate).get(MAIL).content.decode()
    assert "Non devi fare nulla" in html
    assert "Avvisa il titolare" not in html
