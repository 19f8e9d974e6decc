"""«Stato delle sessioni»: every pharmacy for the staff, and the search for one."""

import re
from datetime import date, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pharmacies.models import Utenza
from portal.time.clock import ROME
from sessions.ids import issuing, revoking, using
from sessions.models import Context, IdSessione, NightDuty, Reminder
from sessions.staff.lists.pharmacy_listing import Key
from sessions.staff.lists.urgency import Urgency, of_today, segments, urgency_of
from tests.conftest import make_pharmacy
from tests.sessions.staff.conftest import NOW, STATUS, counter, rows, utenza_of, words

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def test_the_page_says_when_it_was_made_in_italian_time(page):
    assert "Aggiornato alle 14:32:10 · ora di Roma" in words(page())


def test_a_live_id_is_shown_with_its_time_left_expiry_last_four_and_delivery(page, give_id):
    give_id(make_pharmacy("4512", "San Marco"), 9 * HOUR + 26 * MINUTE, answer="250 2.0.0 Ok")

    assert rows(page()) == [
        "Farmacia San Marco 4512 · Trento (TN) Attiva 9 h 26 min oggi 23:58 …4hwd "
        "id•••@farmacia4512.it Accettato dal server Invia di nuovo a Farmacia San Marco"
    ]


def test_an_id_with_less_than_an_hour_is_expiring(page, give_id):
    give_id(left=42 * MINUTE)

    assert "In scadenza 42 min oggi 15:14" in rows(page())[0]


def test_an_id_that_expired_since_midnight_says_since_when(page, give_id):
    give_id(left=-(6 * HOUR + 12 * MINUTE))

    assert "Scaduta Scaduta da 6 h 12 min oggi 08:20" in rows(page())[0]


def test_an_id_whose_letter_was_refused_says_why(page, give_id):
    give_id(answer="552 5.2.2 <idsessione@farmacia.it>: mailbox full")

    row = rows(page())[0]
    assert "Non consegnata" in row
    assert "Rifiutato: casella piena" in row


def test_an_id_whose_letter_has_not_left_yet_is_waiting(page, give_id):
    give_id(answer=None)

    assert "In attesa" in rows(page())[0]


def test_the_most_urgent_come_first_and_then_by_time_left(page, give_id):
    give_id(left=9 * HOUR, name="Quinta")
    give_id(left=-2 * HOUR, name="Quarta")
    give_id(left=50 * MINUTE, name="Terza")
    give_id(left=5 * MINUTE, name="Seconda")
    give_id(left=12 * HOUR, name="Prima", answer="550 5.1.1 no such user")

    found = [row.split()[1] for row in rows(page())]

    assert found == ["Prima", "Seconda", "Terza", "Quarta", "Quinta"]


def test_a_pharmacy_has_one_row_and_the_renewal_counts(page, give_id):
    pharmacy = make_pharmacy("4512", "San Marco")
    give_id(pharmacy, 30 * MINUTE, last4="old1", first_used_at=NOW - 10 * HOUR)
    give_id(pharmacy, 15 * HOUR, last4="new1")

    html = page()

    assert len(rows(html)) == 1
    assert "…new1" in rows(html)[0]
    assert counter(html, "In scadenza") == 0


def panel(html: str) -> str:
    return words(
        re.search(r'<section class="panel muted" aria-labelledby="da-seguire">(.*?)</section>', html, re.DOTALL)[1]
    )


def test_who_is_to_follow_is_said_with_the_reason(page, give_id):
    give_id(left=9 * HOUR, name="Tranquilla")
    give_id(left=5 * MINUTE, name="Imminente")
    give_id(left=9 * HOUR, name="Piena", answer="552 5.2.2 mailbox full")
    give_id(left=16 * HOUR - 4 * MINUTE, name="Appena", answer=None)
    give_id(left=16 * HOUR - 6 * MINUTE, name="Lenta", answer=None)
    utenza_of(make_pharmacy("9", "Chiusa")).block(None, "troppi indirizzi", NOW - HOUR)

    assert panel(page()) == (
        "Da seguire Farmacia Chiusa Utenza {} bloccata per un’anomalia, oggi 13:32 Farmacia Piena Rifiutato: casella piena "
        "Farmacia Lenta Consegna in ritardo da 6 min"
    ).format(Utenza.objects.get(pharmacy__code="9").user_id)


