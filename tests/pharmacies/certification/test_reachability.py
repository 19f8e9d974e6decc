"""An address that refused mail for good, and its way back to reachable."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pharmacies.models import Office
from portal.identity.models import User
from portal.journal.models import Entry
from tests.conftest import sign_in

WHY = "casella inesistente"


@pytest.fixture
def now():
    return timezone.now()


def test_a_mailbox_that_refused_for_good_is_undeliverable_and_the_journal_says_why(certified, now):
    assert certified.mark_undeliverable(WHY, now, now)
    certified.refresh_from_db()
    assert certified.undeliverable_at == now
    assert certified.refuses_mail
    line = Entry.objects.get(verb="certification.undeliverable")
    assert f"{line.who} {line.sentence}" == (
        "Il portale ha segnato l’indirizzo id•••@farmaciasanmarco.it come non raggiungibile: casella inesistente"
    )


def test_what_is_known_is_not_said_twice(certified, now):
    assert certified.mark_undeliverable(WHY, now, now)
    assert not certified.mark_undeliverable(WHY, now, now + timedelta(minutes=1))
    assert Entry.objects.filter(verb="certification.undeliverable").count() == 1


def test_an_address_no_longer_in_force_is_not_marked(certified, anna, now):
    certified.revoke(anna, now)
    assert not certified.mark_undeliverable(WHY, now, now)
    certified.refresh_from_db()
    assert certified.undeliverable_at is None


def test_a_letter_of_before_the_certification_says_nothing_of_the_mailbox(certified, now):
    assert not certified.mark_undeliverable(WHY, certified.certified_at - timedelta(minutes=1), now)


def test_staff_may_say_that_the_mailbox_works_again(certified, carla, now):
    certified.mark_undeliverable(WHY, now, now)
    assert certified.reachable_again(carla, "la casella è stata riaperta", now + timedelta(hours=1))
    certified.refresh_from_db()
    assert not certified.refuses_mail
    line = Entry.objects.get(verb="certification.reachable_again")
    assert line.actor == carla
    assert line.sentence.endswith("di nuovo raggiungibile: la casella è stata riaperta")


def test_a_late_report_about_an_old_letter_does_not_undo_what_staff_said(certified, carla, now):
    certified.mark_undeliverable(WHY, now, now)
    certified.reachable_again(carla, "riaperta", now + timedelta(hours=1))
    assert not certified.mark_undeliverable(WHY, now, now + timedelta(hours=2))
    assert certified.mark_undeliverable(WHY, now + timedelta(hours=1), now + timedelta(hours=2))


def test_what_works_cannot_work_again(certified, carla, now):
    assert not certified.reachable_again(carla, "per prova", now)
    assert not Entry.objects.filter(verb="certification.reachable_again").exists()


# --- the pages


SERVIZI = "/servizi/4512/"


@pytest.mark.parametrize("page", ["", "sicurezza/", "registro/", "sicurezza/utenze/"])
def test_every_page_invites_the_titolare_to_mend_the_address(anna_client, certified, now, page):
    assert "non riceve più posta" not in anna_client.get(f"{SERVIZI}{page}").content.decode()
    certified.mark_undeliverable(WHY, now, now)
    html = anna_client.get(f"{SERVIZI}{page}").content.decode()
    assert "L’indirizzo certificato non riceve più posta" in html
    assert f'href="{SERVIZI}sicurezza/gestione-mail/modifica/">Sistema l’indirizzo' in html


def test_a_delegate_is_told_whom_to_tell(client, certified, san_marco, now):
    delegate = User.objects.for_person("VRDDRA82C03L219M", "Dario", "Verdi")
    Office.objects.create(
        pharmacy=san_marco, codice_fiscale=delegate.codice_fiscale, role=Office.Role.DELEGATE, since=now
    )
    certified.mark_undeliverable(WHY, now, now)
    html = sign_in(client, delegate).get(SERVIZI).content.decode()
    assert "Avvisa il titolare o il direttore" in html
    assert "Sistema l’indirizzo" not in html


def test_the_page_of_the_address_says_since_when_and_how_to_mend_it(anna_client, certified, now):
    certified.mark_undeliverable(WHY, now, now)
    html = anna_client.get(f"{SERVIZI}sicurezza/gestione-mail/").content.decode()
    assert "la casella rifiuta i messaggi" in html
    assert "scrivi di nuovo lo stesso indirizzo" in html
    assert "L’indirizzo certificato non riceve più posta" not in html  # shown once
