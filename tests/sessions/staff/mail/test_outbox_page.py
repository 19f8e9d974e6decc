"""«Posta in uscita»: every letter with its outcome, and the refusing domains, within the operator's territory."""

import csv
import re
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.urls import reverse

from portal.journal.models import Entry
from portal.outbox.letter_outcome import TOO_LATE
from portal.outbox.models import MailDomain, OutgoingMail
from tests.conftest import make_pharmacy
from tests.sessions.staff.conftest import NOW, rows, words

PAGE = "/operatori/posta/"
MINUTE = timedelta(minutes=1)
Kind = OutgoingMail.Kind


def written(about: str = "4512", *, kind: Kind = Kind.ISSUED, ago: timedelta = MINUTE, **facts) -> OutgoingMail:
    """A letter of that age, waiting unless `facts` say otherwise."""
    at = NOW - ago
    values = {
        "kind": kind, "about": about, "recipient": "idsessione@farmaciasanmarco.it", "domain": "farmaciasanmarco.it",
        "subject": "ID SESSIONE", "message_id": f"<{uuid4()}@portale.example>", "sealed_source": b"x", "created_at": at,
        "next_attempt_at": NOW + MINUTE, "give_up_at": at + timedelta(hours=16),
    }  # fmt: skip
    return OutgoingMail.objects.create(**{**values, **facts})


def refused(about: str = "4512", *, ago: timedelta = MINUTE, answer: str = "550 5.1.1 no such user", **facts):
    return written(about, ago=ago, failed_at=NOW - ago, last_answer=answer, attempts=1, **facts)


def accepted(about: str = "4512", *, ago: timedelta = MINUTE, **facts) -> OutgoingMail:
    return written(about, ago=ago, accepted_at=NOW - ago, last_answer="250 Ok", attempts=1, sealed_source=None, **facts)


@pytest.fixture
def desk(carla_client):
    """desk("stato=rifiutati"): the page."""

    def look(query: str = "") -> str:
        answer = carla_client.get(f"{PAGE}?{query}")
        assert answer.status_code == 200
        return answer.content.decode()

    return look


@pytest.fixture
def every_kind(san_marco, al_redentore) -> None:
    written(kind=Kind.CODE, ago=3 * MINUTE, attempts=2, last_answer="451 4.7.1 greylisted, try id@farmaciasanmarco.it")
    written("1877", kind=Kind.REMINDER, ago=12 * MINUTE, domain="alredentore.it", recipient="banco@alredentore.it")
    refused()
    refused(ago=timedelta(days=3), answer=f"{TOO_LATE}. Ultima risposta: 421 4.3.2 busy")
    refused("1877", kind=Kind.NOTICE, answer=TOO_LATE)
    accepted(kind=Kind.CERTIFIED)
    written(kind=Kind.REVOKED, withdrawn_at=NOW, sealed_source=None)


def test_a_row_says_where_a_letter_is_and_hides_who_it_is_for(desk, every_kind):
    html = desk("tipo=code")
    (row,) = rows(html)
    assert row.startswith("Codice di validazione id•••@farmaciasanmarco.it Farmacia San Marco 4512 · Trento (TN)")
    assert "oggi 14:29 In attesa Preparato 14:29:10 · In attesa, riproviamo alle 14:33:10" in row
    assert "Risposta: 451 4.7.1 greylisted, try id•••@farmaciasanmarco.it" in row
    assert row.endswith("2 Prossimo oggi 14:33 Serve fino a domani 06:29")
    assert "idsessione@" not in html
    assert 'href="/operatori/stato-sessioni/4512/"' in html


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("", ["ID SESSIONE", "Avviso", "Indirizzo certificato", "Indirizzo revocato"]),
        ("stato=in-attesa", ["Promemoria", "Codice di validazione"]),
        ("stato=rifiutati", ["ID SESSIONE"]),
        ("stato=non-in-tempo", ["Avviso", "ID SESSIONE"]),
        ("stato=accettati", ["Indirizzo certificato"]),
        ("stato=ritirati", ["Indirizzo revocato"]),
        ("tipo=reminder", ["Promemoria"]),
        ("dominio=AlRedentore.it", ["Promemoria"]),
        ("farmacia=1877", ["Avviso", "Promemoria"]),
        ("farmacia=1877&stato=in-attesa", ["Promemoria"]),
        ("dominio=altrove.it", []),
    ],
)
def test_the_filters_narrow_the_list(desk, every_kind, query, kinds):
    found = rows(desk(query))
    if query:
        assert [next(kind for kind in kinds if row.startswith(kind)) for row in found] == kinds
    else:
        assert len(found) == 7


def test_the_counters_tell_what_waits_and_what_failed_today(desk, every_kind):
    shown = words(desk())
    assert "In attesa 2 di partire Il più vecchio 12 min di attesa Rifiutati 1 oggi" in shown
    assert "Non inviati in tempo 1 oggi" in shown


def test_a_filter_that_makes_no_sense_is_told_and_left_out(desk, every_kind):
    html = desk("stato=boh&farmacia=45-12&dominio=a%20b")
    assert "<title>Errore: " in html
    assert "Questo esito non esiste" in html
    assert len(rows(html)) == 7


def test_a_whole_address_does_not_stay_in_the_url(carla_client, every_kind):
    answer = carla_client.get(f"{PAGE}?dominio=banco%40alredentore.it&stato=in-attesa")
    assert answer["Location"] == f"{PAGE}?dominio=alredentore.it&stato=in-attesa"


