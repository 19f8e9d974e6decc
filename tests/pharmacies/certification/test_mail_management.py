"""«Gestione mail certificata»: Modifica without a gap, Revoca with its consequences, both in the journal."""

import pytest
from django.utils import timezone

from pharmacies.models import MailCertification
from portal.journal.models import Entry, record
from portal.outbox.models import OutgoingMail
from tests.pharmacies.letters import last_code, letters, text_of
from tests.pharmacies.pages import ask, content, page, type_code

OLD, NEW = "idsessione@farmaciasanmarco.it", "ricette@farmaciasanmarco.it"


def annas(name: str) -> str:
    return page(name, "4512")


@pytest.fixture
def changing(anna_client, certified):
    """Anna has requested a change: the code is in the new mailbox."""
    ask(anna_client, NEW, "pharmacies:mail_change", "4512")
    return anna_client


def test_the_page_says_which_address_who_certified_it_and_when(anna_client, certified):
    body = content(anna_client.get(annas("pharmacies:mail")))
    for words in (
        "Gestione mail certificata",
        OLD,
        "Anna Rossi, titolare, con SPID livello 2",
        "Data e ora",
        "Ultima consegna",
    ):
        assert words in body
    assert annas("pharmacies:mail_change") in body
    assert annas("pharmacies:mail_revoke") in body


def test_the_old_address_stays_valid_until_the_new_one_is_confirmed(changing, certified):
    certified.refresh_from_db()
    assert certified.is_current
    body = content(changing.get(annas("pharmacies:mail")))
    for words in (OLD, NEW, "Riprendi", "Annulla la modifica", "Fino ad allora vale l’indirizzo di prima."):
        assert words in body

    assert type_code(changing, last_code(NEW), "4512").url == annas("wizard:done")
    certified.refresh_from_db()
    assert certified.replaced_at is not None
    assert certified.revoked_at is None
    assert MailCertification.objects.current().get().address == NEW


def test_both_addresses_are_told_of_the_change_and_the_old_one_sees_the_new_one_masked(changing):
    type_code(changing, last_code(NEW), "4512")
    (to_old,), (to_new,) = letters("changed", OLD), letters("changed", NEW)
    assert "ri•••@farmaciasanmarco.it" in text_of(to_old)
    assert NEW not in text_of(to_old)
    assert "perché questa casella era l’indirizzo certificato" in text_of(to_old)
    assert NEW in text_of(to_new)
    assert not letters("certified")


def test_a_change_is_given_up_by_a_post_and_not_by_looking(changing, certified):
    changing.get(annas("pharmacies:mail_change_cancel"))
    assert MailCertification.objects.get(address=NEW).withdrawn_at is None
    code = last_code(NEW)
    response = changing.post(annas("pharmacies:mail_change_cancel"), follow=True)
    assert "Richiesta annullata" in content(response)
    assert type_code(changing, code, "4512").url == annas("wizard:resume")
    certified.refresh_from_db()
    assert certified.is_current


def test_the_address_in_force_is_not_certified_again(anna_client, certified):
    body = content(ask(anna_client, OLD.upper(), "pharmacies:mail_change", "4512"))
    assert "È già l’indirizzo certificato della farmacia" in body
    assert not letters()


def test_an_address_that_refused_for_good_may_prove_that_it_works_again(anna_client, certified):
    certified.undeliverable_at = timezone.now()
    certified.save()
    assert "Non raggiungibile" in content(anna_client.get(annas("pharmacies:mail")))
    ask(anna_client, OLD, "pharmacies:mail_change", "4512")
    assert type_code(anna_client, last_code(OLD), "4512").url == annas("wizard:done")
    assert MailCertification.objects.current().get().undeliverable_at is None
    assert [letter.kind for letter in letters()] == ["code", "certified"]


def test_an_address_whose_last_letter_was_refused_may_prove_that_it_works_again(anna_client, certified, san_marco):
    now = timezone.now()
    OutgoingMail.objects.create(
        kind="issued", about=san_marco.code, recipient=OLD, subject="x", message_id="<1@x>", created_at=now,
        next_attempt_at=now, give_up_at=now, failed_at=now, last_answer="552 5.2.2 casella piena",
    )  # fmt: skip
    assert "Non raggiungibile" in content(anna_client.get(annas("pharmacies:mail")))
    for _ in range(2):  # a double click
        assert ask(anna_client, OLD, "pharmacies:mail_change", "4512").url == annas("wizard:code")
    assert type_code(anna_client, last_code(OLD), "4512").url == annas("wizard:done")
    assert "Non raggiungibile" not in content(anna_client.get(annas("pharmacies:mail")))


