"""One card for each utenza and kind of prescription, and pages with few queries whatever the number of ids and utenze."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pharmacies.addresses.examination import ExaminedAddress
from pharmacies.models import MailCertification, Office, Pharmacy
from portal.outbox.models import OutgoingMail
from sessions.ids import issuing, today, using
from sessions.ids.board import UNUSED_AFTER, board_of
from sessions.models import Context, IdSessione
from tests.conftest import make_pharmacy, make_titolare, sign_in
from tests.sessions.conftest import MORNING, make_utenza

HOUR = timedelta(hours=1)
PAGE, HOME, TODAY = "/servizi/4512/id-sessione/", "/servizi/4512/", "/servizi/4512/id-sessione/oggi/"
AT_MOST = 12


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def client(anna, certified, utenza, context) -> Client:
    return sign_in(Client(), anna)


@pytest.fixture
def white(db) -> Context:
    return Context.objects.get(contesto="RICETTA-BIANCA")


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def ask(client: Client):
    return client.post(TODAY, follow=True)


def kinds(pharmacy: Pharmacy) -> list[tuple[str, str]]:
    return [(card.kind, card.light) for card in board_of(pharmacy, MORNING).cards]


def test_each_kind_has_a_card_whatever_is_live(san_marco, certified, utenza, context, white):
    assert kinds(san_marco) == [("Ricetta SSN", "bad"), ("Ricetta bianca", "bad")]
    issuing.issue(utenza, white, MORNING)
    assert kinds(san_marco) == [("Ricetta SSN", "bad"), ("Ricetta bianca", "ok")]


def test_two_contexts_with_one_name_are_one_kind(san_marco, certified, utenza, context):
    without = Context.objects.get(contesto="RICETTA-DEM", applicazione="")
    issuing.issue(utenza, without, MORNING)
    assert kinds(san_marco) == [("Ricetta SSN", "ok"), ("Ricetta bianca", "bad")]


def test_a_context_without_a_short_name_is_called_by_its_name(san_marco, certified, utenza, context):
    Context.objects.create(contesto="NUOVO", title="Piani terapeutici")
    assert ("Piani terapeutici", "bad") in kinds(san_marco)


@pytest.mark.parametrize("page", [PAGE, HOME])
def test_no_sentence_says_that_there_is_no_id_without_its_kind(client, utenza, white, page):
    issuing.issue(utenza, white, MORNING)
    words = text(client.get(page))
    assert "Nessun ID SESSIONE" not in words
    assert "Nessun ID valido per la ricetta SSN" in words
    assert "Nessun ID valido per la ricetta bianca" not in words


def test_the_newest_comes_first_and_is_called_so_while_the_older_is_in_use(client, clock, utenza, context):
    old = issuing.issue(utenza, context, MORNING - HOUR).id_sessione
    using.use(old, MORNING - HOUR)
    new = issuing.issue(utenza, context, MORNING - HOUR / 2).id_sessione
    words = text(client.get(PAGE))
    assert words.index(f"Il nuovo: ID pronto, non ancora usato …{new.last4}") < words.index(f"ID in uso …{old.last4}")


def test_an_utenza_without_an_id_for_thirty_days_folds_behind_the_others(client, san_marco, utenza, context):
    unused = make_utenza("UAAA0001", san_marco)
    issuing.issue(utenza, context, MORNING - timedelta(days=3))
    issuing.issue(unused, context, MORNING - UNUSED_AFTER)
    board = board_of(san_marco, MORNING)
    assert [group.utenza for group in board.groups] == [utenza]
    assert [group.utenza for group in board.folded] == [unused]
    assert "Altre utenze" in text(client.get(PAGE))


def test_of_utenze_never_used_the_first_usable_one_is_shown(san_marco, certified, utenza, context):
    blocked = make_utenza("UAAA0001", san_marco)
    blocked.block(None, "prova", MORNING)
    assert [group.utenza for group in board_of(san_marco, MORNING).groups] == [utenza]


def test_the_button_makes_what_is_missing_and_says_so(client, anna, utenza, context):
    using.use(issuing.issue(utenza, context, MORNING - HOUR).id_sessione, MORNING - HOUR)
    answer = ask(client)
    assert IdSessione.objects.live(MORNING).count() == 2
    assert "ID pronto: ricetta bianca. È in viaggio verso idsessione@farmaciasanmarco.it." in text(answer)
    assert "no-store" in answer["Cache-Control"]
    assert "Richiedi gli ID di oggi" not in text(client.get(PAGE))


def test_an_id_that_is_about_to_end_is_made_anew(anna, san_marco, certified, utenza, context, white):
    issuing.issue(utenza, white, MORNING)
    using.use(issuing.issue(utenza, context, MORNING - 15 * HOUR - HOUR / 2).id_sessione, MORNING - 15 * HOUR)
    outcome = today.request_today(san_marco, MORNING, anna)
    assert [one.id_sessione.context for one in outcome.made] == [context]


def test_under_the_policy_replace_an_id_in_use_is_not_cut_off(client, anna, san_marco, utenza, context):
    Context.objects.filter(pk=context.pk).update(policy="replace")
    row = issuing.issue(utenza, context, MORNING - 15 * HOUR - HOUR / 2).id_sessione
    using.use(row, MORNING - 15 * HOUR)
    assert "Ricetta SSN: non fatto. Un nuovo ID annullerebbe subito quello che stai usando" in text(ask(client))
    row.refresh_from_db()
    assert row.is_live(MORNING)


def test_a_double_click_makes_nothing_twice(client, clock):
    ask(client)
    clock.shift(1)
    words = text(ask(client))
    assert IdSessione.objects.count() == 2
    assert "Li hai già chiesti alle 08:58:00: valgono quelli." in words


def test_the_limit_of_an_hour_is_kept_and_said(client, san_marco, anna, utenza, context, white):
    for number in range(9):
        issuing.issue(utenza, context, MORNING - HOUR / 3 + timedelta(minutes=number), by=anna)
    IdSessione.objects.update(revoked_at=MORNING)
    words = text(ask(client))
    assert IdSessione.objects.live(MORNING).count() == 1
    assert "Ricetta bianca: non fatto. Nell’ultima ora sono già stati chiesti 10 ID" in words


def test_without_a_certified_address_nothing_is_made_and_the_reason_is_said(anna, utenza, context):
    words = text(ask(sign_in(Client(), anna)))
    assert not IdSessione.objects.exists()
    assert "Ricetta SSN: non fatto. La farmacia non ha un indirizzo certificato" in words


def test_a_delegate_without_the_ids_may_not(client):
    Office.objects.update(role=Office.Role.DELEGATE, may_use_ids=False)
    assert client.post(TODAY).status_code == 403
    assert "Richiedi" not in text(client.get(HOME)).split("Altri servizi")[0].replace("Richiesto", "")


def test_the_address_typed_by_hand_makes_nothing(client):
    assert client.get(TODAY).status_code == 302
    assert not IdSessione.objects.exists()


@pytest.fixture
def crowd(anna, san_marco, certified, utenza, context, white) -> None:
    """Twelve utenze, each with ids of both kinds, an old and a new one; thirty dead ones."""
    for number in range(11):
        make_utenza(f"U{number:02}", san_marco)
    for row in san_marco.utenze.all():
        for kind in (context, white):
            using.use(issuing.issue(row, kind, MORNING - 2 * HOUR).id_sessione, MORNING - 2 * HOUR)
            issuing.issue(row, kind, MORNING - HOUR, by=anna)


def queries(client: Client, page: str) -> list[str]:
    client.get(page)  # the first one writes when the session was seen
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(page).status_code == 200
    return [query["sql"] for query in captured if not re.match(r"SAVEPOINT|RELEASE|BEGIN|COMMIT", query["sql"])]


@pytest.mark.parametrize("page", [PAGE, HOME, f"{PAGE}?pagina=2"])
def test_a_page_asks_few_questions_whatever_the_number_of_ids_and_utenze(client, crowd, page):
    asked_for = queries(client, page)
    assert len(asked_for) <= AT_MOST, "\n".join(asked_for)


def test_the_list_of_several_pharmacies_shows_both_lights_the_most_urgent_first(
    client, anna, certified, utenza, context
):
    make_titolare(anna, make_pharmacy("0001", "Alfa"))
    ask(client)
    words = text(client.get("/servizi/"))
    assert "Ricetta SSN: scade domani alle 00:58" in words
    assert "Ricetta bianca: scade domani alle 00:58" in words


def test_the_button_writes_one_letter_with_both_ids(client):
    ask(client)
    assert {row.letter_id for row in IdSessione.objects.all()} == {OutgoingMail.objects.get(kind="issued").pk}


def test_a_pending_change_is_said_on_the_overview(client, san_marco, anna):
    examined = ExaminedAddress("nuova@farmacia.it", "nuova@farmacia.it", "farmacia.it", None, False)
    MailCertification.objects.begin_and_send(san_marco, examined, anna, MORNING)
    words = text(client.get(HOME))
    assert "Modifica in corso. Il codice per nuova@farmacia.it è in partenza: manca solo la conferma." in words
    assert "Fino alla conferma resta valido l’indirizzo di adesso." in words
    assert "Riprendi: inserisci il codice" in words
    OutgoingMail.objects.filter(kind="code").update(failed_at=MORNING, last_answer="552 5.2.2 casella piena")
    words = text(client.get(HOME))
    assert "Il codice inviato a nuova@farmacia.it non è stato consegnato" in words
    assert "Riprendi: scegli come continuare" in words


def test_the_script_gets_the_part_that_changes_and_no_more(client):
    ask(client)
    for page in (HOME, PAGE):
        part = client.get(page, headers={"X-Frammento": "1"}).content.decode()
        assert 'id="gli-id" data-live data-on-its-way' in part
        assert "<header" not in part
        assert "Cronologia" not in part
    OutgoingMail.objects.update(accepted_at=MORNING)
    assert "data-on-its-way" not in client.get(HOME, headers={"X-Frammento": "1"}).content.decode()


def test_a_page_with_a_pending_change_asks_few_questions_too(client, crowd, san_marco, anna):
    examined = ExaminedAddress("nuova@farmacia.it", "nuova@farmacia.it", "farmacia.it", None, False)
    MailCertification.objects.begin_and_send(san_marco, examined, anna, MORNING)
    asked_for = queries(client, HOME)
    assert len(asked_for) <= AT_MOST, "\n".join(asked_for)


def test_certify_in_the_list_leads_straight_to_the_certification(client, anna):
    make_titolare(anna, make_pharmacy("0001", "Alfa"))
    assert 'href="/servizi/0001/sicurezza/certifica-mail/"' in client.get("/servizi/").content.decode()
