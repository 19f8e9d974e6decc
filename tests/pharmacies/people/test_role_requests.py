"""A person asks for a role: limits, nothing revealed, one letter a day, withdrawn once, read at the next login."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pharmacies.models import MailCertification, Office, OfficeSource, RoleRequest
from pharmacies.people import role_requests
from pharmacies.people.offices import AlreadyHeld
from pharmacies.people.role_requests import Wanted
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from sessions import retention
from tests.conftest import ANNA, DARIO, make_pharmacy, make_titolare
from tests.parallel import in_parallel
from tests.pharmacies.letters import parts_of
from tests.pharmacies.pages import content

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
DAY = timedelta(days=1)
FORM = {
    "codice": "4512", "ruolo": "direttore", "dal": "2026-01-01", "partita_iva": "01234560223", "protocollo": "12/2026",
    "nota": "",
}  # fmt: skip
ASK = "/servizi/richiesta-di-ruolo/"


def wanted(code: str = "4512", role: str = "direttore") -> Wanted:
    return Wanted(code, role, date(2026, 11, 1), "01234567897")


def approve(row: RoleRequest, carla, now=NOW, **facts):
    values = {
        "role": row.role, "since": row.since, "until": None, "because": "atto", "protocol": "9/26", "now": now, **facts,
    }  # fmt: skip
    return role_requests.approve(row, carla, **values)


def test_the_page_of_a_person_without_a_pharmacy_leads_to_the_form(dario_client, san_marco):
    assert ASK in content(dario_client.get("/servizi/"))
    sent = content(dario_client.post(ASK, FORM, follow=True))
    assert "Richiesta inviata" in sent
    assert "Direttore della farmacia cod. 4512" in sent.replace("direttore della", "Direttore della")
    row = RoleRequest.objects.get()
    assert (row.pharmacy, row.role, row.since, row.protocol) == (san_marco, "direttore", date(2026, 1, 1), "12/2026")
    assert Entry.objects.get(verb="request.asked", about="4512").actor == row.person
    assert not Office.objects.filter(codice_fiscale=DARIO).exists()
    assert dario_client.get("/servizi/4512/").status_code == 404


@pytest.mark.parametrize(
    ("field", "typed"),
    [("codice", ""), ("codice", "45 12/?"), ("codice", "1" * 11), ("ruolo", "delegate"), ("dal", "domani"),
     ("dal", "1900-01-01"), ("dal", "2099-01-01"), ("partita_iva", "01234567890"), ("nota", "x" * 201)],
)  # fmt: skip
def test_a_wrong_field_is_named_and_nothing_is_written(dario_client, san_marco, field, typed):
    page = content(dario_client.post(ASK, FORM | {field: typed}))
    assert f'href="#id_{field}' in page
    assert not RoleRequest.objects.exists()


def test_the_answer_is_the_same_whatever_the_register_says(dario_client, san_marco, anna, certified):
    """An unknown code, a wrong partita IVA, a pharmacy with a titolare: same page, same statements."""
    make_pharmacy("7001", "Senza nessuno", partita_iva="")
    pages, statements = [], []
    for code in ("4512", "7001", "9999"):
        RoleRequest.objects.all().delete()
        dario_client.get("/servizi/")
        with CaptureQueriesContext(connection) as queries:
            answer = dario_client.post(ASK, FORM | {"codice": code})
        statements.append([query["sql"].split(" ")[0] for query in queries])
        pages.append((answer.status_code, answer["Location"], content(dario_client.get("/servizi/")).replace(code, "")))
    assert len({(status, where) for status, where, _ in pages}) == 1
    assert statements[0] == statements[1] == statements[2]
    bodies = [
        [line for line in body.splitlines() if "csrf" not in line and "Inviata" not in line] for _, _, body in pages
    ]
    assert bodies[0] == bodies[1] == bodies[2]
    assert not OutgoingMail.objects.exists()  # the timetable writes it


def test_limits_of_one_person(dario, san_marco):
    role_requests.ask(dario, wanted(), NOW)
    with pytest.raises(role_requests.AlreadyOpen):
        role_requests.ask(dario, wanted(), NOW)
    role_requests.ask(dario, wanted("1"), NOW)
    assert role_requests.withdraw(role_requests.ask(dario, wanted("2"), NOW), NOW)
    with pytest.raises(role_requests.TooManyRequests):  # a withdrawn one counts
        role_requests.ask(dario, wanted("3"), NOW + DAY / 2)
    for n in range(3):
        role_requests.ask(dario, wanted(f"1{n}"), NOW + 2 * DAY)
    with pytest.raises(role_requests.TooManyRequests):  # five are open
        role_requests.ask(dario, wanted("4"), NOW + 9 * DAY)


def test_after_a_refusal_the_person_waits_a_week(dario, carla, san_marco):
    row = role_requests.ask(dario, wanted(), NOW)
    assert role_requests.refuse(row, carla, "manca l’atto", NOW)
    with pytest.raises(role_requests.RefusedLately):
        role_requests.ask(dario, wanted(), NOW + 6 * DAY)
    assert role_requests.ask(dario, wanted(), NOW + 8 * DAY).is_open


def test_a_holder_asks_for_another_pharmacy_only(anna, san_marco):
    with pytest.raises(role_requests.HeldAlready):
        role_requests.ask(anna, wanted(), NOW)
    assert role_requests.ask(anna, wanted("9999"), NOW).pharmacy is None


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_presses_write_one_request(dario, san_marco):
    def press() -> bool:
        try:
            return role_requests.ask(dario, wanted(), NOW).is_open
        except role_requests.AlreadyOpen:
            return False

    assert sorted(in_parallel([press, press])) == [False, True]


def test_one_letter_a_day_tells_the_pharmacy(dario, bruno, certified, san_marco):
    first = role_requests.ask(dario, wanted(), NOW)
    assert (role_requests.tell(NOW), role_requests.tell(NOW)) == (1, 0)
    (letter,) = OutgoingMail.objects.all()
    for text in parts_of(letter):
        assert "D. V." in text
        assert "direttore" in text
        assert "Verdi" not in text
    role_requests.withdraw(first, NOW)
    role_requests.ask(dario, wanted(), NOW + DAY / 4)
    role_requests.ask(bruno, wanted(), NOW + DAY / 4)
    assert role_requests.tell(NOW + DAY / 2) == 0
    assert role_requests.tell(NOW + DAY) == 1
    assert "2 persone" in OutgoingMail.objects.latest("pk").subject


def test_no_letter_to_a_pharmacy_without_an_address_or_with_a_dead_one(dario, certified, san_marco):
    make_pharmacy("7001", "Senza")
    role_requests.ask(dario, wanted("7001"), NOW)
    role_requests.ask(dario, wanted("9999"), NOW)
    role_requests.ask(dario, wanted(), NOW)
    MailCertification.objects.update(undeliverable_at=NOW)
    assert role_requests.tell(NOW) == 0


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_workers_write_one_letter(dario, certified, san_marco):
    role_requests.ask(dario, wanted(), NOW)
    in_parallel([lambda: role_requests.tell(NOW), lambda: role_requests.tell(NOW)])
    assert OutgoingMail.objects.count() == 1


def test_an_approval_gives_the_office_that_the_operator_wrote(dario, carla, san_marco):
    row = role_requests.ask(dario, wanted(), NOW)
    office = approve(row, carla, role="titolare", since=date(2026, 11, 15), until=date(2026, 12, 31))
    assert (office.codice_fiscale, office.role, office.source) == (DARIO, "titolare", OfficeSource.REQUEST)
    assert (office.family_name, office.given_name, office.written_by) == ("Verdi", "Dario", carla)
    assert (office.because, office.protocol) == ("atto", "9/26")
    assert office.until == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert Entry.objects.get(verb="request.approved").actor == carla
    assert approve(row, carla) is None  # a second press
    assert not role_requests.withdraw(row, NOW)
    assert Office.objects.filter(codice_fiscale=DARIO).count() == 1


def test_an_approval_of_an_office_that_exists_leaves_the_request_open(dario, carla, san_marco):
    row = role_requests.ask(dario, wanted(role="titolare"), NOW)
    make_titolare(dario, san_marco)
    with pytest.raises(AlreadyHeld):
        approve(row, carla)
    row.refresh_from_db()
    assert row.is_open


def test_a_withdrawn_request_is_not_approved_and_an_unknown_code_never(dario, carla, san_marco):
    row = role_requests.ask(dario, wanted(), NOW)
    seen_by_the_operator = RoleRequest.objects.get()
    assert role_requests.withdraw(row, NOW)
    assert approve(seen_by_the_operator, carla) is None
    assert approve(role_requests.ask(dario, wanted("9999"), NOW), carla) is None


def test_the_person_reads_the_outcome_at_the_next_login(dario, dario_client, carla, san_marco):
    row = role_requests.ask(dario, wanted(), NOW)
    role_requests.refuse(row, carla, "manca l’atto di nomina", NOW)
    assert "Respinta: manca l’atto di nomina" in content(dario_client.get("/servizi/"))


def test_a_person_with_one_pharmacy_reads_the_outcome_once(anna, anna_client, carla, san_marco):
    row = role_requests.ask(anna, wanted("9999"), NOW)
    role_requests.refuse(row, carla, "codice sbagliato", NOW)
    assert "codice sbagliato" in content(anna_client.get("/servizi/", follow=True))
    assert "codice sbagliato" not in content(anna_client.get("/servizi/", follow=True))


def test_nobody_withdraws_another_person_s_request(dario, anna_client, dario_client, san_marco):
    row = role_requests.ask(dario, wanted(), NOW)
    assert anna_client.post(f"{ASK}{row.pk}/ritira/").status_code == 404
    assert "Richiesta ritirata" in content(dario_client.post(f"{ASK}{row.pk}/ritira/", follow=True))
    assert "già chiusa" in content(dario_client.post(f"{ASK}{row.pk}/ritira/", follow=True))


def test_the_staff_and_a_stranger_to_the_portal_have_no_form(carla_client, client, san_marco):
    assert carla_client.get(ASK).status_code == 403
    assert client.post(ASK, FORM).status_code == 302
    assert not RoleRequest.objects.exists()


def test_old_refusals_are_forgotten_and_approvals_explain_their_office(dario, bruno, carla, san_marco):
    role_requests.refuse(role_requests.ask(dario, wanted(), NOW), carla, "no", NOW)
    approved = role_requests.ask(bruno, wanted(), NOW)
    approve(approved, carla)
    assert dict(retention.forget(NOW + 700 * DAY)) == {}
    assert dict(retention.forget(NOW + 731 * DAY)) == {"requests of people": 1}
    assert RoleRequest.objects.get() == approved


def test_no_codice_fiscale_in_the_journal_or_the_log(dario, carla, san_marco, caplog):
    role_requests.refuse(role_requests.ask(dario, wanted(), NOW), carla, "no", NOW)
    assert DARIO not in caplog.text + repr(list(Entry.objects.values_list("detail", flat=True)))
    assert ANNA not in caplog.text
