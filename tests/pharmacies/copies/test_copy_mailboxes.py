"""A mailbox for copies: named, confirmed by a code within the limits, ended by its person, a holder or its owner."""

import email
from datetime import UTC, datetime, timedelta
from email import policy

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pharmacies.copies import leaving, mailboxes
from pharmacies.models import CodiceValidazione, CopyMailbox, Office
from pharmacies.models.code_attempts import ATTEMPTS
from pharmacies.models.codice_validazione import CODE_USABLE_FOR, SENDS_A_DAY_PER_ADDRESS, SENDS_AN_HOUR_PER_PHARMACY
from portal.journal.models import Entry
from portal.outbox.hooks import forbidding
from portal.secrets.sealing import unseal
from sessions.ids import issuing
from sessions.models import Context, ReminderCopy
from sessions.reminders import sending
from tests.conftest import DARIO, make_pharmacy, sign_in
from tests.pharmacies.copies.acts import BOX, PAGE, name, now_in_force, row, type_code
from tests.pharmacies.copy_mailboxes import copies_to
from tests.pharmacies.letters import a_wrong_code, code_in, last_code, letters, parts_of, text_of
from tests.pharmacies.pages import content
from tests.sessions.conftest import MORNING

NEW_CODE = reverse("pharmacies:copies_new_code", args=["4512"])
CERTIFIED = "idsessione@farmaciasanmarco.it"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HOUR_BEFORE = MORNING + timedelta(hours=15)


def row_of(pharmacy) -> CopyMailbox:
    return CopyMailbox.objects.open().get(pharmacy=pharmacy)


@pytest.fixture
def delegate(dario, san_marco) -> Client:
    Office.objects.create(pharmacy=san_marco, codice_fiscale=DARIO, role=Office.Role.DELEGATE, since=LONG_AGO)
    return sign_in(Client(), dario)


@pytest.fixture
def an_hour_ago(monkeypatch):
    """Moves the codes and the wrong codes back, as if an hour had passed."""

    def shift() -> None:
        for code in CodiceValidazione.objects.all():
            CodiceValidazione.objects.filter(pk=code.pk).update(sent_at=code.sent_at - timedelta(hours=1, minutes=1))
        for mailbox in CopyMailbox.objects.exclude(last_failed_at=None):
            CopyMailbox.objects.filter(pk=mailbox.pk).update(last_failed_at=LONG_AGO)

    return shift


@pytest.mark.parametrize("who", ["anna_client", "delegate"])
def test_copies_go_to_a_mailbox_after_its_code_and_the_address_is_told(who, anna, certified, san_marco, request):
    client = request.getfixturevalue(who)
    assert "Abbiamo inviato un codice" in content(name(client))
    assert now_in_force(san_marco) == {}
    assert not letters("notice")
    assert "Casella confermata" in content(type_code(client, f"il codice è {last_code(BOX)}"))
    assert now_in_force(san_marco) == {san_marco.pk: BOX}
    (letter,) = letters("notice")
    assert letter.recipient == CERTIFIED
    assert BOX in text_of(letter)
    verbs = Entry.objects.filter(verb__startswith="copy.").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["copy.named", "copy.code", "copy.confirmed"]
    assert not [line for line in Entry.objects.all() if BOX in line.sentence]


def test_a_wrong_code_counts_and_the_fifth_locks_even_the_right_one(anna_client, certified, san_marco):
    name(anna_client)
    right, typed = last_code(BOX), []
    for _ in range(ATTEMPTS):
        typed.append(a_wrong_code(*typed))
        answer = content(type_code(anna_client, typed[-1]))
    assert "Tentativi rimasti: 0" in answer
    assert "Troppi codici errati" in content(type_code(anna_client, right))
    assert now_in_force(san_marco) == {}


def test_a_double_click_on_a_wrong_code_counts_once(anna_client, anna, certified):
    name(anna_client)
    wrong = a_wrong_code()
    assert not mailboxes.confirm(row(), wrong, anna, timezone.now())
    assert not mailboxes.confirm(row(), wrong, anna, timezone.now())
    assert row().attempts_left(timezone.now()) == ATTEMPTS - 1


def test_an_expired_code_and_the_code_of_another_request_confirm_nothing(anna_client, delegate, anna, certified):
    name(anna_client)
    first = row()
    late = timezone.now() + CODE_USABLE_FOR + timedelta(seconds=1)
    assert not mailboxes.confirm(first, last_code(BOX), anna, late)
    name(delegate, "dario@example.it")
    assert not mailboxes.confirm(first, last_code("dario@example.it"), anna, timezone.now())


