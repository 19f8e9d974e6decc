"""«Semaforo per lo schermo al banco»: a titolare makes, renews, keeps and closes the address."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from pharmacies.models import MailCertification, Office
from portal.journal.models import Entry
from sessions import retention
from sessions.models import SemaforoLink
from sessions.preferences.handover import inherited
from sessions.semaforo import link, views
from tests.conftest import ANNA, BRUNO, DARIO, sign_in
from tests.sessions.conftest import MORNING
from tests.sessions.ids.test_manage_page import text

PANEL = "/servizi/4512/avvisi/semaforo/"


@pytest.fixture(autouse=True)
def clock():
    views.OF_A_PLACE.forget()
    views.OF_A_SCREEN.forget()
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def client(anna, certified) -> Client:
    return sign_in(Client(), anna)


def make(client: Client) -> str:
    """The path of the address shown on the page."""
    html = client.post(f"{PANEL}crea/", follow=True).content.decode()
    return re.search(r"/semaforo/[\w-]{43}/", html)[0]


def read(client: Client) -> str:
    return text(client.get(PANEL).content.decode())


def test_the_address_is_shown_once_and_kept_as_a_hash(client) -> None:
    token = make(client).split("/")[2]
    assert token not in str(list(SemaforoLink.objects.values()))
    assert "già stato mostrato" in text(client.get(f"{PANEL}indirizzo/").content.decode())
    assert token not in client.get(PANEL).content.decode()
    assert token not in str(list(Entry.objects.values()))


def test_a_new_address_makes_the_old_one_useless(client) -> None:
    old, new = make(client), make(client)
    assert Client().get(old).status_code == 404
    assert Client().get(new).status_code == 200


def test_the_page_says_the_last_use(client, clock) -> None:
    path = make(client)
    assert "Ultimo uso ancora nessuno" in read(client)
    Client().get(path)
    assert "Ultimo uso oggi alle 08:58, o nell’ora dopo" in read(client)


def test_a_closed_semaforo_is_dark_and_the_journal_has_both_acts(client) -> None:
    path = make(client)
    page = text(client.post(f"{PANEL}spegni/", follow=True).content.decode())
    assert "Semaforo spento: l’indirizzo non funziona più" in page
    assert "Crea l’indirizzo del semaforo" in page
    assert Client().get(path).status_code == 404
    assert [row.verb for row in Entry.objects.filter(verb__startswith="semaforo.").order_by("pk")] == [
        "semaforo.made",
        "semaforo.closed",
    ]


def test_without_a_certified_address_there_is_none(anna, san_marco) -> None:
    client = sign_in(Client(), anna)
    assert "Prima serve l’indirizzo e-mail certificato" in read(client)
    assert "Prima serve" in text(client.post(f"{PANEL}crea/", follow=True).content.decode())
    assert not SemaforoLink.objects.exists()


def test_after_a_change_of_address_the_titolare_may_light_it_again(client, certified) -> None:
    path = make(client)
    MailCertification.objects.filter(pk=certified.pk).update(revoked_at=MORNING)
    assert "Per riaccenderlo serve prima" in read(client)
    assert client.post(f"{PANEL}continua/", follow=True).status_code == 200
    assert Client().get(path).status_code == 404
    certified.pk, certified.address, certified.address_key = None, "nuova@sanmarco.it", "nuova@sanmarco.it"
    certified.save(force_insert=True)
    assert "Il semaforo si è fermato" in read(client)
    client.post(f"{PANEL}continua/")
    assert Client().get(path).status_code == 200
    assert "Confermato" in read(client)


@pytest.mark.parametrize("act", ["tieni", "togli"])
def test_a_new_holder_is_asked_about_the_semaforo_of_the_former_one(act, client, san_marco, bruno, clock) -> None:
    path = make(client)
    clock.shift(timedelta(days=2))
    now = MORNING + timedelta(days=2)
    Office.objects.filter(pharmacy=san_marco, codice_fiscale=ANNA).update(until=now)
    Office.objects.create(pharmacy=san_marco, codice_fiscale=BRUNO, role=Office.Role.DIRETTORE, since=now)
    assert Client().get(path).status_code == 200
    (thing,) = inherited(san_marco, now)
    other = sign_in(Client(), bruno, at=now)
    assert other.post("/servizi/4512/passaggio/", {"cosa": thing.key, "fai": act}).status_code == 302
    assert inherited(san_marco, now) == []
    assert Client().get(path).status_code == (200 if act == "tieni" else 404)


@pytest.mark.parametrize("place", ["", "crea/", "indirizzo/", "continua/", "spegni/"])
def test_a_stranger_finds_no_page_and_a_delegate_is_told_why_not(place, client, san_marco, dario) -> None:
    make(client)
    stranger = sign_in(Client(), dario)
    method = stranger.get if place in ("", "indirizzo/") else stranger.post
    assert method(f"{PANEL}{place}").status_code == 404
    Office.objects.create(pharmacy=san_marco, codice_fiscale=DARIO, role="delegate", since=MORNING)
    answer = method(f"{PANEL}{place}")
    assert answer.status_code == 403
    assert "accendere e spegnere il semaforo" in answer.content.decode()
    assert SemaforoLink.objects.open().count() == 1


def test_a_closed_address_is_forgotten_after_90_days(san_marco, anna, certified) -> None:
    link.make(san_marco, anna, MORNING)
    link.close(san_marco, anna, MORNING)
    for days, left in ((89, 1), (90, 0)):
        list(retention.forget(MORNING + timedelta(days=days)))
        assert SemaforoLink.objects.count() == left