def test_a_pharmacy_that_is_on_duty_tonight_with_an_expired_id_is_to_follow(page, give_id):
    on_duty = give_id(left=-2 * HOUR, name="Notturna").pharmacy
    NightDuty.objects.create(pharmacy=on_duty, evening=NOW.date())
    NightDuty.objects.create(pharmacy=give_id(left=-HOUR, name="Domani").pharmacy, evening=NOW.date() + 24 * HOUR)
    NightDuty.objects.create(pharmacy=give_id(left=HOUR * 9, name="Pronta").pharmacy, evening=NOW.date())

    html = page()

    assert panel(html) == "Da seguire Farmacia Notturna Di turno stanotte, ID scaduto da 2 h"
    assert "Scadute 2 1 di turno stanotte" in words(html)


@pytest.mark.parametrize(("hour", "evening"), [(2, 22), (8, 22), (9, 23), (23, 23)])
def test_tonight_is_the_night_that_runs_until_the_morning(san_marco, hour, evening):
    for day in (22, 23, 24):
        NightDuty.objects.create(pharmacy=san_marco, evening=date(2026, 11, day))

    at = datetime(2026, 11, 23, hour, 15, tzinfo=ROME)

    assert [night.evening.day for night in NightDuty.objects.of_tonight(at)] == [evening]


def test_reminders_that_did_not_leave_are_said_to_the_staff(page, give_id):
    row = give_id(left=50 * MINUTE)
    Reminder.objects.create(id_sessione=row, minutes_before=60, due_at=NOW - 10 * MINUTE)

    assert "Un promemoria non è ancora partito: il più vecchio doveva partire da 10 min." in panel(page())


def test_a_reminder_that_is_due_this_minute_is_not_late(page, give_id):
    row = give_id(left=59 * MINUTE)
    Reminder.objects.create(id_sessione=row, minutes_before=60, due_at=NOW - MINUTE)

    assert "Promemoria in ritardo" not in panel(page())


def test_only_a_live_id_can_be_sent_again(page, give_id):
    live = give_id(left=HOUR * 2)
    give_id(left=-HOUR)

    assert re.findall(r'href="([^"]*invia-di-nuovo[^"]*)"', page()) == [
        f"{STATUS}{live.pharmacy.code}/invia-di-nuovo/{live.pk}/"
    ]


def test_a_revoked_id_leaves_the_list_of_today(page, give_id):
    give_id(revoked_at=NOW - HOUR)

    assert rows(page()) == []
    assert "Revocata" in rows(page("stato=senza-id"))[0]


def test_an_id_whose_address_was_revoked_is_no_longer_live(page, give_id):
    certification = give_id().certification
    certification.revoked_at = NOW - MINUTE
    certification.save()

    html = page()

    assert rows(html) == []
    assert counter(html, "Attive") == 0


def test_an_id_that_expired_yesterday_is_not_of_today(page, give_id):
    give_id(left=-15 * HOUR)  # 23:32 of yesterday in Italy

    assert rows(page()) == []
    assert "Scaduta ieri o prima" in rows(page("stato=senza-id"))[0]


def test_each_counter_says_as_many_as_the_list_it_links_to(page, give_id):
    for left in (9 * HOUR, 8 * HOUR, 7 * HOUR, 30 * MINUTE, -HOUR, -2 * HOUR):
        give_id(left=left)
    give_id(left=3 * HOUR, answer="550 5.1.1 no such user")
    give_id(left=-30 * HOUR).utenza.block(None, "anomalia", NOW - HOUR)
    make_pharmacy("1", "Nuova")
    html = page()

    tiles = re.findall(r'class="counter [^"]*" href="([^"]*)".*?<strong[^>]*>(\d+)<', html, re.DOTALL)

    assert [int(number) for _, number in tiles] == [5, 1, 2, 1, 1, 1]
    assert [len(rows(page(unescape(url).partition("?")[2]))) for url, _ in tiles] == [5, 1, 2, 1, 1, 1]


def test_the_counter_of_the_list_on_the_page_is_marked(page, give_id):
    give_id()

    assert re.search(r'href="[^"]*stato=attive" aria-current="true"', page("stato=attive"))