def test_modifica_without_a_certified_address_leads_to_the_certification(bruno_client, al_redentore):
    assert bruno_client.get(page("pharmacies:mail_change")).url == page("wizard:resume")


def test_looking_at_revoca_says_the_consequences_and_changes_nothing(anna_client, certified):
    body = content(anna_client.get(annas("pharmacies:mail_revoke")))
    assert "Tutti gli ID SESSIONE validi smettono subito di valere" in body
    assert annas("pharmacies:mail_change") in body
    certified.refresh_from_db()
    assert certified.is_current


def test_revoca_ends_the_address_and_those_it_replaced_and_tells_it(changing, certified):
    type_code(changing, last_code(NEW), "4512")
    response = changing.post(annas("pharmacies:mail_revoke"), follow=True)
    assert "Indirizzo revocato" in content(response)
    assert not MailCertification.objects.current().exists()
    assert not MailCertification.objects.filter(revoked_at=None).exists()
    (letter,) = letters("revoked")
    assert letter.recipient == NEW
    assert "Revocato da Anna Rossi" in text_of(letter)
    assert "Certifica mail" in content(changing.get(annas("pharmacies:overview")))


def test_revoking_twice_writes_one_letter(anna_client, certified):
    for _ in range(2):
        assert anna_client.post(annas("pharmacies:mail_revoke")).url == annas("pharmacies:mail")
    assert len(letters("revoked")) == 1
    assert Entry.objects.filter(verb="certification.revoked").count() == 1


def test_a_revoked_address_may_be_certified_again(anna_client, certified):
    anna_client.post(annas("pharmacies:mail_revoke"))
    ask(anna_client, OLD, code="4512")
    assert type_code(anna_client, last_code(), "4512").url == annas("wizard:done")
    assert MailCertification.objects.current().get().address == OLD


def test_past_addresses_are_listed_masked(changing):
    type_code(changing, last_code(NEW), "4512")
    body = content(changing.get(annas("pharmacies:mail")))
    assert "id•••@farmaciasanmarco.it" in body
    assert OLD not in body


def test_a_refused_letter_marks_the_address_as_unreachable_everywhere(changing):
    type_code(changing, last_code(NEW), "4512")
    letter = letters("changed", NEW)[0]
    letter.failed_at, letter.last_answer = timezone.now(), "550 5.1.1 no such user"
    letter.save()
    for name in ("pharmacies:mail", "pharmacies:overview", "pharmacies:security"):
        assert "Non raggiungibile" in content(changing.get(annas(name)))


def test_the_journal_tells_the_story_in_plain_words_and_without_whole_addresses(changing):
    type_code(changing, last_code(NEW), "4512")
    changing.post(annas("pharmacies:mail_revoke"))
    body = content(changing.get(annas("pharmacies:journal")))
    assert "Anna Rossi</strong> ha indicato l’indirizzo ri•••@farmaciasanmarco.it da certificare" in body
    assert "ha cambiato l’indirizzo certificato da id•••@farmaciasanmarco.it a ri•••@farmaciasanmarco.it" in body
    assert "ha revocato l’indirizzo certificato ri•••@farmaciasanmarco.it" in body
    assert OLD not in body
    assert NEW not in body


def test_the_journal_says_something_of_a_verb_that_nobody_put_into_words(anna_client, certified):
    record("till.opened", now=timezone.now(), about="4512")
    assert "Il portale</strong> ha registrato un’operazione (till.opened)" in content(
        anna_client.get(annas("pharmacies:journal"))
    )


def test_the_journal_is_read_a_page_at_a_time_and_an_empty_one_says_so(anna_client, certified):
    assert "Ancora niente" in content(anna_client.get(annas("pharmacies:journal")))
    for _ in range(25):
        record("code.sent", now=timezone.now(), about="4512", address="id•••@x.it")
    assert content(anna_client.get(annas("pharmacies:journal"))).count("ha preparato un codice") == 20
    assert content(anna_client.get(annas("pharmacies:journal") + "?pagina=2")).count("ha preparato un codice") == 5
    assert anna_client.get(annas("pharmacies:journal") + "?pagina=abc").status_code == 200
