"""«Certificati»: administrators see, make and retire the pincode's certificates; each act is in the journal."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse, reverse_lazy

from portal.journal.models import Entry
from sessions.credentials import certificates
from sessions.models import PincodeCertificate
from tests.sessions.staff.conftest import NOW, rows, words

ALL, NEW = reverse_lazy("staff:certificates"), reverse_lazy("staff:new_certificate")
pytestmark = pytest.mark.django_db


@pytest.fixture
def old() -> PincodeCertificate:
    return certificates.make(NOW - timedelta(days=670))


@pytest.fixture
def new(old) -> PincodeCertificate:
    return certificates.make(NOW)


def retiring(row: PincodeCertificate) -> str:
    return reverse("staff:retire_certificate", args=[row.pk])


def read(client, address=ALL) -> str:
    return words(client.get(address, follow=True).content.decode())


def test_without_any_the_page_says_what_does_not_work_and_offers_to_make_one(carla_client):
    page = read(carla_client)
    assert "Nessun certificato in servizio" in page
    assert "Nuovo certificato" in page
    assert rows(carla_client.get(ALL).content.decode()) == []


def test_the_newest_is_in_use_and_the_one_of_before_still_deciphers(carla_client, new, old):
    first, second = rows(carla_client.get(ALL).content.decode())
    assert "In uso" in first
    assert "730 giorni" in first
    assert new.serial in first
    assert certificates.Published.of(new).sha256 in first
    assert "Decifra ancora" in second
    assert "Scade fra 60 giorni" in second
    assert "23 novembre 2026, ore 14:32" in first


def test_one_that_ends_within_sixty_days_with_no_successor_is_a_warning(carla_client, old):
    with time_machine.travel(NOW - timedelta(seconds=1), tick=False):
        assert "serve un nuovo certificato" not in read(carla_client)
    with time_machine.travel(NOW + timedelta(minutes=20), tick=False):
        page = read(carla_client)
        assert "Restano 60 giorni: serve un nuovo certificato" in page
        assert "Scade fra 60 giorni" in page
    certificates.make(NOW)
    with time_machine.travel(NOW + timedelta(minutes=20), tick=False):
        page = read(carla_client)
        assert "serve un nuovo certificato" not in page
        assert "Scade fra 60 giorni" in page


def test_one_that_is_over_or_retired_is_told_so_and_not_downloaded(carla_client, old, new):
    over = certificates.make(NOW - timedelta(days=800))
    certificates.retire(old.serial, NOW)
    page = carla_client.get(ALL).content.decode()
    assert ["Ritirato" in row for row in rows(page)] == [False, True, False]
    assert "Scaduto" in rows(page)[2]
    assert page.count(".pem") == 1
    assert "per i gestionali non cambia nulla" in read(carla_client, retiring(over))


def test_one_whose_key_cannot_be_read_does_not_decipher(carla_client, old):
    PincodeCertificate.objects.update(sealed_key=b"sealed with a key that was lost")
    page = read(carla_client)
    assert "Non decifra" in page
    assert "Una chiave privata non si legge" in page


def test_the_public_certificate_is_downloaded_and_nothing_private_is_on_a_page(carla_client, old, new):
    page = carla_client.get(ALL).content.decode()
    for ending in ("pem", "cer"):
        link = f"/a2f/certificato/{new.serial}.{ending}"
        assert f'href="{link}"' in page
        assert carla_client.get(link).status_code == 200
    certificates.retire(old.serial, NOW)
    for address in (ALL, NEW):
        assert "PRIVATE" not in carla_client.get(address).content.decode()


# --- making


def test_before_making_one_the_page_says_how_long_the_old_one_goes_on(carla_client, old):
    page = read(carla_client, NEW)
    assert "continua a decifrare per 60 giorni" in page
    assert PincodeCertificate.objects.count() == 1


def test_a_new_one_is_live_at_once_and_in_the_journal_with_the_name(carla_client, old):
    page = words(carla_client.post(NEW, {"dopo": old.serial}, follow=True).content.decode())
    made = PincodeCertificate.objects.live(NOW).first()
    assert made != old
    assert PincodeCertificate.objects.live(NOW).count() == 2
    assert f"Carla Neri ha pubblicato il certificato per cifrare il pincode {made.serial}" in page


def test_a_form_sent_twice_makes_one(carla_client):
    carla_client.post(NEW, {"dopo": ""})
    page = words(carla_client.post(NEW, {"dopo": ""}, follow=True).content.decode())
    assert "Nel frattempo i certificati sono cambiati" in page
    assert PincodeCertificate.objects.count() == 1


def test_a_third_is_refused_with_a_sentence(carla_client, old, new):
    assert "prima di crearne un altro, ritira il più vecchio" in read(carla_client, NEW)
    page = words(carla_client.post(NEW, {"dopo": new.serial}, follow=True).content.decode())
    assert "prima di crearne un altro, ritira il più vecchio" in page
    assert PincodeCertificate.objects.count() == 2


# --- retiring


def test_before_retiring_one_the_page_says_what_stops(carla_client, old, new):
    page = read(carla_client, retiring(old))
    assert "Decifra ancora" in page
    assert "riceve l’errore 302" in page
    assert f"Resta in uso {certificates.Published.of(new).name}" in page
    assert f"torna a esserlo {certificates.Published.of(old).name}" in read(carla_client, retiring(new))


def test_retiring_wants_a_reason_and_writes_it_with_the_name(carla_client, old, new):
    assert "<title>Errore: " in carla_client.post(retiring(old), {"motivo": " "}).content.decode()
    assert PincodeCertificate.objects.live(NOW).count() == 2
    page = words(carla_client.post(retiring(old), {"motivo": "Tutti usano il nuovo"}, follow=True).content.decode())
    old.refresh_from_db()
    assert (old.retired_at, old.sealed_key) == (NOW, None)
    assert (
        f"Carla Neri ha ritirato il certificato per cifrare il pincode {old.serial}. Motivo: Tutti usano il nuovo"
        in page
    )


def test_the_last_one_is_not_retired(carla_client, old):
    assert f'href="{retiring(old)}"' not in carla_client.get(ALL).content.decode()
    page = words(carla_client.post(retiring(old), {"motivo": "Prova"}, follow=True).content.decode())
    assert "È l’ultimo certificato in servizio" in page
    old.refresh_from_db()
    assert old.retired_at is None


def test_one_that_was_retired_already_is_told_so(carla_client, old, new):
    carla_client.post(retiring(old), {"motivo": "Prova"})
    page = words(carla_client.post(retiring(old), {"motivo": "Prova"}, follow=True).content.decode())
    assert "già stato ritirato" in page
    assert Entry.objects.filter(verb="certificate.retired").count() == 1


@pytest.mark.parametrize("role", ["lettura", "assistenza", "sicurezza"])
def test_no_other_role_sees_makes_or_retires(operator, old, new, role):
    client, lines = operator(role), Entry.objects.count()
    for address in (ALL, NEW, retiring(old)):
        assert client.get(address).status_code == 403
    assert client.post(NEW, {"dopo": new.serial}).status_code == 403
    assert client.post(retiring(old), {"motivo": "Prova"}).status_code == 403
    assert PincodeCertificate.objects.live(NOW).count() == 2
    assert Entry.objects.count() == lines