def test_with_no_letters_the_page_says_so(desk):
    assert "Il portale non ha ancora scritto a nessuna farmacia." in words(desk())
    assert "Togli i filtri" in words(desk("stato=in-attesa"))


@pytest.mark.parametrize("state", ["", "in-attesa", "rifiutati"])
def test_pages_follow_one_another_and_come_back(carla_client, san_marco, state):
    """Sixty letters, some of the same instant: each is on exactly one page, even while others leave."""
    make = refused if state == "rifiutati" else written
    made = [make(ago=(number // 4) * MINUTE).pk for number in range(60)]
    seen, query = [], f"stato={state}"
    while query:
        html = carla_client.get(f"{PAGE}?{query}").content.decode()
        page = re.findall(r"messaggi/(\d+)/riprova", html)
        assert not set(page) & {key for before in seen for key in before}
        seen.append(page)
        further = re.search(r'href="\?([^"]*dopo=\d+)" rel="next"', html)
        query = further[1].replace("&amp;", "&") if further else ""
    assert [len(page) for page in seen] == [25, 25, 10]
    assert {int(key) for page in seen for key in page} == set(made)
    back = re.search(r'href="\?([^"]*prima=\d+)" rel="prev"', html)[1].replace("&amp;", "&")
    assert re.findall(r"messaggi/(\d+)/riprova", carla_client.get(f"{PAGE}?{back}").content.decode()) == seen[1]


@pytest.mark.parametrize("place", ["dopo=999999", "prima=999999", "dopo=x", "dopo=99999999999999999999"])
def test_a_place_that_is_nowhere_is_the_first_page(desk, every_kind, place):
    assert len(rows(desk(place))) == 7


def test_a_failing_domain_tells_until_when_it_rests(desk, every_kind):
    MailDomain.objects.create(
        name="alredentore.it", refusals=4, refused_at=NOW - MINUTE, rests_until=NOW + 5 * MINUTE, last_answer="421 busy"
    )
    html = desk()
    assert (
        "alredentore.it Fermo fino alle 14:37:10, i suoi messaggi aspettano · ultimo rifiuto oggi 14:31 · "
        "1 messaggio in attesa Risposta: 421 busy" in words(html)
    )
    assert 'href="?dominio=alredentore.it"' in html


def test_outside_one_s_territory_there_is_no_letter_and_no_domain(operator, every_kind):
    make_pharmacy("77", "Torinese", region_code="010")
    refused("77", recipient="id@torinese.it", domain="torinese.it")
    written("", recipient="prova@example.it", domain="example.it")
    for name in ("torinese.it", "alredentore.it"):
        MailDomain.objects.create(name=name, refusals=3, refused_at=NOW, rests_until=NOW + MINUTE)
    trento, piemonte = operator("lettura", limited_to=["042"]), operator("lettura", limited_to=["010"])
    there, here = (words(client.get(PAGE).content.decode()) for client in (trento, piemonte))
    assert "torinese" not in there.lower()
    assert "example.it" not in there
    assert "alredentore.it Fermo" in there
    assert "In attesa 0 di partire" in here
    assert "alredentore" not in here
    assert "torinese.it Fermo" in here
    shown = b"".join(trento.get(f"{PAGE}csv/").streaming_content).decode()
    assert "torinese" not in shown


def test_only_who_assists_may_act_and_comes_back_to_the_list(operator, every_kind):
    looks = operator("lettura", "sicurezza").get(f"{PAGE}?stato=in-attesa").content.decode()
    assert "/riprova/" not in looks
    desk = operator("assistenza")
    html = desk.get(f"{PAGE}?stato=in-attesa&dominio=alredentore.it").content.decode()
    link = re.search(r'href="([^"]+/annulla/[^"]*)"', html)[1].replace("&amp;", "&")
    back = f"{PAGE}?stato=in-attesa&dominio=alredentore.it"
    assert f'href="{back.replace("&", "&amp;")}"' in desk.get(link).content.decode()
    answer = desk.post(link, {"motivo": "casella sbagliata"})
    assert answer["Location"] == back
    assert "non parte più" in words(desk.get(back).content.decode())


def test_a_letter_about_no_pharmacy_is_shown_and_cannot_be_acted_on(desk):
    written("")
    html = desk()
    assert len(rows(html)) == 1
    assert "/riprova/" not in html


def test_what_is_taken_away_is_what_the_filters_find_and_leaves_a_line(carla_client, every_kind):
    answer = carla_client.get(reverse("staff:outbox_csv") + "?stato=in-attesa")
    head, *found = csv.reader(StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")), delimiter=";")
    assert head[:4] == ["Preparato", "Messaggio", "Farmacia", "A chi"]
    assert [row[:5] for row in found] == [
        ["23/11/2026 14:20", "promemoria", "1877", "ba•••@alredentore.it", "In attesa"],
        ["23/11/2026 14:29", "codice di validazione", "4512", "id•••@farmaciasanmarco.it", "In attesa"],
    ]
    assert Entry.objects.get().sentence == "ha scaricato l’elenco dei messaggi in uscita (stato in-attesa)"


def test_a_filter_that_makes_no_sense_takes_nothing_away(carla_client, every_kind):
    assert carla_client.get(f"{PAGE}csv/?stato=boh")["Location"] == f"{PAGE}?stato=boh"
    assert not Entry.objects.exists()


def test_the_number_of_queries_does_not_grow_with_the_letters(carla_client, san_marco, django_assert_max_num_queries):
    for number in range(30):
        refused(ago=number * MINUTE)
    with django_assert_max_num_queries(14):
        carla_client.get(PAGE)
