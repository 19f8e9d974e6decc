"""The till speaks to the portal over real HTTP and gets the same answers as any gestionale."""

import re
import socket
from datetime import timedelta
from email import message_from_bytes, policy

import httpx
import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from pharmacies.models import MailCertification, Utenza
from portal import a2f_client
from portal.demo.public_users import DOCTOR, PHARMACY
from portal.demo.seed.a2f import open_test_users
from portal.demo.till import sentences
from portal.outbox.models import OutgoingMail
from portal.secrets.sealing import unseal
from sessions.credentials import certificates
from sessions.models import Context, IdSessione
from sessions.soap import wire_words

TILL = "/prova/cassa/"
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def till(live_server, settings, certified) -> Client:
    """A browser at the till and a portal beside it; the public user's pharmacy is Anna's."""
    settings.PORTAL_URL = live_server.url
    settings.A2F_MODE = "TEST"
    open_test_users(certified.pharmacy, timezone.now())
    certificates.ensure_one(timezone.now())
    return Client()


def press(client: Client, button: str, **typed) -> str:
    """The page after the button, as text."""
    answer = client.post(TILL, {"azione": button, **typed}, follow=True)
    assert answer.redirect_chain == [(TILL, 302)]
    return text(answer)


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode().replace("&nbsp;", " ")))


def mailed_id() -> str:
    """The id as the pharmacist reads it in the mailbox."""
    letter = OutgoingMail.objects.filter(kind="issued").latest("pk")
    plain = message_from_bytes(unseal(letter.sealed_source), policy=policy.default).get_body(("plain",)).get_content()
    return re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", plain)[0]


def test_from_the_red_arrow_to_a_dispensed_prescription(till) -> None:
    assert "Spento: nessun ID SESSIONE" in text(till.get(TILL))
    page = press(till, "genera")
    assert "ID SESSIONE generato" in page
    assert "Spento" in page  # not pasted into the till yet
    page = press(till, "incolla", id=f"  {mailed_id()}\n")
    assert "Verde: valido" in page
    page = press(till, "eroga")
    assert "Ricetta bianca erogata" in page
    assert "Ricette erogate in questa cassa: 1" in page
    assert IdSessione.objects.get().first_used_at is not None


def test_in_test_mode_the_id_is_in_the_reply_too(till) -> None:
    assert "Incollalo dalla risposta" in press(till, "genera")
    assert "Verde" in press(till, "prendi")


def test_in_production_mode_it_is_in_the_mailbox_only(till, settings) -> None:
    settings.A2F_MODE = "PRODUCTION"
    page = press(till, "genera")
    assert "ID SESSIONE generato" in page
    assert "Incollalo dalla risposta" not in page
    assert mailed_id() not in page


def test_the_light_is_yellow_in_the_last_hour_and_red_when_it_is_over(till) -> None:
    press(till, "genera")
    press(till, "prendi")
    now = timezone.now()
    with time_machine.travel(now + timedelta(hours=15, minutes=10)):
        assert "Giallo: scade presto" in text(till.get(TILL))
    # the till's cookie lasts as long as the id: set again shortly before the end
    with time_machine.travel(now + timedelta(hours=15)):
        press(till, "verifica")
    with time_machine.travel(now + timedelta(hours=16, seconds=1)):
        page = text(till.get(TILL))
        assert "Rosso: non valido È scaduto" in page
        assert "Le ore di questo ID SESSIONE sono finite" in press(till, "eroga")


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("", "è partita senza ID SESSIONE"),
        ("boh", "deve avere 36 caratteri"),
        ("perché no — 日本", "deve avere 36 caratteri"),
        ("5d3d2cb5-3b1f-4a59-9d93-0f0a3a9f7a10", "Nessuno ha mai emesso questo ID"),
    ],
)
def test_error_9101_is_explained(till, pasted, words) -> None:
    press(till, "incolla", id=pasted)
    page = press(till, "eroga")
    assert "Errore 9101: id-sessione non presente o non valido" in page
    assert words in page
    assert "X-A2F-Reason" in page


def test_an_id_that_was_revoked_or_is_of_another_kind_is_explained_too(till) -> None:
    press(till, "genera")
    press(till, "prendi")
    assert "ID SESSIONE revocato" in press(till, "revoca")
    page = press(till, "eroga")
    assert "ha preso il suo posto" in page
    assert "Rosso: non valido" in page
    press(till, "genera")
    pasted = mailed_id()
    till.post(f"{TILL}utenza/", settings_of(uso="RICETTA-DEM EROGATORE"))
    press(till, "incolla", id=pasted)
    assert "serve per un altro tipo di ricetta" in press(till, "eroga")


def settings_of(**changed) -> dict:
    region, asl, ssa = PHARMACY.codes
    return {
        "user_id": PHARMACY.user_id, "password": "", "pincode": "", "codice_fiscale": PHARMACY.codice_fiscale,
        "regione": region, "asl": asl, "ssa": ssa, "uso": "RICETTA-BIANCA EROGATORE", **changed,
    }  # fmt: skip


