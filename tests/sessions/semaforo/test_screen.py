"""The semaforo on the screen at the counter: what it shows, what it never shows, what it costs."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client, override_settings

from pharmacies.models import MailCertification, Office, Utenza
from sessions.ids import issuing, revoking, using
from sessions.models import AskableContext, Context, IdSessione, SemaforoLink
from sessions.semaforo import board, link, views
from tests.conftest import ANNA
from tests.sessions.conftest import MORNING, make_utenza

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def clock():
    views.OF_A_PLACE.forget()
    views.OF_A_SCREEN.forget()
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def path(anna, san_marco, certified) -> str:
    return f"/semaforo/{link.make(san_marco, anna, MORNING)}/"


@pytest.fixture
def white(db) -> Context:
    return Context.objects.get(contesto="RICETTA-BIANCA", applicazione="EROGATORE")


def lights(html: str) -> dict[str, tuple[str, str]]:
    """By kind of prescription: the colour and the text of its light."""
    found = re.findall(r'<li class="light (\w+)">.*?<h2>(.*?)</h2>(.*?)</li>', html, re.DOTALL)
    return {name: (kind, " ".join(re.sub(r"<[^>]+>", " ", rest).split())) for kind, name, rest in found}


def seen(path: str) -> dict[str, tuple[str, str]]:
    answer = Client().get(path)
    assert answer.status_code == 200
    return lights(answer.content.decode())


def test_a_light_for_each_kind_says_until_when(path, utenza, context, white, clock) -> None:
    issuing.issue(utenza, context, MORNING)
    issuing.issue(utenza, white, MORNING - 8 * HOUR)
    assert seen(path)[context.kind] == ("ok", "Valido fino a domani alle 00:58")
    assert seen(path)[white.kind] == ("ok", "Valido fino alle 16:58")
    clock.move_to(MORNING + 7 * HOUR)
    assert seen(path)[white.kind] == ("warn", "In scadenza fino alle 16:58")
    clock.move_to(MORNING + 8 * HOUR)
    assert seen(path)[white.kind][0] == "bad"
    assert "Manca" in seen(path)[white.kind][1]
    assert seen(path)[context.kind][0] == "ok"


def test_a_kind_that_nobody_asks_for_is_grey_and_last(path, utenza, context, white) -> None:
    issuing.issue(utenza, white, MORNING)
    found = seen(path)
    assert next(iter(found)) == white.kind
    assert found == {white.kind: found[white.kind], context.kind: ("off", "Nessun ID")}  # one light for RICETTA-DEM


def test_a_kind_that_the_site_may_not_ask_for_has_no_light(path, white) -> None:
    AskableContext.objects.filter(context=white).delete()
    assert white.kind not in seen(path)
    assert not any("prescrive" in name for name in seen(path))


def test_an_utenza_without_an_id_is_counted(path, utenza, context, san_marco, anna) -> None:
    other = make_utenza("ALTRA", san_marco)
    issuing.issue(utenza, context, MORNING)
    row = issuing.issue(other, context, MORNING).id_sessione
    revoking.revoke(row, anna, MORNING)
    assert seen(path)[context.kind] == ("warn", "Valido in parte fino a domani alle 00:58 Manca a 1 utenza.")
    Utenza.objects.filter(pk=other.pk).update(disabled_at=MORNING)
    assert seen(path)[context.kind][0] == "ok"


def test_with_overlapping_ids_the_longest_of_the_utenza_counts(path, utenza, context) -> None:
    using.use(issuing.issue(utenza, context, MORNING - 15.5 * HOUR).id_sessione, MORNING)
    assert seen(path)[context.kind][0] == "warn"
    issuing.issue(utenza, context, MORNING)
    assert seen(path)[context.kind] == ("ok", "Valido fino a domani alle 00:58")


@pytest.mark.parametrize("change", ["revoked", "utenza blocked", "live"])
def test_a_light_counts_the_ids_that_are_live(change, path, utenza, context, anna) -> None:
    row = issuing.issue(utenza, context, MORNING).id_sessione
    if change == "revoked":
        revoking.revoke(row, anna, MORNING)
    if change == "utenza blocked":
        Utenza.objects.update(blocked_at=MORNING)
    assert ("Valido" in seen(path)[context.kind][1]) is IdSessione.objects.live(MORNING).exists()


def test_the_page_holds_nothing_else(path, utenza, context, san_marco, certified) -> None:
    issued = issuing.issue(utenza, context, MORNING)
    html = Client().get(path).content.decode()
    for secret in (
        issued.plain,
        issued.plain[-4:],
        certified.address,
        utenza.user_id,
        san_marco.code,
        "Rossi",
        "Via Roma",
    ):
        assert secret not in html
    assert "<script" not in html
    assert "<a " not in html
    assert path.split("/")[2] not in html


def test_the_headers_keep_the_address_and_the_page_to_themselves(path) -> None:
    for address in (path, f"/semaforo/{'A' * 43}/"):
        answer = Client().get(address)
        assert answer["Cache-Control"] == "no-store"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer["X-Robots-Tag"]
        assert '<meta name="robots" content="noindex' in answer.content.decode()
        assert "Set-Cookie" not in answer
        assert "Vary" not in answer
    assert Client().post(path).status_code == 405


def test_the_page_asks_again_within_a_minute_and_sooner_near_an_end(path, utenza, context, clock) -> None:
    def refresh() -> int:
        return int(re.search(r'http-equiv="refresh" content="(\d+)"', Client().get(path).content.decode())[1])

    end = issuing.issue(utenza, context, MORNING).id_sessione.expires_at
    assert refresh() == 60
    clock.move_to(end - timedelta(seconds=25))
    assert refresh() == 26
    clock.move_to(end - timedelta(seconds=2))
    assert refresh() == board.SOONEST


def test_a_view_is_one_query_and_a_wrong_address_costs_the_same(
    path, utenza, context, white, django_assert_num_queries
):
    for kind in (context, white):
        issuing.issue(utenza, kind, MORNING)
    browser = Client()
    browser.get(path)  # writes the hour of the last use
    with django_assert_num_queries(1):
        browser.get(path)
    with django_assert_num_queries(1):
        assert browser.get(f"/semaforo/{'A' * 43}/").status_code == 404


def test_the_last_use_is_written_once_an_hour(path, clock) -> None:
    for minutes, written in ((0, 0), (59, 0), (60, 60), (90, 60), (121, 121)):
        clock.move_to(MORNING + timedelta(minutes=minutes))
        Client().get(path)
        assert SemaforoLink.objects.get().used_at == MORNING + timedelta(minutes=written)


def test_a_wrong_address_says_what_to_do(path) -> None:
    answer = Client().get(f"/semaforo/{'A' * 43}/")
    assert answer.status_code == 404
    assert "Questo semaforo è spento" in answer.content.decode()
    assert "crea un indirizzo nuovo" in answer.content.decode()


def test_too_many_requests_are_told_to_wait(path) -> None:
    browser = Client()
    answers = [browser.get(path) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert answers[-1]["Retry-After"] == "60"
    assert "Troppe richieste" in answers[-1].content.decode()
    assert Client(REMOTE_ADDR="203.0.113.9").get(path).status_code == 200


def test_guesses_from_one_place_are_limited_too(path) -> None:
    browser = Client()
    statuses = [browser.get(f"/semaforo/{number:043d}/").status_code for number in range(301)]
    assert statuses == [404] * 300 + [429]


@override_settings(SUCCESSION_FOR=timedelta(days=30))
@pytest.mark.parametrize("days", [0, 29, 30, 31])
@pytest.mark.parametrize("left", [True, False])
def test_the_address_works_as_long_as_the_queryset_says(path, san_marco, clock, days, left) -> None:
    if left:
        Office.objects.filter(pharmacy=san_marco, codice_fiscale=ANNA).update(until=MORNING)
    now = MORNING + days * DAY
    clock.move_to(now)
    works = SemaforoLink.objects.working(now).exists()
    assert works is (not left or days < 30)
    assert Client().get(path).status_code == (200 if works else 404)


def test_the_address_ends_with_the_certified_one_until_it_is_kept(path, anna, san_marco, certified) -> None:
    MailCertification.objects.filter(pk=certified.pk).update(revoked_at=MORNING)
    assert Client().get(path).status_code == 404
    assert not SemaforoLink.objects.working(MORNING).exists()
    row = SemaforoLink.objects.get()
    assert not link.keep(row, anna, MORNING)  # no address yet
    certified.pk = None
    certified.address = certified.address_key = "nuova@farmaciasanmarco.it"
    certified.save(force_insert=True)
    assert Client().get(path).status_code == 404
    assert link.keep(row, anna, MORNING)
    assert Client().get(path).status_code == 200


def test_a_pharmacy_that_the_register_closes_has_no_semaforo(path, san_marco) -> None:
    san_marco.closed_on = MORNING.date()
    san_marco.save()
    assert Client().get(path).status_code == 404
