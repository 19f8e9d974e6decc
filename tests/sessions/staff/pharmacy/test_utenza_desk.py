"""*anagrafica* creates an utenza, renews its secrets, hands it over, names its supplier; the titolare collects the secrets."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from sessions.ids import issuing
from sessions.ids.issuing_refused import UtenzaNotUsable
from sessions.models import IdSessione, State
from sessions.utenze import by_the_desk, life
from tests.conftest import ANNA, make_pharmacy, sign_in
from tests.pharmacies.letters import text_of
from tests.sessions.staff.conftest import NOW, certification_of, words

FIELDS = {
    "codice_fiscale": ANNA, "codice_regione": "042", "codice_asl": "001", "codice_ssa": "45120",
    "fornitore": "Gestionali Srl", "motivo": "telefonata del titolare",
}  # fmt: skip


def url(name: str, utenza: Utenza | None = None, code: str = "4512") -> str:
    return reverse(f"staff:{name}", args=[code, utenza.pk] if utenza else [code])


def text(response) -> str:
    return words(response.content.decode())


def letters() -> list[tuple[str, str]]:
    return [
        (row.about, row.subject.partition(" – ")[0])
        for row in OutgoingMail.objects.filter(kind="notice").order_by("pk")
    ]


@pytest.fixture
def desk(operator) -> Client:
    return operator("anagrafica")


@pytest.fixture
def account(give_id, san_marco) -> Utenza:
    return give_id(san_marco).utenza


@pytest.fixture
def anna_now(anna) -> Client:
    return sign_in(Client(), anna)


def test_the_record_offers_the_acts_to_anagrafica_alone(desk, operator, account) -> None:
    page = desk.get("/operatori/stato-sessioni/4512/").content.decode()
    names = ("renew_utenza", "hand_over_utenza", "supplier")
    assert [name for name in names if url(name, account) not in page] == []
    assert url("add_utenza") in page
    other = operator("sicurezza").get("/operatori/stato-sessioni/4512/").content.decode()
    assert url("renew_utenza", account) not in other
    assert url("add_utenza") not in other


def test_a_new_utenza_waits_for_the_titolare_and_no_operator_sees_its_secrets(desk, san_marco, certified) -> None:
    answer = desk.post(url("add_utenza"), FIELDS, follow=True)
    utenza = Utenza.objects.get()
    assert (utenza.pharmacy, utenza.supplier, utenza.has_secrets) == (san_marco, "Gestionali Srl", False)
    assert utenza.secrets_wait_since == NOW
    assert "il titolare o il direttore ritira" in text(answer)
    assert letters() == [("4512", "Nuova utenza del gestionale")]
    assert "si vedono una volta sola" in text_of(OutgoingMail.objects.get())
    assert "Motivo: telefonata del titolare" in Entry.objects.get().sentence


def test_a_double_click_creates_one(desk, san_marco) -> None:
    for _ in range(2):
        desk.post(url("add_utenza"), FIELDS)
    assert Utenza.objects.count() == 1


def test_no_more_than_a_pharmacy_may_have(desk, san_marco, account, monkeypatch) -> None:
    monkeypatch.setattr(by_the_desk, "AT_MOST", 1)
    assert "La farmacia ha già" in text(desk.post(url("add_utenza"), FIELDS, follow=True))
    assert Utenza.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", [{"codice_fiscale": "RSSNNA80A41H501X"}, {"codice_asl": "1"}, {"motivo": " "}, {"fornitore": "x" * 81}]
)
def test_a_wrong_field_creates_nothing(desk, san_marco, wrong) -> None:
    assert "<title>Errore: " in desk.post(url("add_utenza"), {**FIELDS, **wrong}).content.decode()
    assert not Utenza.objects.exists()


def test_secrets_that_somebody_may_know_stop_at_once_and_the_ids_stay(desk, account, anna_now) -> None:
    desk.post(url("renew_utenza", account), {"quando": "subito", "motivo": "password rubata", "fornitore": ""})
    account.refresh_from_db()
    assert not account.check_password("SALVE")
    assert not account.check_pincode("1729594276")
    assert IdSessione.objects.with_facts().get().state(NOW) in (State.VALIDATO, State.ATTIVO)
    assert letters() == [("4512", "Password e pincode dell’utenza non valgono più")]
    page = anna_now.get("/servizi/4512/sicurezza/utenze/")
    assert "Ritira le nuove credenziali" in text(page)
    collect = reverse("utenze:collect", args=["4512", account.pk])
    assert "non valgono più" in text(anna_now.get(collect))
    shown = anna_now.post(collect, follow=True).content.decode()
    password, pincode = (re.search(rf'id="{name}"[^>]*>([^<]+)<', shown)[1] for name in ("password", "pincode"))
    account.refresh_from_db()
    assert account.check_password(password)
    assert account.check_pincode(pincode)
    assert account.secrets_wait_since is None
    again = anna_now.get(reverse("utenze:secrets_shown", args=["4512", account.pk])).content.decode()
    assert password not in again
    assert "già state mostrate" in again
    assert [row for row in Entry.objects.all() if password in str(row.detail) or pincode in str(row.detail)] == []


def test_a_change_of_gestionale_lets_the_old_one_work_until_the_new_secrets_are_collected(
    desk, account, anna_now
) -> None:
    fields = {"quando": "ritiro", "motivo": "cambio di gestionale", "fornitore": "Nuovo Srl"}
    desk.post(url("renew_utenza", account), fields)
    account.refresh_from_db()
    assert account.check_password("SALVE")
    assert account.supplier == "Nuovo Srl"
    assert "se il gestionale non è pronto" in text(anna_now.get(reverse("utenze:collect", args=["4512", account.pk])))
    anna_now.post(reverse("utenze:collect", args=["4512", account.pk]))
    account.refresh_from_db()
    assert not account.check_password("SALVE")


def test_asking_twice_tells_once_and_at_once_still_takes_them_away(desk, account) -> None:
    fields = {"quando": "ritiro", "motivo": "cambio", "fornitore": ""}
    desk.post(url("renew_utenza", account), fields)
    assert "aspettano già" in text(desk.post(url("renew_utenza", account), fields, follow=True))
    desk.post(url("renew_utenza", account), {**fields, "quando": "subito"})
    account.refresh_from_db()
    assert not account.has_secrets
    assert "aspettano già" in text(desk.post(url("renew_utenza", account), {**fields, "quando": "subito"}, follow=True))
    assert len(letters()) == 2


def test_collecting_twice_changes_the_secrets_once(account, anna, carla) -> None:
    by_the_desk.ask_for_new_secrets(account, "prova", carla, NOW, at_once=True)
    assert life.collect_secrets(account, anna, NOW)
    before = Utenza.objects.get(pk=account.pk).password
    assert life.collect_secrets(account, anna, NOW) is None
    assert Utenza.objects.get(pk=account.pk).password == before


def test_a_delegate_and_a_stranger_collect_nothing(desk, account, dario_client) -> None:
    desk.post(url("renew_utenza", account), {"quando": "subito", "motivo": "prova", "fornitore": ""})
    assert dario_client.post(reverse("utenze:collect", args=["4512", account.pk])).status_code == 404
    account.refresh_from_db()
    assert account.secrets_wait_since


def test_handing_over_asks_for_the_name_then_ends_ids_and_secrets_and_tells_both(desk, account, al_redentore) -> None:
    other = certification_of(al_redentore, "idsessione@redentore.it")
    fields = {"farmacia": "01877", "motivo": "nuovo codice dopo la vendita"}
    asks = text(desk.post(url("hand_over_utenza", account), fields))
    assert "Vuoi passarla a Farmacia Al Redentore?" in asks
    account.refresh_from_db()
    assert account.pharmacy.code == "4512"
    answer = desk.post(
        url("hand_over_utenza", account), {**fields, "farmacia": "1877", "conferma": "1877"}, follow=True
    )
    assert "passata a Farmacia Al Redentore" in text(answer)
    account.refresh_from_db()
    assert (account.pharmacy, account.has_secrets, account.secrets_wait_since) == (al_redentore, False, NOW)
    row = IdSessione.objects.with_facts().get()
    assert row.state(NOW) is State.REVOCATO
    assert row.pharmacy.code == "4512"
    assert sorted(about for about, _ in letters()) == ["1877", "4512"]
    assert OutgoingMail.objects.filter(recipient=other.address, kind="notice").exists()
    lines = {entry.about: entry.sentence for entry in Entry.objects.filter(verb__startswith="utenza.handed")}
    assert "alla farmacia 1877 (ID SESSIONE revocati: 1)" in lines["4512"]
    assert "che era della farmacia 4512" in lines["1877"]


@pytest.mark.parametrize("code", ["4512", "999", "", "1877"])
def test_an_utenza_goes_to_no_closed_unknown_or_same_pharmacy(desk, account, al_redentore, code) -> None:
    Pharmacy.objects.filter(code="1877").update(closed_on=NOW.date())
    fields = {"farmacia": code, "motivo": "prova", "conferma": code}
    assert "<title>Errore: " in desk.post(url("hand_over_utenza", account), fields).content.decode()
    account.refresh_from_db()
    assert account.pharmacy.code == "4512"


def test_an_utenza_goes_to_no_pharmacy_outside_the_operators_territory(operator, account, al_redentore) -> None:
    Pharmacy.objects.filter(code="1877").update(region_code="010")
    fields = {"farmacia": "1877", "motivo": "prova", "conferma": "1877"}
    page = operator("anagrafica", limited_to=["042"]).post(url("hand_over_utenza", account), fields)
    assert "Nel tuo territorio" in text(page)


def test_a_blocked_utenza_stays_blocked_and_a_full_pharmacy_gets_none(
    account, al_redentore, carla, monkeypatch
) -> None:
    life.block(account, "furto", carla, NOW)
    monkeypatch.setattr(by_the_desk, "AT_MOST", 0)
    with pytest.raises(life.TooManyUtenze):
        by_the_desk.hand_over(account, al_redentore, "prova", carla, NOW)
    monkeypatch.undo()
    assert by_the_desk.hand_over(account, al_redentore, "prova", carla, NOW)
    assert not by_the_desk.hand_over(account, al_redentore, "prova", carla, NOW)
    account.refresh_from_db()
    assert account.blocked_at == NOW


def test_a_request_that_read_the_utenza_before_it_was_handed_over_gets_no_id(account, al_redentore, carla) -> None:
    context = IdSessione.objects.get().context
    stale = Utenza.objects.get(pk=account.pk)
    by_the_desk.hand_over(account, al_redentore, "prova", carla, NOW)
    certification_of(al_redentore, "idsessione@redentore.it")
    with pytest.raises(UtenzaNotUsable):
        issuing.issue(stale, context, NOW)


def test_who_read_the_utenza_before_it_was_handed_over_gets_and_changes_no_secret(
    account, al_redentore, anna, carla
) -> None:
    stale = Utenza.objects.get(pk=account.pk)
    by_the_desk.hand_over(account, al_redentore, "prova", carla, NOW)
    before = Utenza.objects.values("password", "pincode", "secrets_wait_since", "pharmacy").get(pk=account.pk)
    for act in (
        lambda: life.collect_secrets(stale, anna, NOW),
        lambda: life.reset_pincode(stale, anna, NOW),
        lambda: life.change_password(stale, "una password nuova", anna, NOW),
    ):
        with pytest.raises(life.HandedOver):
            act()
    third = make_pharmacy("99", "Terza")
    assert not by_the_desk.hand_over(stale, third, "prova", carla, NOW)
    assert Utenza.objects.values("password", "pincode", "secrets_wait_since", "pharmacy").get(pk=account.pk) == before


def test_the_supplier_takes_the_spelling_of_the_others_and_writes_no_letter(desk, account, give_id) -> None:
    other = give_id(name="Altra").utenza
    Utenza.objects.filter(pk=other.pk).update(supplier="Gestionali Srl")
    assert '<option value="Gestionali Srl">' in desk.get(url("supplier", account)).content.decode()
    desk.post(url("supplier", account), {"fornitore": " GESTIONALI  s.r.l. ".replace("s.r.l.", "srl")})
    account.refresh_from_db()
    assert account.supplier == "Gestionali Srl"
    assert "Gestionale di Gestionali Srl" in text(desk.get("/operatori/stato-sessioni/4512/"))
    desk.post(url("supplier", account), {"fornitore": "Gestionali srl"})
    assert [entry.sentence for entry in Entry.objects.all()] == [
        f"ha scritto il fornitore dell’utenza {account.user_id}: Gestionali Srl"
    ]
    assert letters() == []
    desk.post(url("supplier", account), {"fornitore": ""})
    account.refresh_from_db()
    assert account.supplier == ""


def test_an_account_that_is_a_codice_fiscale_is_masked(desk, account) -> None:
    account.user_id = "RSSNNA80A41H501L"
    account.save()
    pages = [desk.get(url(name, account)) for name in ("renew_utenza", "hand_over_utenza", "supplier")]
    pages += [desk.get("/operatori/stato-sessioni/4512/")]
    assert [page for page in pages if account.user_id in page.content.decode()] == []


def test_the_secrets_of_one_pharmacy_are_not_collected_at_another(account, bruno_client, carla) -> None:
    by_the_desk.ask_for_new_secrets(account, "prova", carla, NOW - timedelta(minutes=1), at_once=True)
    assert bruno_client.post(reverse("utenze:collect", args=["1877", account.pk])).status_code == 404
    assert MailCertification.objects.exists()
