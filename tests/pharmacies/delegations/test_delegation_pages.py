"""«Persone»: a titolare gives a delegation, changes it, takes it back; the address and the delegate are told."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pharmacies.delegations.forms import a_year_after
from pharmacies.models import Office, OfficeSource
from portal.identity.models import LoginRecord, User
from portal.journal.models import Entry
from portal.time.clock import ROME
from sessions.ids import issuing
from sessions.models import Context, IdSessione
from tests.conftest import ANNA, BRUNO, DARIO, make_pharmacy, sign_in
from tests.pharmacies.letters import letters, parts_of, text_of
from tests.pharmacies.pages import content

PEOPLE, GIVE = reverse("pharmacies:people", args=["4512"]), reverse("pharmacies:delegation_give", args=["4512"])
MARIA_WITH_OMOCODIA = "BRNMRA84D55H50MN"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
Role = Office.Role


def today():
    return timezone.now().astimezone(ROME).date()


def in_days(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()


def give(client, typed=DARIO, until=None, cosa=("id",), **fields):
    form = {"codice_fiscale": typed, "nome": "Dario", "cognome": "Verdi", "fino_al": until or in_days(90), "cosa": cosa}
    return client.post(GIVE, {**form, **fields}, follow=True)


def change(client, until: str, *cosa: str):
    return client.post(act("delegation_change"), {"fino_al": until, "cosa": cosa}, follow=True)


def act(name: str, office: Office | None = None) -> str:
    return reverse(f"pharmacies:{name}", args=["4512", (office or given()).pk])


def given() -> Office:
    return Office.objects.get(source=OfficeSource.DELEGATION)


def news() -> list[str]:
    return [text_of(letter) for letter in letters("notice")]


def logged_in(user: User, at=None) -> None:
    LoginRecord.objects.create(user=user, provider="spid", level=2, outcome="ok", at=at or timezone.now())


def sees_the_ids(client) -> bool:
    return client.get(reverse("sessions:manage", args=["4512"])).status_code == 200


def test_a_titolare_delegates_and_the_person_works_at_once(anna_client, dario_client, certified, utenza):
    assert dario_client.get(reverse("pharmacies:overview", args=["4512"])).status_code == 404
    answer = give(anna_client)
    assert answer.redirect_chain[-1][0] == PEOPLE
    assert "Delega data a Dario Verdi" in content(answer)
    assert sees_the_ids(dario_client)
    assert dario_client.get(reverse("sessions:reminders", args=["4512"])).status_code == 403
    office = given()
    assert (office.written_by.codice_fiscale, office.role) == (ANNA, Role.DELEGATE)
    assert office.until.astimezone(ROME).time() == datetime.min.time()


def test_the_address_is_told_of_each_act_and_the_journal_keeps_it(anna_client, certified):
    give(anna_client, cosa=("id", "orari"))
    change(anna_client, in_days(10), "orari")
    anna_client.post(act("delegation_take_back"))
    first, second, third = news()
    assert "Anna Rossi ha dato una delega a Dario Verdi" in first
    assert "ID SESSIONE, orari e promemoria" in first
    assert "ha cambiato la delega" in second
    assert "può usare: orari e promemoria." in second
    assert "ha tolto la delega" in third
    assert all(DARIO not in part for letter in letters("notice") for part in parts_of(letter))
    lines = Entry.objects.filter(about="4512", verb__startswith="office.").order_by("pk")
    assert [line.verb for line in lines] == ["office.given", "office.corrected", "office.ended"]
    assert "delegato (ID SESSIONE, orari e promemoria)" in lines[0].sentence
    assert not [line for line in lines if DARIO in line.sentence]


@pytest.mark.parametrize(
    "typed",
    [
        MARIA_WITH_OMOCODIA, "brnmra84d55h50mn", "BRN MRA 84D55 H50MN", "C.F.: BRNMRA84D55H50MN.", " BRNMRA84D55H50MN\u200b",
        "Codice fiscale BRN-MRA-84D55-H50MN", "ＢＲＮＭＲＡ８４Ｄ５５Ｈ５０ＭＮ",
    ],
)  # fmt: skip
def test_a_codice_fiscale_is_read_as_people_paste_it(anna_client, anna, typed):
    give(anna_client, typed)
    assert given().codice_fiscale == MARIA_WITH_OMOCODIA


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("VRDDRA82C03L219X", "Il codice fiscale non è corretto"), ("", "Scrivi il codice fiscale"),
        ("01234567897", "di una società"), (ANNA, "È il tuo codice fiscale"), ("x" * 500, "troppo lungo"),
        (f"{DARIO} {BRUNO}", "Il codice fiscale non è corretto"), ("<script>", "Il codice fiscale non è corretto"),
    ],
)  # fmt: skip
def test_another_codice_fiscale_is_refused_with_its_reason(anna_client, anna, typed, why):
    assert why in content(give(anna_client, typed))
    assert not Office.objects.filter(role=Role.DELEGATE).exists()


@pytest.mark.parametrize(
    ("until", "why"),
    [
        (-1, "già passato"),
        (400, "al massimo un anno"),
        ("31/02/2027", "Scrivi il giorno così"),
        ("mai", "Scrivi il giorno"),
    ],
)
def test_a_delegation_ends_within_a_year_and_not_before_today(anna_client, anna, until, why):
    assert why in content(give(anna_client, until=in_days(until) if isinstance(until, int) else until))
    assert not Office.objects.filter(role=Role.DELEGATE).exists()


def test_today_and_a_year_from_today_are_the_first_and_the_last_possible_day(anna_client, anna):
    assert a_year_after(today()).isoformat() in content(anna_client.get(GIVE))
    give(anna_client, until=a_year_after(today()).isoformat())
    change(anna_client, in_days(0), "id")
    assert timezone.now() < given().until <= timezone.now() + timedelta(days=1, hours=1)
    assert a_year_after(date(2028, 2, 29)).isoformat() == "2029-02-28"


def test_a_delegation_for_nothing_is_none(anna_client, anna):
    assert "Scegli almeno una cosa" in content(give(anna_client, cosa=()))
    assert "Scegli tra le cose elencate" in content(give(anna_client, cosa=("certifica",)))


def test_a_holder_needs_no_delegation(anna_client, anna, san_marco):
    Office.objects.create(pharmacy=san_marco, codice_fiscale=DARIO, role=Role.DIRETTORE, since=LONG_AGO)
    assert "è già titolare o direttore" in content(give(anna_client))


def test_a_double_click_gives_one_delegation_and_one_letter(anna_client, certified):
    for _ in range(2):
        assert "Delega data a Dario Verdi" in content(give(anna_client))
    assert given()
    assert len(news()) == 1


def test_a_second_delegation_is_a_change_of_the_first(anna_client, anna):
    give(anna_client)
    assert "ha già una delega" in content(give(anna_client, cosa=("orari",)))
    assert given().may_use_ids


def test_two_tabs_do_not_take_back_twice(anna_client, certified):
    give(anna_client)
    for _ in range(2):
        anna_client.post(act("delegation_take_back"), follow=True)
    late = content(change(anna_client, in_days(20), "id"))
    assert "è già finita" in late
    assert len(news()) == 2
    assert Entry.objects.filter(verb="office.ended").count() == 1


@pytest.mark.parametrize("source", [OfficeSource.FILE, OfficeSource.DESK, OfficeSource.REQUEST])
def test_a_delegation_that_came_otherwise_is_shown_and_left_alone(anna_client, anna, san_marco, source):
    office = Office.objects.create(
        pharmacy=san_marco, codice_fiscale=DARIO, role=Role.DELEGATE, since=LONG_AGO, source=source
    )
    shown = content(anna_client.get(PEOPLE))
    assert "chiama l’assistenza" in shown
    assert act("delegation_take_back", office) not in shown
    assert "ha già una delega" in content(give(anna_client))
    for name in ("delegation_take_back", "delegation_change"):
        anna_client.post(act(name, office), {"fino_al": in_days(3), "cosa": "id"})
    office.refresh_from_db()
    assert office.until is None


def test_taken_back_while_signed_in_ends_this_pharmacy_and_leaves_the_others(
    anna_client, dario_client, certified, utenza
):
    other = make_pharmacy("77", "Altrove")
    Office.objects.create(pharmacy=other, codice_fiscale=DARIO, role=Role.DELEGATE, since=LONG_AGO)
    give(anna_client)
    issuing.request(utenza, Context.objects.usual(), timezone.now(), User.objects.get(codice_fiscale=DARIO))
    anna_client.post(act("delegation_take_back"))
    answer = dario_client.get(reverse("sessions:manage", args=["4512"]))
    assert answer.status_code == 404
    assert "Non operi più per questa farmacia" in content(answer)
    assert dario_client.get(reverse("pharmacies:overview", args=["77"])).status_code == 200
    assert IdSessione.objects.live(timezone.now()).count() == 1  # no till stops
    stranger = sign_in(Client(), User.objects.for_person(BRUNO, "Bruno", "Bianchi"))
    assert "Non operi più" not in content(stranger.get(reverse("sessions:manage", args=["4512"])))


def test_given_again_after_it_was_taken_back(anna_client, dario_client, certified, utenza):
    give(anna_client)
    anna_client.post(act("delegation_take_back"))
    give(anna_client)
    assert sees_the_ids(dario_client)
    assert Office.objects.filter(codice_fiscale=DARIO).count() == 2


def test_the_delegate_reads_the_news_at_the_next_login_only(anna_client, dario, certified, utenza):
    overview = reverse("pharmacies:overview", args=["4512"])
    logged_in(dario, timezone.now() - timedelta(days=2))
    give(anna_client)
    logged_in(dario)
    assert "Anna Rossi ti ha dato una delega per Farmacia San Marco" in content(sign_in(Client(), dario).get(overview))
    change(anna_client, in_days(5), "id", "orari")
    logged_in(dario)
    now_told = content(sign_in(Client(), dario).get(overview))
    assert "Anna Rossi ha cambiato la tua delega" in now_told
    assert "ti ha dato" not in now_told
    logged_in(dario)
    assert "Anna Rossi ha" not in content(sign_in(Client(), dario).get(overview))
    anna_client.post(act("delegation_take_back"))
    logged_in(dario)
    assert "Anna Rossi ha tolto la tua delega" in content(sign_in(Client(), dario).get(reverse("pharmacies:choose")))


def test_the_list_shows_no_more_than_a_holder_may_know(anna_client, dario, certified):
    """The account of a codice fiscale that somebody types may belong to a stranger: neither name nor earlier logins."""
    logged_in(dario, timezone.now() - timedelta(days=1))
    give(anna_client, nome="Un", cognome="Altro")
    shown = content(anna_client.get(PEOPLE))
    assert "Un Altro" in shown
    assert DARIO not in shown
    assert "Dario Verdi" not in shown
    assert "non ancora" in shown
    logged_in(dario)
    assert "non ancora" not in content(anna_client.get(PEOPLE))


def test_a_delegation_that_ends_soon_is_marked_and_one_that_ended_is_gone(anna_client, anna):
    give(anna_client, until=in_days(20))
    assert "Finisce presto" in content(anna_client.get(PEOPLE))
    Office.objects.filter(pk=given().pk).update(until=timezone.now())
    assert "Nessuna delega" in content(anna_client.get(PEOPLE))


def test_only_holders_delegate_and_with_a_fresh_identity(anna, anna_client, dario, bruno_client, certified):
    give(anna_client)
    delegate = sign_in(Client(), dario)
    stale = sign_in(Client(), anna, at=timezone.now() - timedelta(minutes=11))
    for url in (GIVE, act("delegation_change"), act("delegation_take_back")):
        assert delegate.post(url).status_code == 403
        assert bruno_client.post(url).status_code == 404
        assert stale.post(url).url.startswith(reverse("identity:choose"))
    assert stale.get(PEOPLE).status_code == 200
    assert given().until > timezone.now()


def test_a_delegation_of_another_pharmacy_does_not_exist_here(anna_client, anna, al_redentore):
    office = Office.objects.create(
        pharmacy=al_redentore, codice_fiscale=DARIO, role=Role.DELEGATE, since=LONG_AGO, source=OfficeSource.DELEGATION
    )
    assert anna_client.post(act("delegation_take_back", office)).status_code == 404