def test_the_request_and_the_reply_are_on_show_without_the_password_and_the_pincode(till) -> None:
    page = press(till, "genera")
    assert "SOAPAction" in page
    assert "Authorization: Basic ••••••••" in page
    assert "CreateAuthRes" in till.get(TILL).content.decode()
    for secret in ("SALVE", "VVYzODZRNUI6U0FMVkU=", PHARMACY.pincode):
        assert secret not in till.get(TILL).content.decode()


def test_the_answers_of_the_service_are_in_plain_words(till) -> None:
    till.post(f"{TILL}utenza/", settings_of(password="un’altra"))
    assert "UserId o password dell’utenza non sono giusti" in press(till, "genera")
    till.post(f"{TILL}utenza/", settings_of(password=PHARMACY.password, pincode="0000000000"))
    assert "Errore 302" in press(till, "genera")
    region, asl, ssa = DOCTOR.codes
    till.post(
        f"{TILL}utenza/",
        settings_of(
            user_id=DOCTOR.user_id, password=DOCTOR.password, pincode=DOCTOR.pincode, regione=region, asl=asl, ssa=ssa,
            codice_fiscale=DOCTOR.codice_fiscale, uso="RICETTA-DEM PRESCRITTORE",
        ),
    )  # fmt: skip
    assert "ID SESSIONE generato" in press(till, "genera")
    MailCertification.objects.update(revoked_at=timezone.now())
    assert "non ha un indirizzo e-mail certificato" in press(till, "genera")
    Utenza.objects.filter(user_id=DOCTOR.user_id).update(disabled_at=timezone.now())
    assert "L’utenza è disabilitata o bloccata" in press(till, "genera")


def test_what_a_context_wants_and_the_till_does_not_send_is_explained(till) -> None:
    assert "Nel riquadro rosso non c’è nessun ID SESSIONE" in press(till, "verifica")
    Context.objects.update(required_fields=["contesto", "infoAggiuntive"])
    assert "il servizio vuole altre informazioni" in press(till, "genera")
    Context.objects.update(required_fields=[], allowed_tipo="I")
    assert "non accetta il pincode" in press(till, "genera")


def test_every_answer_of_the_service_has_its_sentence() -> None:
    codes = {outcome.code for outcome in vars(wire_words).values() if isinstance(outcome, wire_words.ResultCode)}
    assert codes <= set(sentences.SERVICE_CODES)
    other = a2f_client.A2fReply("1", (a2f_client.Error("E", "700", "Altro"),))  # a code of another service
    strange = a2f_client.Exchange("", "", 200, other, httpx.Headers())
    assert sentences.of_service(strange).words == sentences.UNEXPLAINED


@pytest.mark.parametrize("field", ["regione", "asl", "ssa"])
def test_the_codes_of_the_utenza_are_asked_for(till, field) -> None:
    page = till.post(f"{TILL}utenza/", settings_of(**{field: ""}))
    assert "<title>Errore: " in page.content.decode()


def test_settings_that_miss_something_are_told_and_the_manuals_come_back(till) -> None:
    page = till.post(f"{TILL}utenza/", settings_of(user_id=""))
    assert "<title>Errore: " in page.content.decode()
    till.post(f"{TILL}utenza/", settings_of(user_id="UVALTRA1"))
    assert "UVALTRA1" in text(till.get(TILL))
    till.post(f"{TILL}utenza/", {"ripristina": "1"})
    assert "UV386Q5B" in text(till.get(TILL))


def test_a_portal_that_does_not_answer_is_said_in_words(till, settings) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        settings.PORTAL_URL = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        for button in ("genera", "eroga"):
            assert "Il portale non risponde" in press(till, button)


def test_without_a_certificate_the_till_says_so(till) -> None:
    certificates.PincodeCertificate.objects.update(retired_at=timezone.now())
    assert "Manca il certificato" in press(till, "genera")


def test_what_the_till_remembers_is_its_own_and_sealed(till, anna) -> None:
    press(till, "genera")
    press(till, "prendi")
    plain = mailed_id()
    assert plain not in till.cookies["cassa"].value
    assert till.cookies["cassa"]["path"] == TILL
    assert "sessionid" not in till.cookies
    assert "Spento: nessun ID SESSIONE" in text(Client().get(TILL))
    till.cookies["cassa"] = "forged:value"
    assert "Spento: nessun ID SESSIONE" in text(till.get(TILL))


def test_a_button_that_does_not_exist_is_a_bad_request_and_a_forged_form_is_refused(till) -> None:
    assert till.post(TILL, {"azione": "password"}).status_code == 400
    assert Client(enforce_csrf_checks=True).post(TILL, {"azione": "genera"}).status_code == 403
    assert not IdSessione.objects.exists()


@pytest.mark.parametrize("spelling", ["{ID}", "{{{id}}}", "ID-SESSIONE: {id}", "«{id}»", "\ufeff{id}\u200b", "{en}"])
def test_the_till_reads_an_id_however_it_is_pasted(till, spelling) -> None:
    press(till, "genera")
    plain = mailed_id()
    page = press(till, "incolla", id=spelling.format(id=plain, ID=plain.upper(), en=plain.replace("-", "–")))
    assert plain in page
    assert "Verde" in page
