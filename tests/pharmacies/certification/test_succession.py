"""The address after a change of people: to confirm since when, until when; the letters that ask; the three ways out."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
import time_machine
from django.test import Client

from pharmacies.certification import succession
from pharmacies.models import MailCertification, Office
from pharmacies.models.certification_refused import NothingToConfirm
from portal.identity.models import User
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from tests.conftest import ANNA, BRUNO, DARIO, make_pharmacy, sign_in
from tests.parallel import in_parallel
from tests.pharmacies.letters import last_code, parts_of, text_of
from tests.pharmacies.pages import ask, content, page

NOW = datetime(2026, 11, 30, 11, tzinfo=UTC)
DAY = timedelta(days=1)
Role = Office.Role


def seat(pharmacy, code, role=Role.TITOLARE, since=-400.0, until=None) -> Office:
    """An office, in days from NOW."""
    return Office.objects.create(
        pharmacy=pharmacy, codice_fiscale=code, role=role, since=NOW + since * DAY,
        until=None if until is None else NOW + until * DAY,
    )  # fmt: skip


def certify(pharmacy, by, days=-300.0, **facts) -> MailCertification:
    address = f"id@{pharmacy.code}.example"
    return MailCertification.objects.create(
        pharmacy=pharmacy, address=address, address_key=address, requested_by=by, requested_at=NOW + days * DAY,
        certified_at=NOW + days * DAY, certified_by=by, certified_with="SPID livello 2", **facts,
    )  # fmt: skip


@pytest.fixture
def people(db) -> dict[str, User]:
    names = {ANNA: ("Anna", "Rossi"), BRUNO: ("Bruno", "Bianchi"), DARIO: ("Dario", "Verdi")}
    return {code: User.objects.for_person(code, *name) for code, name in names.items()}


@pytest.fixture
def left(san_marco, people) -> MailCertification:
    """Anna certified and left ten days ago; Bruno is direttore since four days ago."""
    seat(san_marco, ANNA, until=-10)
    seat(san_marco, BRUNO, Role.DIRETTORE, since=-4)
    return certify(san_marco, people[ANNA])


def test_the_address_waits_from_the_end_of_the_office_until_a_term_after_the_new_holder(left, settings):
    found = succession.succession_of(left, NOW)
    assert (found.since, found.holder_since) == (NOW - 10 * DAY, NOW - 4 * DAY)
    assert found.until == NOW - 4 * DAY + settings.SUCCESSION_FOR
    assert left.is_current


def test_a_certifier_with_another_certifying_office_vouches_on(left, san_marco):
    seat(san_marco, ANNA, Role.DIRETTORE, since=-10)
    assert succession.succession_of(left, NOW) is None


def test_a_certifier_who_comes_back_vouches_again(left, san_marco):
    seat(san_marco, ANNA, since=3)
    assert succession.succession_of(left, NOW + 2 * DAY) is not None
    assert succession.succession_of(left, NOW + 3 * DAY) is None


def test_a_certifier_who_stays_as_a_delegate_does_not_vouch(left, san_marco):
    seat(san_marco, ANNA, Role.DELEGATE, since=-10)
    assert succession.succession_of(left, NOW) is not None


def test_an_imported_address_waits_for_its_first_confirmation(san_marco, people, settings):
    seat(san_marco, BRUNO)
    row = certify(san_marco, None, imported_at=NOW - 5 * DAY)
    found = succession.succession_of(row, NOW)
    assert (found.since, found.until) == (NOW - 5 * DAY, NOW - 5 * DAY + settings.IMPORTED_ADDRESS_FOR)
    assert found.former is None
    assert succession.confirm(row, people[BRUNO], "CIE livello 3", NOW)
    assert succession.succession_of(row, NOW) is None


def keys(querysets) -> set[int]:
    return {pk for rows in querysets for pk in rows.values_list("pk", flat=True)}


def test_one_row_and_many_rows_have_one_rule(people, settings):
    """Every mixture of a certifier, a person who confirmed and a newcomer, now and at the instants around each change."""
    settings.SUCCESSION_FOR, settings.IMPORTED_ADDRESS_FOR = 30 * DAY, 60 * DAY
    offices = [[], [(-400, None)], [(-400, -40)], [(-400, 0)], [(-400, -20), (-10, None)]]
    for n, (anna, bruno, dario, imported, confirmed) in enumerate(
        product(offices, offices, [[], [(-25, None)], [(-45, -35), (0, None)]], (False, True), (False, True))
    ):
        pharmacy = make_pharmacy(f"7{n:03}", f"Mista {n}")
        for code, periods in ((ANNA, anna), (BRUNO, bruno), (DARIO, dario)):
            for since, until in periods:
                seat(pharmacy, code, since=since, until=until)
        confirmation = {"confirmed_at": NOW - 50 * DAY, "confirmed_by": people[BRUNO]} if confirmed else {}
        facts = {"imported_at": NOW - 70 * DAY} if imported else {}
        certify(pharmacy, None if imported else people[ANNA], **facts, **confirmation)
    everyone = list(MailCertification.objects.all())
    for now in (NOW, NOW - DAY, NOW + 9 * DAY, NOW + 40 * DAY):
        ones = {row.pk: found for row in everyone if (found := succession.succession_of(row, now))}
        for at in (now, NOW - 5 * DAY, NOW - 22 * DAY, NOW - 30 * DAY, NOW - 60 * DAY):
            waiting = {pk for pk, found in ones.items() if found.asked_since <= at}
            assert set(succession.to_confirm(now, at).values_list("pk", flat=True)) == waiting
        late = {pk for pk, found in ones.items() if found.is_late(now)}
        assert keys(succession.late(now)) == late
        assert keys(succession.to_ask(now)) == {pk for pk, found in ones.items() if found.needs_letter(now)}
        assert late
        assert len(ones) < len(everyone)


def test_three_letters_ask_by_day_and_none_after_the_term(left):
    days_and_hours = []
    for hours in range(0, 40 * 24, 3):
        now = NOW - 4 * DAY + timedelta(hours=hours)
        if succession.ask(now):
            days_and_hours.append((hours // 24, now.astimezone(succession.ROME).hour))
    assert [day for day, _ in days_and_hours] == [7, 15, 23]
    assert all(succession.LETTERS_FROM <= hour < succession.LETTERS_UNTIL for _, hour in days_and_hours)
    assert Entry.objects.filter(verb="certification.asked").count() == 3
    first = OutgoingMail.objects.order_by("pk").first()
    for text in parts_of(first):
        assert "è stato certificato da Anna Rossi" in text
        assert "/servizi/4512/sicurezza/gestione-mail/conferma/" in text
    assert "entro il 26 dicembre 2026" in text_of(first)


def test_the_letter_without_a_holder_says_so(san_marco, people):
    seat(san_marco, ANNA, until=-10)
    certify(san_marco, people[ANNA])
    assert succession.ask(NOW) == 1
    assert "non ha un titolare o un direttore" in text_of(OutgoingMail.objects.get())


@pytest.mark.parametrize("facts", [{"undeliverable_at": NOW}, {"revoked_at": NOW}, {"asked_at": NOW - DAY}])
def test_no_letter_to_a_dead_mailbox_a_former_address_or_twice(left, facts):
    MailCertification.objects.update(**facts)
    assert succession.ask(NOW + 10 * DAY if "asked_at" not in facts else NOW) == 0


def test_no_letter_about_a_closed_pharmacy(left, san_marco):
    san_marco.closed_on = NOW.date()
    san_marco.save()
    assert succession.ask(NOW + 10 * DAY) == 0


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_workers_write_one_letter(left):
    at = NOW + 4 * DAY
    in_parallel([lambda: succession.ask(at), lambda: succession.ask(at)])
    assert OutgoingMail.objects.count() == 1


# --- the pages, at the real time


@pytest.fixture
def bruno_came(certified, anna, bruno, san_marco):
    """The client of Bruno, who is direttore of San Marco since Anna left an hour ago."""
    now = certified.certified_at + timedelta(hours=23)
    Office.objects.filter(pharmacy=san_marco).update(until=now)
    Office.objects.create(pharmacy=san_marco, codice_fiscale=BRUNO, role=Role.DIRETTORE, since=now)
    return sign_in(Client(), bruno)


def test_the_new_holder_reads_the_question_and_its_three_answers(bruno_came, san_marco):
    for name in ("pharmacies:overview", "pharmacies:mail", "pharmacies:mail_confirm"):
        text = content(bruno_came.get(page(name, san_marco.code)))
        assert "Questo indirizzo è stato certificato da Anna Rossi: confermalo, cambialo o revocalo" in text
        assert page("pharmacies:mail_change", san_marco.code) in text
        assert page("pharmacies:mail_revoke", san_marco.code) in text
    assert "L’indirizzo è stato certificato da Anna Rossi" in content(bruno_came.get("/servizi/"))


def confirm(client, certification):
    where = page("pharmacies:mail_confirm", certification.pharmacy.code)
    return content(client.post(where, {"certificazione": certification.pk}, follow=True))


def test_one_press_confirms_and_everybody_is_told(bruno_came, certified, bruno, san_marco):
    assert "Indirizzo confermato" in confirm(bruno_came, certified)
    certified.refresh_from_db()
    assert certified.confirmed_by == bruno
    assert certified.is_current
    assert "Confermato da Bruno Bianchi" in text_of(OutgoingMail.objects.get())
    assert Entry.objects.get(verb="certification.confirmed").actor == bruno
    assert "niente da confermare" in confirm(bruno_came, certified)  # a second press
    assert OutgoingMail.objects.count() == 1
    assert "da-confermare" not in content(bruno_came.get(page("pharmacies:overview", san_marco.code)))


def test_an_old_identity_confirms_nothing(bruno_came, bruno, certified):
    sign_in(bruno_came, bruno, at=certified.certified_at)
    assert bruno_came.post(page("pharmacies:mail_confirm", "4512"), {"certificazione": certified.pk}).status_code == 302
    certified.refresh_from_db()
    assert certified.confirmed_at is None


def test_a_page_about_another_address_confirms_nothing(bruno_came, certified):
    answer = bruno_came.post(page("pharmacies:mail_confirm", "4512"), {"certificazione": certified.pk + 1}, follow=True)
    assert "niente da confermare" in content(answer)
    certified.refresh_from_db()
    assert certified.confirmed_at is None


def test_a_delegate_reads_whom_to_tell_and_may_not_confirm(bruno_came, certified, dario_client, san_marco):
    Office.objects.create(pharmacy=san_marco, codice_fiscale=DARIO, role=Role.DELEGATE, since=certified.certified_at)
    text = content(dario_client.get(page("pharmacies:overview", san_marco.code)))
    assert "Lo decide il titolare o il direttore" in text
    assert 'name="certificazione"' not in text
    assert dario_client.post(page("pharmacies:mail_confirm", "4512")).status_code == 403


def test_the_former_holder_and_a_stranger_find_no_page(bruno_came, certified, anna_client, dario_client):
    for client in (anna_client, dario_client):
        assert client.post(page("pharmacies:mail_confirm", "4512"), {"certificazione": certified.pk}).status_code == 404


def test_a_holder_who_left_meanwhile_does_not_confirm(bruno_came, certified, bruno, san_marco):
    Office.objects.filter(codice_fiscale=BRUNO, pharmacy=san_marco).update(until=certified.certified_at + 1.5 * DAY)
    assert not succession.confirm(certified, bruno, "SPID livello 2", certified.certified_at + 2 * DAY)


# --- a certification under way


def test_the_code_of_a_person_who_left_at_midnight_certifies_nothing(bruno_client, bruno, dario, al_redentore):
    midnight = datetime(2026, 12, 1, tzinfo=succession.ROME)
    before, after = midnight - timedelta(minutes=5), midnight + timedelta(minutes=1)
    with time_machine.travel(before, tick=False):
        sign_in(bruno_client, bruno)
        ask(bruno_client)
        code = last_code()
    offices = Office.objects.filter(pharmacy=al_redentore)
    offices.update(until=midnight)
    request = al_redentore.certifications.get()
    assert (request.is_pending(before), request.is_pending(after)) == (True, False)
    assert al_redentore.certifications.pending(before).get() == request
    assert not al_redentore.certifications.pending(after).exists()
    with time_machine.travel(after, tick=False):
        answer = bruno_client.post(page("wizard:code"), {"codice": code})
    assert answer.status_code == 404
    with pytest.raises(NothingToConfirm):
        request.confirm(code, bruno, "SPID livello 2", after)
    # another holder does not inherit the request, and begins anew
    seat(al_redentore, DARIO, since=0)
    with time_machine.travel(after, tick=False):
        client = sign_in(Client(), dario)
        assert client.get(page("wizard:code"), follow=True).redirect_chain[-1][0] == page("wizard:address")
        ask(client, "nuova@alredentore.it")
        client.post(page("wizard:code"), {"codice": last_code("nuova@alredentore.it")})
    assert MailCertification.objects.current().get().certified_by == dario
    assert al_redentore.certifications.begun(after).count() == 0
