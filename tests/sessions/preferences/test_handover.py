"""A new holder decides about delegations, calendar and webhook of a former one; without a holder they stop, and live again."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from pharmacies.models import CopyMailbox, Office, OfficeSource
from portal.identity.models import User
from portal.journal.models import Entry
from sessions.models import CalendarLink, Webhook, WebhookCall
from sessions.preferences import calendar_link, webhook_life
from sessions.preferences.handover import inherited
from tests.conftest import ANNA, BRUNO, make_titolare, sign_in
from tests.pharmacies.pages import content
from tests.sessions.conftest import MORNING

PAGE = "/servizi/4512/passaggio/"
DAY = timedelta(days=1)
ELENA = "MROLNE90P48G224U"
LEFT = MORNING - DAY


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def elena(anna, san_marco) -> Office:
    return Office.objects.create(
        pharmacy=san_marco, codice_fiscale=ELENA, given_name="Elena", family_name="Moro", role=Office.Role.DELEGATE,
        since=MORNING - 60 * DAY, until=MORNING + 100 * DAY, source=OfficeSource.DELEGATION, written_by=anna,
        written_at=MORNING - 60 * DAY,
    )  # fmt: skip


@pytest.fixture
def token(anna, san_marco) -> str:
    return calendar_link.make(san_marco, anna, MORNING - 50 * DAY)


@pytest.fixture
def webhook(anna, san_marco, certified) -> Webhook:
    return webhook_life.open_at(san_marco, "https://gestionale.example/avvisi", anna, MORNING - 50 * DAY)[0]


@pytest.fixture
def copy(anna, san_marco, certified) -> CopyMailbox:
    return CopyMailbox.objects.create(
        pharmacy=san_marco, person=anna, address="anna@example.it", mailbox="anna@example.it",
        named_at=MORNING - 50 * DAY, confirmed_at=MORNING - 50 * DAY,
    )  # fmt: skip


@pytest.fixture
def nobody(san_marco, elena, token, webhook, copy) -> None:
    """Anna left a day ago, and nobody came."""
    Office.objects.filter(pharmacy=san_marco, codice_fiscale=ANNA).update(until=LEFT)


@pytest.fixture
def came(nobody, bruno, san_marco) -> Client:
    """The browser of Bruno, direttore since then."""
    Office.objects.create(pharmacy=san_marco, codice_fiscale=BRUNO, role=Office.Role.DIRETTORE, since=LEFT)
    return sign_in(Client(), bruno)


def keys(pharmacy, now=MORNING) -> list[str]:
    return [thing.key.partition("-")[0] for thing in inherited(pharmacy, now)]


def decide(client, key: str, act: str) -> str:
    return content(client.post(PAGE, {"cosa": key, "fai": act}, follow=True))


def test_the_new_holder_is_asked_about_the_delegations_first(came, san_marco):
    overview = content(came.get("/servizi/4512/"))
    assert "Una persona lavora qui con una delega data da chi c’era prima" in overview
    assert "Ci sono 3 collegamenti" in overview
    assert PAGE in overview
    page = content(came.get(PAGE))
    assert keys(san_marco) == ["delega", "calendario", "copia", "gestionale"]
    assert page.index("Elena Moro") < page.index("Calendario delle scadenze") < page.index("Avvisi al gestionale")
    assert "da Anna Rossi" in page
    assert ELENA not in page


def test_elena_works_the_morning_after(came, elena):
    client = sign_in(Client(), User.objects.for_person(ELENA, "Elena", "Moro"))
    assert client.get("/servizi/4512/id-sessione/").status_code == 200


def test_each_thing_is_kept_by_the_new_holder(came, san_marco, bruno, token):
    for thing in inherited(san_marco, MORNING):
        assert "resta com’è" in decide(came, thing.key, "tieni")
        assert "niente da decidere" in decide(came, thing.key, "tieni")  # a second press
    assert keys(san_marco) == []
    assert Office.objects.get(codice_fiscale=ELENA).kept_by == bruno
    verbs = set(Entry.objects.filter(actor=bruno).values_list("verb", flat=True))
    assert verbs == {"office.continued", "calendar.kept", "copy.kept", "webhook.kept"}
    assert "Niente da decidere" in content(came.get(PAGE))
    assert "passaggio" not in content(came.get("/servizi/4512/"))
    assert Client().get(f"/calendario/{token}.ics").status_code == 200


def test_each_thing_is_ended_by_the_new_holder(came, san_marco, token):
    for thing in inherited(san_marco, MORNING):
        decide(came, thing.key, "togli")
    assert keys(san_marco) == []
    assert not Office.objects.held_by(ELENA, MORNING).exists()
    assert not CalendarLink.objects.open().exists()
    assert not Webhook.objects.open().exists()
    assert not CopyMailbox.objects.open().exists()
    assert Client().get(f"/calendario/{token}.ics").status_code == 404
    client = sign_in(Client(), User.objects.for_person(ELENA, "Elena", "Moro"))
    assert client.get("/servizi/4512/").status_code == 404


def test_a_delegation_of_the_desk_is_ended_too(came, elena, carla, san_marco):
    Office.objects.filter(pk=elena.pk).update(source=OfficeSource.DESK, written_by=carla)
    assert "delega tolta" in decide(came, f"delega-{elena.pk}", "togli")
    assert not Office.objects.held_by(ELENA, MORNING).exists()


def test_a_stale_identity_decides_nothing(came, bruno, elena, san_marco):
    sign_in(came, bruno, at=MORNING - DAY)
    assert came.post(PAGE, {"cosa": f"delega-{elena.pk}", "fai": "togli"}).status_code == 302
    assert keys(san_marco) == ["delega", "calendario", "copia", "gestionale"]


@pytest.mark.parametrize(
    ("key", "act"), [("delega-999", "togli"), ("", ""), ("calendario-1", "brucia"), ("x", "tieni")]
)
def test_a_wrong_form_changes_nothing(came, san_marco, key, act):
    assert "niente da decidere" in decide(came, key, act)
    assert keys(san_marco) == ["delega", "calendario", "copia", "gestionale"]


def test_a_delegate_the_former_holder_and_a_stranger_have_no_page(came, anna_client, dario_client, san_marco):
    assert anna_client.get(PAGE).status_code == dario_client.get(PAGE).status_code == 404
    client = sign_in(Client(), User.objects.for_person(ELENA, "Elena", "Moro"))
    assert client.get(PAGE).status_code == 403
    assert "passaggio" not in content(client.get("/servizi/4512/"))


def test_the_copy_of_a_delegate_goes_with_the_delegation(came, copy, elena, san_marco):
    copy.person = User.objects.for_person(ELENA, "Elena", "Moro")
    copy.save()
    assert keys(san_marco) == ["delega", "calendario", "gestionale"]


def test_a_holder_who_was_there_before_is_not_asked_about_own_things(came, san_marco, elena):
    """Anna comes back as direttore: she gave the delegation, so it is hers again."""
    Office.objects.create(pharmacy=san_marco, codice_fiscale=ANNA, role=Office.Role.DIRETTORE, since=LEFT)
    assert keys(san_marco) == []


def test_a_delegation_of_a_file_is_asked_about_when_it_is_older_than_everybody_in_office(came, elena, san_marco, dario):
    Office.objects.filter(pk=elena.pk).update(source=OfficeSource.FILE, written_by=None)
    assert keys(san_marco) == ["delega", "calendario", "copia", "gestionale"]
    make_titolare(dario, san_marco)  # in office since 2020
    assert keys(san_marco) == ["calendario", "copia", "gestionale"]


def test_without_a_holder_calendar_and_webhook_last_thirty_days_and_live_again(
    nobody, token, webhook, san_marco, settings, clock
):
    def works(days: float) -> tuple[int, int, bool]:
        now = LEFT + days * DAY
        clock.move_to(now)
        WebhookCall.objects.all().delete()
        webhook_life.send_test(webhook, now)
        calls = WebhookCall.objects.due(now).count(), WebhookCall.objects.disconnected(now).count()
        return *calls, Client().get(f"/calendario/{token}.ics").status_code == 200

    term = settings.SUCCESSION_FOR.days
    assert [works(days) for days in (1, term - 0.1)] == [(1, 0, True)] * 2
    assert [works(days) for days in (term, term + 50)] == [(0, 1, False)] * 2
    Office.objects.create(pharmacy=san_marco, codice_fiscale=BRUNO, role="titolare", since=LEFT + (term + 60) * DAY)
    assert works(term + 61) == (1, 0, True)