def test_codes_are_limited_by_pause_person_and_mailbox(anna_client, anna, certified, san_marco, an_hour_ago):
    name(anna_client)
    assert "Un codice è appena partito" in content(anna_client.post(NEW_CODE, follow=True))
    an_hour_ago()
    anna_client.post(NEW_CODE)
    assert len(letters("code")) == 2
    other = make_pharmacy("77", "Altra")
    Office.objects.create(pharmacy=other, codice_fiscale=DARIO, role=Office.Role.DELEGATE, since=LONG_AGO)
    for _ in range(SENDS_A_DAY_PER_ADDRESS - 2):
        an_hour_ago()
        anna_client.post(NEW_CODE)
    an_hour_ago()
    assert len(letters("code")) == SENDS_A_DAY_PER_ADDRESS
    assert "in un giorno" in content(anna_client.post(NEW_CODE, follow=True))


@pytest.mark.parametrize(
    "address", [CERTIFIED, "IDSESSIONE@FarmaciaSanMarco.it", "idsessione+copie@farmaciasanmarco.it"]
)
def test_the_certified_mailbox_needs_no_copy_in_any_spelling(anna_client, certified, address):
    assert "È già la casella certificata" in content(name(anna_client, address))
    assert not CopyMailbox.objects.exists()
    assert not letters("code")


def test_two_spellings_are_one_mailbox(anna_client, anna, certified, san_marco):
    copies_to("anna.rossi@gmail.com", san_marco, anna, timezone.now())
    name(anna_client, "AnnaRossi+farmacia@googlemail.com")
    assert row().address == "anna.rossi@gmail.com"
    assert not letters("code")


def test_an_address_that_waits_for_its_code_is_named_again_and_gets_another_code(
    anna_client, anna, certified, san_marco, an_hour_ago
):
    copies_to(BOX, san_marco, anna, LONG_AGO, is_older=True, confirmed_at=None)
    assert "Abbiamo inviato un codice" in content(name(anna_client))
    assert "Un codice è appena partito" in content(name(anna_client))  # a double click
    an_hour_ago()
    name(anna_client)
    assert len(letters("code")) == 2
    assert now_in_force(san_marco) == {san_marco.pk: BOX}


def test_two_people_with_one_mailbox_get_one_copy(anna, dario, delegate, certified, utenza, san_marco):
    copies_to("studio@gmail.com", san_marco, anna, MORNING)
    copies_to("Studio+2@gmail.com", san_marco, dario, MORNING)
    issuing.issue(utenza, Context.objects.usual(), MORNING)
    sending.send_due(HOUR_BEFORE)
    assert sorted(letter.recipient for letter in letters("reminder")) == [CERTIFIED, "studio@gmail.com"]


def test_each_mailbox_gets_its_copy_with_the_way_out_and_without_the_id(
    anna, dario, delegate, certified, utenza, san_marco
):
    copies_to(BOX, san_marco, anna, MORNING)
    darios = copies_to("dario@example.it", san_marco, dario, MORNING)
    issued = issuing.issue(utenza, Context.objects.usual(), MORNING)
    sending.send_due(HOUR_BEFORE)
    assert sorted(letter.recipient for letter in letters("reminder")) == [BOX, "dario@example.it", CERTIFIED]
    assert ReminderCopy.objects.count() == 2
    (copy,) = letters("reminder", "dario@example.it")
    message = email.message_from_bytes(unseal(copy.sealed_source), policy=policy.default)
    assert message["List-Unsubscribe"].strip() == f"<{leaving.link_of(darios)}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for part in parts_of(copy):
        assert leaving.link_of(darios) in part
        assert issued.plain not in part
    assert "dario" not in leaving.link_of(darios)
    (whole,) = letters("reminder", CERTIFIED)
    assert "List-Unsubscribe" not in unseal(whole.sealed_source).decode()


def test_a_delegate_whose_delegation_ended_gets_no_more_copies(anna, dario, delegate, certified, san_marco):
    copies_to("dario@example.it", san_marco, dario, MORNING)
    assert now_in_force(san_marco) == {san_marco.pk: "dario@example.it"}
    offices = Office.objects.filter(codice_fiscale=DARIO)
    offices.update(may_use_ids=False)
    assert now_in_force(san_marco) == {}
    assert delegate.get(PAGE).status_code == 403
    offices.update(may_use_ids=True, until=timezone.now())
    assert now_in_force(san_marco) == {}