def test_neither_the_id_nor_the_whole_address_is_on_the_page(page, give_id):
    pharmacy = give_id(answer="550 5.1.1 <idsessione@farmacia9.it> unknown").pharmacy

    html = page()

    assert f"idsessione@farmacia{pharmacy.code}.it" not in html
    assert "idsessione@" not in html


def test_the_drawing_says_in_words_and_in_a_table_how_many_expire_in_each_hour(page, give_id):
    for left in (10 * MINUTE, 20 * MINUTE, 3 * HOUR + MINUTE):
        give_id(left=left)

    html = page()

    assert "Dalle 14:32 alle 15:32: 2." in html
    assert re.search(r'<th scope="row">17:32</th><td>18:32</td><td>1</td>', html)
    assert len(re.findall(r'<svg class="chart-drawing".*?role="img"', html)) == 2


def test_the_number_of_queries_does_not_grow_with_the_pharmacies(carla_client, give_id, django_assert_max_num_queries):
    for _ in range(40):
        give_id()
    make_pharmacy("1", "Senza")
    carla_client.get(STATUS)  # the first request of a session writes it

    # 17 for any number of pharmacies; in production the counters, the places and the suppliers are kept for some seconds
    with django_assert_max_num_queries(17):
        carla_client.get(f"{STATUS}?stato=tutte&cerca=a&provincia=TN")
    with django_assert_max_num_queries(17):
        carla_client.get(f"{STATUS}?stato=tutte&dopo={Key(3, NOW, 1)}")


def test_the_page_reads_no_secret_from_the_database(carla_client, give_id):
    give_id()
    with CaptureQueriesContext(connection) as captured:
        carla_client.get(STATUS)

    assert not [q["sql"] for q in captured if re.search(r"sealed_source|\"sealed\"|digest|pincode", q["sql"])]


def test_the_rule_for_many_rows_agrees_with_the_rule_for_one(give_id):
    lefts = (9 * HOUR, HOUR, HOUR + timedelta(seconds=1), timedelta(0), -MINUTE, -14 * HOUR - 32 * MINUTE, -20 * HOUR)
    for left in lefts:
        for answer in ("250 Ok", None, "550 no"):
            give_id(left=left, answer=answer)
            give_id(left=left, answer=answer, revoked_at=NOW + left - HOUR)
            blocked = give_id(left=left, answer=answer).utenza
            blocked.blocked_at = NOW + min(left, timedelta(0)) + MINUTE if left < timedelta(0) else NOW - MINUTE
            blocked.save()
    of_day = {
        pk: list(Urgency).index(urgency)
        for urgency, condition in segments(NOW).items()
        for pk in of_today(NOW).filter(condition).values_list("pk", flat=True)
    }

    by_row = {row.pk: urgency_of(row, NOW) for row in IdSessione.objects.with_facts()}

    shown = (Urgency.UNDELIVERED, Urgency.EXPIRING, Urgency.EXPIRED_TODAY, Urgency.LIVE)
    expected = {pk: list(Urgency).index(found) for pk, found in by_row.items() if found in shown}
    assert of_day == expected
    assert len(of_day) == of_today(NOW).count()
    assert len(expected) > 20


def test_an_id_that_expired_after_a_later_one_was_asked_for_is_no_news(page, certified, utenza, carla):
    first = issuing.issue(utenza, Context.objects.usual(), NOW - 17 * HOUR).id_sessione
    using.use(first, NOW - 16 * HOUR)
    later = issuing.issue(utenza, Context.objects.usual(), NOW - 2 * HOUR).id_sessione

    first.refresh_from_db()
    assert first.outlived_at == NOW - 2 * HOUR
    assert IdSessione.objects.get(pk=later.pk).outlived_at is None
    assert f"…{later.last4}" in rows(page())[0]

    revoking.revoke(later, carla, NOW)

    assert rows(page()) == []
    assert counter(page(), "Scadute") == 0
    assert "Revocata" in rows(page("stato=tutte"))[0]


def test_while_the_earlier_id_still_lives_it_counts_when_the_later_one_is_revoked(page, certified, utenza, carla):
    first = issuing.issue(utenza, Context.objects.usual(), NOW - HOUR).id_sessione
    using.use(first, NOW - HOUR)
    later = issuing.issue(utenza, Context.objects.usual(), NOW - MINUTE).id_sessione

    revoking.revoke(later, carla, NOW)

    assert f"…{first.last4}" in rows(page())[0]
    assert counter(page(), "Attive") == 1
