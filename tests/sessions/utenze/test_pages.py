"""«Utenze del gestionale»: the titolare creates, changes and disables them; secrets are shown once or never."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pharmacies.models import Office, Utenza
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from portal.secrets.sealing import unseal
from sessions.ids import issuing
from sessions.models import IdSessione, State
from tests.conftest import ANNA, DARIO, sign_in
from tests.sessions.conftest import context  # noqa: F401  a fixture

GOOD = "quattro gatti sul tetto"
CHANGES = ["password", "pincode", "disable", "enable"]


def url(name: str, utenza: Utenza | None = None, code: str = "4512") -> str:
    return reverse(f"utenze:{name}", args=[code, utenza.pk] if utenza else [code])


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode().replace("&nbsp;", " ")))


def new_utenza(client, **changed):
    fields = {
        "codice_fiscale": ANNA, "codice_regione": "042", "codice_asl": "001", "codice_ssa": "45120", "password": GOOD,
        "ripeti": GOOD, **changed,
    }  # fmt: skip
    return client.post(url("new"), fields, follow=True)


def shown_pincode(response) -> str:
    return re.search(r'id="pincode"[^>]*>(\d{10})<', response.content.decode())[1]


def news() -> list[str]:
    return [f"{row.subject} > {row.recipient}" for row in OutgoingMail.objects.filter(kind="notice").order_by("pk")]


def test_the_first_page_says_that_there_is_none(anna_client) -> None:
    assert "Nessuna utenza" in text(anna_client.get(url("all")))
    assert url("all") in anna_client.get("/servizi/4512/sicurezza/").content.decode()


def test_a_new_utenza_gets_a_user_id_and_a_pincode_shown_once(anna_client, certified) -> None:
    answer = new_utenza(anna_client)
    utenza, pincode = Utenza.objects.get(), shown_pincode(answer)
    assert re.fullmatch(r"UV[2-9]{3}[A-HJ-NP-Z][2-9][A-HJ-NP-Z]", utenza.user_id)
    assert utenza.check_password(GOOD)
    assert utenza.check_pincode(pincode)
    assert (utenza.codice_regione, utenza.codice_asl, utenza.codice_ssa) == ("042", "001", "45120")
    assert "no-store" in answer["Cache-Control"]
    again = anna_client.get(url("pincode_shown", utenza))
    assert pincode not in text(again)
    assert "già stato mostrato" in text(again)


def test_a_look_ahead_of_the_browser_does_not_use_up_the_pincode(anna_client, utenza) -> None:
    place = anna_client.post(url("pincode", utenza)).url
    assert anna_client.head(place).status_code == 405
    assert shown_pincode(anna_client.get(place))


def test_the_pincode_waits_sealed_and_not_for_long(anna_client, utenza) -> None:
    place = anna_client.post(url("pincode", utenza)).url
    kept = anna_client.session["pincode_once"]
    pincode = unseal(kept["sealed"].encode()).decode()
    assert pincode not in str(dict(anna_client.session))
    with time_machine.travel(timezone.now() + timedelta(minutes=5, seconds=1)):
        assert pincode not in text(anna_client.get(place))


def test_the_codes_are_taken_from_the_register_or_from_the_utenza_that_is_there(anna_client, san_marco) -> None:
    page = anna_client.get(url("new")).content.decode()
    assert 'value="042"' in page
    assert f'value="{ANNA}"' in page
    new_utenza(anna_client, codice_asl="777")
    assert 'value="777"' in anna_client.get(url("new")).content.decode()


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("otto8888", "troppo corta"),
        ("una frase\tcon tabulazione", "un carattere che non si vede"),
        ("una frase con\x85 dentro", "un carattere che non si vede"),
        ("aaaaaaaaaaaaaaaa", "si indovina subito"),
        ("123456789012", "si indovina subito"),
        ("qwertyuiopas", "si indovina subito"),
        ("password2026!", "già rubate"),
        ("Superman1234", "già rubate"),
        ("San Marco 2026", "il nome della farmacia"),
        ("portalefarmacie", "o quello del portale"),
        ("x" * 5 + "abcd" * 40, "troppo lunga"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused_with_the_reason(anna_client, san_marco, password, reason) -> None:
    answer = new_utenza(anna_client, password=password, ripeti=password)
    assert reason in text(answer)
    assert "<title>Errore: " in answer.content.decode()
    assert password not in answer.content.decode()
    assert not Utenza.objects.exists()


@pytest.mark.parametrize(
    "password",
    [
        "quattro gatti sul tetto",
        "solotrediciok",
        "  spazi ai lati  ",
        "però così è giusto",
        "a:colon:inside:12",
        "🐈🐕🐎🐖🐑🐐🐪🐘🦏🦛🐁🐀",
    ],
)
def test_any_character_and_no_rule_of_composition(anna_client, utenza, password) -> None:
    anna_client.post(url("password", utenza), {"password": password, "ripeti": password})
    utenza.refresh_from_db()
    assert utenza.check_password(password)


def test_the_user_id_is_no_password(anna_client, utenza) -> None:
    answer = anna_client.post(url("password", utenza), {"password": "uvanna01 uvanna01", "ripeti": "uvanna01 uvanna01"})
    assert "non può essere lo userId" in text(answer)


def test_two_different_passwords_are_no_password(anna_client, utenza) -> None:
    answer = anna_client.post(url("password", utenza), {"password": GOOD, "ripeti": GOOD + "!"})
    assert "Le due password non sono uguali" in text(answer)
    utenza.refresh_from_db()
    assert utenza.check_password("SALVE")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("codice_fiscale", "RSSNNA80A41H501X"),
        ("codice_regione", "42"),
        ("codice_asl", "abc"),
        ("codice_ssa", "1234567"),
    ],
)
def test_a_code_that_cannot_be_is_told_beside_its_field(anna_client, field, value) -> None:
    answer = new_utenza(anna_client, **{field: value})
    assert f'href="#id_{field}"' in answer.content.decode()
    assert not Utenza.objects.exists()


def test_a_changed_password_is_told_and_written_down_and_appears_nowhere(anna_client, utenza, certified) -> None:
    anna_client.post(url("password", utenza), {"password": GOOD, "ripeti": GOOD})
    assert news() == [f"Password dell’utenza cambiata – Farmacia San Marco > {certified.address}"]
    line = Entry.objects.get()
    assert "ha cambiato la password dell’utenza UVANNA01" in line.sentence
    assert GOOD not in str(line.detail)
    assert GOOD.encode() not in unseal(OutgoingMail.objects.get().sealed_source)


def test_a_new_pincode_replaces_the_old_and_the_letter_does_not_carry_it(anna_client, utenza, certified) -> None:
    assert "smette subito di valere" in text(anna_client.get(url("pincode", utenza)))
    pincode = shown_pincode(anna_client.post(url("pincode", utenza), follow=True))
    utenza.refresh_from_db()
    assert utenza.check_pincode(pincode)
    assert not utenza.check_pincode("1729594276")
    assert pincode.encode() not in unseal(OutgoingMail.objects.get().sealed_source)
    assert pincode not in Entry.objects.get().sentence


def test_disabling_revokes_the_ids_for_good(anna_client, anna, utenza, certified, context) -> None:  # noqa: F811
    row = issuing.issue(utenza, context, timezone.now()).id_sessione
    assert "Il suo ID SESSIONE valido viene revocato" in text(anna_client.get(url("disable", utenza)))
    assert "disabilitata" in text(anna_client.post(url("disable", utenza), follow=True))
    assert "Disabilitata" in text(anna_client.get(url("all")))
    anna_client.post(url("enable", utenza))
    utenza.refresh_from_db()
    assert utenza.is_usable
    assert IdSessione.objects.with_facts().get(pk=row.pk).state(timezone.now()) is State.REVOCATO
    assert [subject.split(" –")[0] for subject in news()] == [
        "Utenza del gestionale disabilitata", "Utenza del gestionale riattivata",
    ]  # fmt: skip


def test_a_second_click_disables_nothing_twice(anna_client, utenza, certified) -> None:
    anna_client.post(url("disable", utenza))
    anna_client.post(url("disable", utenza))
    assert Entry.objects.filter(verb="utenza.disabled").count() == 1
    assert len(news()) == 1


def test_without_an_address_the_act_is_done_and_written_down(anna_client, utenza) -> None:
    anna_client.post(url("disable", utenza))
    assert Entry.objects.get().verb == "utenza.disabled"
    assert news() == []


def test_an_utenza_that_is_blocked_stays_blocked_when_the_pharmacy_enables_it(anna_client, utenza) -> None:
    utenza.block(None, "troppi indirizzi", timezone.now())
    utenza.disable(timezone.now())
    assert "Resta bloccata" in text(anna_client.get(url("enable", utenza)))
    anna_client.post(url("enable", utenza))
    utenza.refresh_from_db()
    assert not utenza.is_usable
    assert "Bloccata dal portale per sicurezza" in text(anna_client.get(url("all")))


def test_the_journal_of_the_pharmacy_says_it_in_words(anna_client, utenza) -> None:
    for act in ("disable", "enable", "pincode"):
        anna_client.post(url(act, utenza))
    page = text(anna_client.get("/servizi/4512/registro/"))
    for words in ("ha disabilitato l’utenza UVANNA01", "ha riattivato l’utenza UVANNA01", "ha cambiato il pincode"):
        assert words in page


def test_twenty_utenze_are_enough(anna_client, utenza) -> None:
    for number in range(19):
        Utenza.objects.create(
            pharmacy=utenza.pharmacy, user_id=f"UV{number}", created_at=utenza.created_at,
            password_changed_at=utenza.created_at,
        )  # fmt: skip
    assert "ha già 20 utenze" in text(new_utenza(anna_client))
    assert Utenza.objects.count() == 20


# --- access


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", ["all", "new", *CHANGES, "pincode_shown"])
def test_a_stranger_finds_no_page(dario_client, bruno_client, utenza, name, method) -> None:
    place = url(name, None if name in ("all", "new") else utenza)
    for client in (dario_client, bruno_client):
        assert getattr(client, method)(place).status_code == 404
    assert not Entry.objects.exists()


def test_an_utenza_of_another_pharmacy_is_not_there(bruno_client, utenza, al_redentore) -> None:
    for name in CHANGES:
        place = url(name, utenza, "1877")
        assert bruno_client.get(place).status_code == 404
        assert bruno_client.post(place).status_code == 404
    assert not Entry.objects.exists()


@pytest.mark.parametrize("name", ["new", *CHANGES])
def test_a_delegate_looks_and_changes_nothing(dario, san_marco, utenza, name) -> None:
    Office.objects.create(
        pharmacy=san_marco, codice_fiscale=DARIO, role="delegate", since=timezone.now() - timedelta(days=1)
    )
    client = sign_in(Client(), dario)
    page = client.get(url("all"))
    assert "UVANNA01" in text(page)
    assert url("password", utenza) not in page.content.decode()
    place = url(name, None if name == "new" else utenza)
    assert client.get(place).status_code == 403
    answer = client.post(place, {"password": GOOD, "ripeti": GOOD})
    assert answer.status_code == 403
    assert "Solo il titolare o il direttore può creare o modificare le utenze" in text(answer)
    assert not Entry.objects.exists()


@pytest.mark.parametrize("name", ["new", *CHANGES])
def test_the_identity_is_asked_again_after_a_quarter_of_an_hour(anna, utenza, name) -> None:
    client = sign_in(Client(), anna, at=timezone.now() - timedelta(minutes=11))
    answer = client.post(url(name, None if name == "new" else utenza), {"password": GOOD, "ripeti": GOOD})
    assert "di-nuovo=1" in answer.url
    assert not Entry.objects.exists()
    assert client.get(url("all")).status_code == 200


def test_staff_do_not_act_for_a_pharmacy(carla_client, utenza) -> None:
    assert carla_client.get(url("all")).status_code == 403


def test_an_accent_is_one_character_whatever_keyboard_wrote_it(anna_client, san_marco) -> None:
    typed = "perche\u0301 s\u00ec, domani"
    new_utenza(anna_client, password=typed, ripeti="perch\u00e9 s\u00ec, domani")
    assert Utenza.objects.get().check_password("perch\u00e9 s\u00ec, domani")


def test_the_page_says_that_five_wrong_passwords_make_the_right_one_wait(anna_client, utenza):
    said = text(anna_client.get(url("all")))
    assert "sbaglia la password 5 volte dallo stesso posto, per un massimo di 15 minuti" in said
    assert "rifiuta anche quella giusta" in said
