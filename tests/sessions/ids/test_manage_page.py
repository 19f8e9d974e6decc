"""Gestione ID-SESSIONE, through HTTP and without JavaScript."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from pharmacies.models import Office
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from sessions.ids import issuing, revealing, revoking, using
from sessions.models import Context, IdSessione, Reminder, State
from tests.conftest import sign_in
from tests.sessions.conftest import MORNING, make_utenza

H = timedelta(hours=1)
PAGE, ASK = "/servizi/4512/id-sessione/", "/servizi/4512/id-sessione/richiedi/"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def client(anna, certified, utenza, context) -> Client:
    """Anna signed in this morning; her pharmacy is certified, its gestionale known."""
    return sign_in(Client(), anna)


def hidden(html: str) -> dict[str, str]:
    """The hidden fields of the page's form."""
    return dict(re.findall(r'<input type="hidden" name="(utenza|uso|confermo)" value="(\w+)">', html))


def ask(client: Client) -> str:
    """Presses the page's button, and the confirmation's when there is one; returns the final page."""
    html = client.get(PAGE).content.decode()
    if "Genera un nuovo ID" in html:
        html = client.get(ASK).content.decode()
    return client.post(ASK, hidden(html), follow=True).content.decode()


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_who_never_asked_is_told_what_to_do(client) -> None:
    page = text(client.get(PAGE).content.decode())
    assert "Nessun ID valido per la ricetta SSN" in page
    assert "Nessun ID valido per la ricetta bianca" in page
    assert "Cronologia" not in page


def test_without_a_certified_address_the_page_leads_to_certifica_mail(anna, utenza, context) -> None:
    html = sign_in(Client(), anna).get(PAGE).content.decode()
    assert "Prima serve un indirizzo certificato" in html
    assert 'href="/servizi/4512/sicurezza/certifica-mail/"' in html
    assert "Richiedi gli ID di oggi" not in html


def test_a_delegate_without_a_certified_address_is_sent_to_the_titolare(anna, utenza, context) -> None:
    Office.objects.update(role=Office.Role.DELEGATE)
    html = sign_in(Client(), anna).get(PAGE).content.decode()
    assert "Può certificarlo il titolare o il direttore" in html


def test_a_pharmacy_without_an_utenza_is_told_why(anna, certified, context) -> None:
    page = text(sign_in(Client(), anna).get(PAGE).content.decode())
    assert "Nessuna utenza del gestionale" in page


def test_an_address_that_refuses_mail_is_said_before_asking(client, certified) -> None:
    certified.undeliverable_at = MORNING - H
    certified.save()
    html = client.get(PAGE).content.decode()
    assert "L’indirizzo certificato rifiuta i messaggi" in html
    assert 'href="/servizi/4512/sicurezza/gestione-mail/"' in html


def test_a_last_letter_that_was_refused_is_a_warning_and_stands_in_nobodys_way(client, certified) -> None:
    ask(client)
    assert "L’ultimo messaggio a questo indirizzo" not in client.get(PAGE).content.decode()
    OutgoingMail.objects.update(failed_at=MORNING, last_answer="552 5.2.2 casella piena")
    for url in (PAGE, ASK):
        html = client.get(url).content.decode()
        assert "L’ultimo messaggio a questo indirizzo (idsessione@farmaciasanmarco.it)" in html
        assert "Rifiutato: casella piena" in html
        assert 'href="/servizi/4512/sicurezza/gestione-mail/"' in html
    assert "Genera un nuovo ID" in client.get(PAGE).content.decode()


def test_reloading_the_page_that_shows_an_id_writes_one_line(client) -> None:
    ask(client)
    show = f"{PAGE}{IdSessione.objects.get().pk}/mostra/"
    for _ in range(3):
        assert "Il tuo ID SESSIONE" in client.post(show).content.decode()
    assert Entry.objects.filter(verb="id.shown").count() == 1
    with time_machine.travel(MORNING + timedelta(seconds=61), tick=False):
        client.post(show)
    assert Entry.objects.filter(verb="id.shown").count() == 2


def test_a_blocked_utenza_is_said(client, utenza) -> None:
    utenza.blocked_at = MORNING
    utenza.save()
    assert "L’utenza UVANNA01 è bloccata" in text(client.get(PAGE).content.decode())


