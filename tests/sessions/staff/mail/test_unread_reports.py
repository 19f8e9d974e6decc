"""«Rapporti non letti»: reports that no rule could read, and the operator's decision on their meaning."""

import pytest

from portal.journal.models import Entry
from portal.outbox.models import Bounce, UnreadReport
from portal.outbox.reasons import Reason
from tests.sessions.staff.conftest import NOW, words
from tests.sessions.staff.mail.test_outbox_page import PAGE, accepted

REPORTS = "/operatori/posta/rapporti/"
RAW = (
    b"From: MAILER-DAEMON@posta.example\nSubject: Undeliverable\n\nQualcosa non va con idsessione@farmaciasanmarco.it: "
    b"<script>alert(1)</script> codice 914203\n\n------ This is a copy of the message ------\n\nIl tuo codice: 555777\n"
)


def unread(letter, number: int = 1, **facts) -> UnreadReport:
    UnreadReport.objects.keep(letter, RAW + b"%d" % number, NOW, subject="Undeliverable", sender_domain="posta.example")
    return UnreadReport.objects.latest("pk")


@pytest.fixture
def report(san_marco):
    return unread(accepted())


def test_the_list_shows_when_from_where_and_about_which_mailbox(carla_client, report):
    page = words(carla_client.get(REPORTS).content.decode())
    for shown in ("1 rapporto, dal più recente", "Undeliverable", "posta.example", "id•••@farmaciasanmarco.it"):
        assert shown in page
    assert "idsessione@" not in page


def test_the_page_of_the_outbox_leads_there_while_something_waits(carla_client, report):
    assert "1 rapporto di un server di posta aspetta" in words(carla_client.get(PAGE).content.decode())
    report.decide(UnreadReport.ReportDecision.NOTHING, NOW)
    assert "aspetta che qualcuno" not in words(carla_client.get(PAGE).content.decode())
    assert "Nessun rapporto" in words(carla_client.get(REPORTS).content.decode())


def test_the_report_is_read_masked_and_without_the_letter_that_it_returns(carla_client, report):
    html = carla_client.get(f"{REPORTS}{report.pk}/").content.decode()
    assert "Qualcosa non va con id•••@farmaciasanmarco.it" in html
    assert "&lt;script&gt;" in html
    assert "914203" not in html
    assert "555777" not in html


def test_a_decision_is_written_down_with_its_reason_and_the_operator(carla_client, report, carla):
    answer = carla_client.post(f"{REPORTS}{report.pk}/", {"esito": "about-us", "motivo": "Nomina il nostro server."})
    assert answer.headers["Location"] == REPORTS
    report.refresh_from_db()
    assert (report.decision, report.sealed_source) == ("about-us", None)
    assert Bounce.objects.get().reason == Reason.ABOUT_US
    entry = Entry.objects.get(verb="report.decided")
    assert (entry.actor, entry.about) == (carla, "4512")
    assert entry.detail["reason"] == "Nomina il nostro server"


@pytest.mark.parametrize("fields", [{}, {"esito": "dead"}, {"esito": "forse", "motivo": "x"}, {"motivo": "x"}])
def test_a_decision_needs_an_answer_and_a_reason(carla_client, report, fields):
    answer = carla_client.post(f"{REPORTS}{report.pk}/", fields)
    assert answer.status_code == 200
    assert "Errore:" in answer.content.decode()
    assert not Bounce.objects.exists()


def test_a_report_is_decided_once(carla_client, report):
    report.decide(UnreadReport.ReportDecision.NOTHING, NOW)
    assert carla_client.post(f"{REPORTS}{report.pk}/", {"esito": "dead", "motivo": "x"}).status_code == 404
    assert not Bounce.objects.exists()


def test_an_operator_of_another_territory_sees_none_of_it(operator, report):
    client = operator("lettura", "assistenza", limited_to=["190"])
    assert "Nessun rapporto" in client.get(REPORTS).content.decode()
    assert client.get(f"{REPORTS}{report.pk}/").status_code == 404
    assert "Undeliverable" in operator("assistenza", limited_to=["042"]).get(REPORTS).content.decode()


def test_who_may_only_read_is_offered_no_decision(operator, report):
    page = operator("lettura").get(REPORTS).content.decode()
    assert "Undeliverable" in page
    assert "Leggi e decidi" not in page
