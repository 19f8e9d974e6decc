"""«Errore 9101? Incollalo qui»: why the till refuses an id of this pharmacy, and nothing about the ids of others."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from pharmacies.models import MailCertification, Office, Utenza
from portal.journal.models import Entry
from sessions.ids import issuing, revoking, till_check, using
from sessions.ids.till_check import Why
from sessions.models import Context
from tests.conftest import BRUNO, DARIO, sign_in
from tests.sessions.conftest import MORNING, make_utenza
from tests.sessions.ids.test_manage_page import text

PAGE = "/servizi/4512/id-sessione/errore-9101/"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def client(anna, certified, utenza, context) -> Client:
    return sign_in(Client(), anna)


@pytest.fixture
def white(db) -> Context:
    return Context.objects.get(contesto="RICETTA-BIANCA", applicazione="EROGATORE")


def paste(client: Client, code: str, **also: object) -> str:
    return text(client.post(PAGE, {"codice": code, **also}, follow=True).content.decode())


def other_digit(plain: str, place: int) -> str:
    return plain[:place] + ("0" if plain[place] != "0" else "1") + plain[place + 1 :]


def test_a_valid_id_says_what_else_it_may_be(client, utenza, context) -> None:
    plain = issuing.issue(utenza, context, MORNING).plain
    page = paste(client, f"ID-SESSIONE: {plain.upper()}")
    assert "Per il portale è valido" in page
    assert f"Serve per: {context.name}, utenza {utenza.user_id}" in page
    assert "che il programma abbia preso il codice nuovo" in page
    assert f"Mostra l’ID …{plain[-4:]}" in page


def test_an_id_of_another_kind_or_utenza_is_named(client, utenza, context, white, san_marco) -> None:
    plain = issuing.issue(utenza, context, MORNING).plain
    assert "Serve per un altro tipo di ricetta" in paste(client, plain, uso=white.pk)
    other = make_utenza("ALTRA", san_marco)
    assert "È di un’altra utenza" in paste(client, plain, utenza=other.pk)
    assert "Per il portale è valido" in paste(client, plain, uso=context.pk, utenza=utenza.pk)


def test_for_another_kind_the_button_gives_the_id_of_that_kind(client, utenza, context, white) -> None:
    plain = issuing.issue(utenza, context, MORNING).plain
    assert "Richiedi un nuovo ID SESSIONE" in paste(client, plain, uso=white.pk)
    right = issuing.issue(utenza, white, MORNING).id_sessione
    assert f"Mostra l’ID …{right.last4}" in paste(client, plain, uso=white.pk)


def test_an_expired_id_says_until_when_and_the_button_asks_for_one(client, utenza, context, white) -> None:
    plain = issuing.issue(utenza, white, MORNING - 17 * HOUR).plain
    html = client.post(PAGE, {"codice": plain}, follow=True).content.decode()
    assert "È scaduto" in html
    assert "Valeva fino a oggi alle 07:58" in text(html)
    form = re.search(r'action="([^"]+/richiedi/)">.*?</form>', html, re.DOTALL)
    fields = dict(re.findall(r'type="hidden" name="(utenza|uso)" value="(\d+)"', form[0]))
    client.post(form[1], fields)
    assert issuing.IdSessione.objects.of(utenza, white).live(MORNING).count() == 1


def test_a_replaced_id_names_the_newer_one(client, utenza, context, clock) -> None:
    old = issuing.issue(utenza, context, MORNING - 2 * HOUR)
    new = issuing.issue(utenza, context, MORNING - HOUR).id_sessione
    page = paste(client, old.plain)
    assert "È stato sostituito" in page
    assert f"Oggi alle 07:58 ha preso il suo posto quello che finisce con …{new.last4}" in page
    assert f"Mostra l’ID …{new.last4}" in page


def test_the_first_use_of_a_newer_id_counts_as_replacing(client, utenza, context) -> None:
    old = issuing.issue(utenza, context, MORNING - 3 * HOUR)
    using.use(old.id_sessione, MORNING - 3 * HOUR)
    using.use(issuing.issue(utenza, context, MORNING - HOUR).id_sessione, MORNING)
    assert "È stato sostituito" in paste(client, old.plain)


def test_a_revoked_id_names_the_person_and_the_time(client, utenza, context, anna) -> None:
    issued = issuing.issue(utenza, context, MORNING - HOUR)
    revoking.revoke(issued.id_sessione, anna, MORNING)
    assert "Oggi alle 08:58 lo ha revocato Anna Rossi" in paste(client, issued.plain)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("address", "l’indirizzo certificato è stato revocato"),
        ("disabled", "è disabilitata"),
        ("blocked", "è bloccata"),
    ],
)
def test_other_ends_are_named(change, words, client, utenza, context, certified) -> None:
    plain = issuing.issue(utenza, context, MORNING - HOUR).plain
    if change == "address":
        MailCertification.objects.filter(pk=certified.pk).update(revoked_at=MORNING)
    else:
        Utenza.objects.update(**{f"{change}_at": MORNING})
    assert words in paste(client, plain)


def test_a_misspelt_live_id_is_found_and_a_dead_one_is_not(client, utenza, context, anna) -> None:
    issued = issuing.issue(utenza, context, MORNING)
    wrong = other_digit(issued.plain, 3)
    page = paste(client, wrong)
    assert "C’è un errore di copiatura" in page
    assert f"finisce con …{issued.plain[-4:]}" in page
    revoking.revoke(issued.id_sessione, anna, MORNING)
    assert "Non è uno dei vostri" in paste(client, wrong)


def test_an_id_of_another_pharmacy_is_as_unknown_as_one_of_nobody(client, al_redentore, bruno, context) -> None:
    MailCertification.objects.create(
        pharmacy=al_redentore, address="b@alredentore.it", address_key="b@alredentore.it", requested_by=bruno,
        requested_at=MORNING - HOUR, certified_at=MORNING - HOUR, certified_by=bruno, certified_with="SPID livello 2",
    )  # fmt: skip
    plain = issuing.issue(make_utenza("SUA", al_redentore), context, MORNING).plain
    pages = [paste(client, code) for code in (plain, other_digit(plain, 0), str(uuid4()), "pippo", "a" * 400)]
    assert len(set(pages)) == 1
    assert "Non è uno dei vostri" in pages[0]


def test_the_same_queries_run_whatever_the_code_is(san_marco, certified, utenza, context, anna) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    plain = issuing.issue(utenza, context, MORNING).plain
    counts = set()
    for code in (plain, other_digit(plain, 5), str(uuid4()), "pippo"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            till_check.find(san_marco, code, MORNING)
        counts.add(len(queries))
    assert counts == {2}


def test_the_code_is_kept_nowhere(client, utenza, context, caplog) -> None:
    plain = issuing.issue(utenza, context, MORNING).plain
    wrong = other_digit(plain, 3)
    for code in (plain, wrong, wrong + "X" * 400):
        answer = client.post(PAGE, {"codice": code})
        assert code[:12] not in answer.headers.get("Location", "") + answer.content.decode()
        assert code[:12] not in client.get(PAGE).content.decode()
        assert code[:12] not in caplog.text
    assert not [row for row in Session.objects.all() if wrong[:12] in str(row.get_decoded())]
    lines = Entry.objects.filter(verb="id.checked")
    assert lines.count() == 2
    assert all(line.detail == {} and line.subject == "" for line in lines)


def test_the_answer_is_shown_once_and_back_sends_nothing(client, utenza, context) -> None:
    plain = issuing.issue(utenza, context, MORNING).plain
    answer = client.post(PAGE, {"codice": plain})
    assert answer.status_code == 302
    assert "Per il portale è valido" in text(client.get(PAGE).content.decode())
    assert "Per il portale è valido" not in text(client.get(PAGE).content.decode())
    assert "no-store" in client.get(PAGE)["Cache-Control"]


def test_a_person_and_a_pharmacy_may_check_so_many_codes(client, bruno, san_marco, clock) -> None:
    pages = [paste(client, "pippo") for _ in range(till_check.OF_A_PERSON + 1)]
    assert "Non è uno dei vostri" in pages[-2]
    assert "Hai controllato molti codici in pochi minuti: potrai riprovare dalle 09:13" in pages[-1]
    assert "Non è uno dei vostri" not in pages[-1]
    Office.objects.create(pharmacy=san_marco, codice_fiscale=BRUNO, role="direttore", since=MORNING - HOUR)
    assert "Non è uno dei vostri" in paste(sign_in(Client(), bruno), "pippo")
    clock.shift(till_check.WITHIN)
    assert "Non è uno dei vostri" in paste(client, "pippo")


def test_a_delegate_without_the_ids_may_not(client, dario, san_marco) -> None:
    stranger = sign_in(Client(), dario)
    assert stranger.post(PAGE, {"codice": "pippo"}).status_code == 404
    Office.objects.create(
        pharmacy=san_marco, codice_fiscale=DARIO, role="delegate", since=MORNING - HOUR, may_use_ids=False
    )
    assert stranger.post(PAGE, {"codice": "pippo"}).status_code == 403


ids = st.integers(0, 2**128 - 1).map(lambda number: str(UUID(int=number)))


@given(
    ids,
    st.integers(0, 31),
    st.sampled_from("0123456789abcdefol"),
    st.sampled_from(["wrong", "missing", "extra", "swapped"]),
)
def test_one_character_off_is_near(plain, place, letter, how) -> None:
    bare = plain.replace("-", "")
    typed = {
        "wrong": bare[:place] + letter + bare[place + 1 :],
        "missing": bare[:place] + bare[place + 1 :],
        "extra": bare[:place] + letter + bare[place:],
        "swapped": bare[:place] + bare[place : place + 2][::-1] + bare[place + 2 :],
    }[how]
    assert till_check._near(typed, bare)
    assert till_check._near(bare, typed)


@given(ids, ids)
def test_near_is_the_distance_of_one(one, other) -> None:
    one, other = one.replace("-", ""), other.replace("-", "")[:3] + one.replace("-", "")[3:]
    assert till_check._near(other, one) is (_distance(other, one) <= 1)


def _distance(typed: str, plain: str) -> int:
    """The optimal string alignment distance, by its table."""
    rows = [[max(i, j) if not i or not j else 0 for j in range(len(plain) + 1)] for i in range(len(typed) + 1)]
    for i in range(1, len(typed) + 1):
        for j in range(1, len(plain) + 1):
            rows[i][j] = min(
                rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (typed[i - 1] != plain[j - 1])
            )
            if i > 1 and j > 1 and typed[i - 1] == plain[j - 2] and typed[i - 2] == plain[j - 1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@pytest.mark.django_db
def test_two_wrong_characters_are_not_a_misspelling(san_marco, certified, utenza, context) -> None:
    plain = issuing.issue(utenza, context, MORNING).plain
    assert till_check.find(san_marco, other_digit(other_digit(plain, 0), 35), MORNING).why is Why.NOT_OURS
    assert till_check.find(san_marco, other_digit(plain, 0), MORNING).why is Why.MISTYPED
    assert till_check.find(san_marco, plain.replace("-", ""), MORNING).why is Why.MISTYPED