def test_the_id_asked_for_is_shown_with_its_end_and_its_letter_but_not_in_full(client) -> None:
    page = ask(client)
    row = IdSessione.objects.get()
    assert "è in viaggio verso idsessione@farmaciasanmarco.it" in page
    assert "Scade alle 00:58 di martedì 24 novembre 2026 (ora italiana)" in text(page).replace(" .", ".")
    assert "Tempo che resta: 16 h" in text(page)
    assert "Ora del portale: 08:58:00" in text(page)
    assert "Dove si trova il messaggio" in page
    assert f"…{row.last4}" in page
    assert revealing.reveal(row, None, MORNING) not in page


def test_a_double_click_gives_one_id_and_a_sentence(client, clock) -> None:
    fields = hidden(client.get(PAGE).content.decode())
    client.post(ASK, fields)
    clock.shift(1)
    page = client.post(ASK, fields, follow=True).content.decode()
    assert IdSessione.objects.count() == 1
    assert "è appena stato chiesto, alle 08:58:00: vale quello" in page
    assert "Potrai chiederne un altro dalle 08:59:00" in page


def test_when_an_id_is_live_a_new_one_is_asked_twice(client, clock) -> None:
    ask(client)
    clock.shift(H / 3)
    fields = hidden(client.get(ASK).content.decode())
    fields.pop("confermo")
    answer = client.post(ASK, fields)
    assert answer.url.startswith(ASK)
    assert IdSessione.objects.count() == 1


@pytest.mark.parametrize(
    ("policy", "used", "sentence"),
    [
        ("overlap", True, "resta valido finché non usi il nuovo"),
        ("overlap", False, "non ancora usato, smette subito di valere"),
        ("replace", True, "smette subito di valere : le casse che lo usano"),
    ],
)
def test_the_warning_says_what_happens_to_the_other_tills(policy, used, sentence, client, clock) -> None:
    ask(client)
    if used:
        using.use(IdSessione.objects.get(), MORNING)
    Context.objects.update(policy=policy)
    clock.shift(H / 3)
    assert sentence in text(client.get(ASK).content.decode())


def test_a_confirmed_new_id_lives_beside_the_one_in_use(client, clock) -> None:
    ask(client)
    using.use(IdSessione.objects.get(), MORNING)
    clock.shift(H / 3)
    page = text(ask(client))
    assert "ID in uso" in page
    assert "ID pronto, non ancora usato" in page


def test_the_confirmation_page_with_nothing_to_confirm_goes_back(client, utenza) -> None:
    assert client.get(ASK).url.startswith(PAGE)


def test_too_many_requests_are_refused_with_the_time_of_the_next(client, clock) -> None:
    for _ in range(10):
        ask(client)
        clock.shift(120)
    assert "potrai chiederne un altro dalle 09:58" in ask(client)


def test_an_address_lost_meanwhile_is_said_instead_of_an_error(client, certified) -> None:
    fields = hidden(client.get(PAGE).content.decode())
    certified.revoked_at = MORNING
    certified.save()
    assert "non ha un indirizzo certificato" in client.post(ASK, fields, follow=True).content.decode()


def test_show_gives_the_whole_id_in_groups_to_who_presses_the_button_and_writes_it_in_the_journal(client, anna) -> None:
    ask(client)
    row = IdSessione.objects.get()
    answer = client.post(f"{PAGE}{row.pk}/mostra/")
    plain = revealing.reveal(row, None, MORNING)
    code = re.search(r'id="id-sessione"[^>]*>(.*?)</span></p>', answer.content.decode(), re.DOTALL)[1]
    assert re.sub(r"<[^>]+>", "", code) == plain
    assert "no-store" in answer["Cache-Control"]
    assert Entry.objects.filter(verb="id.shown", actor=anna, about="4512").count() == 1


def test_the_address_of_show_typed_by_hand_shows_nothing(client) -> None:
    ask(client)
    answer = client.get(f"{PAGE}{IdSessione.objects.get().pk}/mostra/")
    assert answer.status_code == 302
    assert not Entry.objects.filter(verb="id.shown").exists()


def test_a_dead_id_is_not_shown_nor_sent_again(client) -> None:
    ask(client)
    row = IdSessione.objects.get()
    revoking.revoke(row, None, MORNING)
    assert "non si può più mostrare" in client.post(f"{PAGE}{row.pk}/mostra/", follow=True).content.decode()
    assert "non si può reinviare" in client.post(f"{PAGE}{row.pk}/reinvia/", follow=True).content.decode()