def test_an_older_address_keeps_its_copies_and_its_holder_is_asked_to_confirm(anna_client, anna, certified, san_marco):
    copies_to(BOX, san_marco, anna, LONG_AGO, is_older=True, confirmed_at=None)
    assert now_in_force(san_marco) == {san_marco.pk: BOX}
    assert "conferma la tua casella" in content(anna_client.get(reverse("sessions:reminders", args=["4512"])))
    assert "Conferma la tua casella" in content(anna_client.get(PAGE))
    anna_client.post(NEW_CODE)
    assert now_in_force(san_marco) == {san_marco.pk: BOX}
    type_code(anna_client, last_code(BOX))
    assert row().confirmed_at is not None
    assert "conferma la tua casella" not in content(anna_client.get(reverse("sessions:reminders", args=["4512"])))


def test_a_mailbox_that_the_person_confirmed_for_one_pharmacy_needs_no_second_code(
    anna_client, anna, certified, san_marco
):
    other = make_pharmacy("77", "Altra")
    Office.objects.create(pharmacy=other, codice_fiscale=anna.codice_fiscale, role="titolare", since=LONG_AGO)
    copies_to(BOX, other, anna, timezone.now())
    assert "Le copie dei promemoria arrivano a" in content(name(anna_client))
    assert now_in_force(san_marco) == {san_marco.pk: BOX}
    assert not letters("code")


def test_a_mailbox_that_needs_no_code_is_not_named_again_and_again(anna_client, anna, certified, san_marco):
    other = make_pharmacy("77", "Altra")
    Office.objects.create(pharmacy=other, codice_fiscale=anna.codice_fiscale, role="titolare", since=LONG_AGO)
    copies_to(BOX, other, anna, timezone.now())
    for _ in range(SENDS_AN_HOUR_PER_PHARMACY):
        name(anna_client)
        anna_client.post(reverse("pharmacies:copies_stop", args=["4512", row_of(san_marco).pk]))
    before = len(letters("notice"))
    answer = content(name(anna_client))
    assert "La casella delle copie è già cambiata troppe volte. Potrai cambiarla di nuovo dalle" in answer
    assert (now_in_force(san_marco), len(letters("notice"))) == ({}, before)
    CopyMailbox.objects.filter(pharmacy=san_marco).update(named_at=timezone.now() - timedelta(hours=1, seconds=1))
    name(anna_client)
    assert now_in_force(san_marco) == {san_marco.pk: BOX}


def test_the_own_mailbox_and_for_a_holder_every_mailbox_can_be_ended(
    anna_client, delegate, dario, anna, certified, san_marco
):
    annas = copies_to(BOX, san_marco, anna, MORNING)
    darios = copies_to("dario@example.it", san_marco, dario, MORNING)
    delegate.post(reverse("pharmacies:copies_stop", args=["4512", annas.pk]))
    assert CopyMailbox.objects.open().count() == 2
    assert "an•••@example.it" not in content(delegate.get(PAGE))
    for _ in range(2):
        anna_client.post(reverse("pharmacies:copies_stop", args=["4512", darios.pk]))
    assert row() == annas
    (letter,) = letters("notice")
    assert "Anna Rossi l’ha chiesto" in text_of(letter)
    assert Entry.objects.filter(verb="copy.stopped").count() == 1


def test_a_new_address_needs_a_fresh_identity_and_keeps_what_was_typed(anna, certified):
    stale = sign_in(Client(), anna, at=timezone.now() - timedelta(minutes=11))
    answer = stale.post(PAGE, {"copia": BOX}, headers={"referer": f"http://testserver{PAGE}"})
    assert answer.url.startswith(reverse("identity:choose"))
    assert not CopyMailbox.objects.exists()
    assert f'value="{BOX}"' in content(stale.get(PAGE))


def test_a_code_does_not_leave_after_the_request_is_over(anna_client, anna, certified):
    name(anna_client)
    (letter,) = letters("code")
    assert forbidding.forbidden([letter], timezone.now()) == set()
    mailboxes.end(row(), anna, timezone.now())
    letter.refresh_from_db()
    assert letter.withdrawn_at is not None
    assert forbidding.forbidden([letter], timezone.now()) == {letter.pk}
    assert not letters("notice")  # nothing was in force


def test_a_wrong_address_is_refused_with_a_sentence(anna_client, certified):
    assert "manca la chiocciola" in content(anna_client.post(PAGE, {"copia": "anna"}))
    assert "PEC" in content(anna_client.post(PAGE, {"copia": "anna@pec.it"}))


def test_the_code_is_in_the_letter_and_nowhere_else(anna_client, certified):
    name(anna_client)
    (letter,) = letters("code")
    assert letter.secret
    code = code_in(letter)
    assert code in parts_of(letter)[1]
    assert code not in letter.subject
    assert code not in {str(value) for value in CodiceValidazione.objects.values().get().values()}