def test_send_again_sends_the_same_id_and_says_when_it_may_be_pressed_again(client, clock) -> None:
    ask(client)
    row = IdSessione.objects.get()
    early = client.post(f"{PAGE}{row.pk}/reinvia/", follow=True).content.decode()
    assert "potrai reinviare l’ID dalle 08:59:00" in early
    clock.shift(60)
    assert "di nuovo in viaggio" in client.post(f"{PAGE}{row.pk}/reinvia/", follow=True).content.decode()
    assert IdSessione.objects.count() == 1
    assert OutgoingMail.objects.filter(kind="issued").count() == 2


def test_revoking_asks_first_and_then_tells(client) -> None:
    ask(client)
    row = IdSessione.objects.get()
    assert "tutte le casse" in client.get(f"{PAGE}{row.pk}/revoca/").content.decode()
    assert row.is_live(MORNING)
    page = client.post(f"{PAGE}{row.pk}/revoca/", follow=True).content.decode()
    assert f"L’ID SESSIONE …{row.last4} è revocato" in page
    row.refresh_from_db()
    assert row.state(MORNING) is State.REVOCATO
    assert "non era già più valido" in client.post(f"{PAGE}{row.pk}/revoca/", follow=True).content.decode()


def test_the_history_tells_how_each_id_ended_ten_to_a_page(client, utenza, context, anna) -> None:
    for n in range(12, 0, -1):
        issuing.issue(utenza, context, MORNING - n * 24 * H)
    html = client.get(PAGE).content.decode()
    assert html.count('data-label="Stato"') == 10
    assert "Scaduto ieri" in text(html) or "Scaduto oggi" in text(html)
    assert client.get(f"{PAGE}?pagina=2").content.decode().count('data-label="Stato"') == 2


def test_another_utenza_and_another_use_are_chosen_in_the_url(client, san_marco) -> None:
    second = make_utenza("UVANNA02", san_marco)
    white = Context.objects.create(contesto="PROVA-BIANCA", applicazione="EROGATORE", title="Ricetta di prova")
    chosen = f"{PAGE}?utenza={second.pk}&uso={white.pk}"
    assert f"{ASK}?utenza={second.pk}&amp;uso={white.pk}" in client.get(chosen).content.decode()
    client.post(f"{ASK}?utenza={second.pk}&uso={white.pk}")
    row = IdSessione.objects.get()
    assert (row.utenza, row.context) == (second, white)
    assert "ID pronto" in client.get(PAGE).content.decode()


def test_an_utenza_of_another_pharmacy_cannot_be_chosen(client, al_redentore) -> None:
    bruno_utenza = make_utenza("UVBRUNO1", al_redentore)
    assert client.get(f"{PAGE}?utenza={bruno_utenza.pk}").status_code == 404
    assert client.post(ASK, {"utenza": bruno_utenza.pk}).status_code == 404
    assert not IdSessione.objects.exists()


def test_a_delegate_may_do_all_this(client) -> None:
    Office.objects.update(role=Office.Role.DELEGATE)
    ask(client)
    assert client.post(f"{PAGE}{IdSessione.objects.get().pk}/mostra/").status_code == 200


@pytest.fixture
def urls(client) -> list[str]:
    ask(client)
    pk = IdSessione.objects.get().pk
    return [PAGE, ASK, f"{PAGE}{pk}/mostra/", f"{PAGE}{pk}/reinvia/", f"{PAGE}{pk}/revoca/", "/servizi/4512/avvisi/"]


def test_dario_finds_nothing_and_does_nothing(urls, dario) -> None:
    stranger = sign_in(Client(), dario)
    assert {stranger.get(url).status_code for url in urls} == {404}
    assert {stranger.post(url).status_code for url in urls} == {404}
    assert OutgoingMail.objects.count() == 1
    assert Reminder.objects.count() == 1


def test_bruno_does_not_reach_annas_id_through_his_own_pharmacy(urls, bruno, al_redentore) -> None:
    pk = IdSessione.objects.get().pk
    his = sign_in(Client(), bruno)
    for verb in ("mostra", "reinvia", "revoca"):
        assert his.post(f"/servizi/1877/id-sessione/{pk}/{verb}/").status_code == 404


def test_carla_and_nobody_are_not_let_in(urls, carla_client) -> None:
    assert {carla_client.get(url).status_code for url in urls} == {403}
    assert {Client().get(url).status_code for url in urls} == {302}


def test_no_page_with_an_id_is_kept_by_the_browser(urls, client) -> None:
    assert all("no-store" in client.get(url).get("Cache-Control", "") for url in (urls[0], urls[4]))
