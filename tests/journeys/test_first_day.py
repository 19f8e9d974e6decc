"""The first day without JavaScript: certify in eight steps, request an id, get the reminder, appear on the staff's list."""

import base64
import re
from datetime import timedelta

import time_machine
from django.test import Client
from django.utils import timezone

from portal.demo import people
from portal.demo.models import DemoLetter
from portal.identity.models import StaffTotp, User
from sessions.models import IdSessione
from sessions.reminders.sending import send_due
from tests.conftest import sign_in_staff
from tests.journeys.reader import Reader

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


DOOR = {"SPID": "Entra con SPID", "CIE": "Carta di prova, con OpenID Connect"}
GO_ON = {"SPID": "Conferma", "CIE": "Avvicina la carta"}


def enter(reader: Reader, person: str, method: str = "SPID") -> None:
    reader.open("/accesso/")
    reader.press(DOOR[method])
    reader.press(GO_ON[method], persona=person, livello="2", esito="ok")
    reader.press("Torna al portale")


def newest_letter() -> str:
    """The source of the newest letter in the demo mailbox, as text."""
    return DemoLetter.objects.latest("pk").text.replace("\r\n", "\n")


def test_a_titolare_certifies_asks_for_an_id_and_is_told_before_it_expires_and_staff_see_it(
    bruno, al_redentore, carla, utenza, post_round
):
    utenza.pharmacy = al_redentore
    utenza.save()
    morning = timezone.now()
    reader = Reader()

    # 1 the identity, 2 and 3 the menu, 4 the address
    enter(reader, "bruno")
    reader.sees("Servizi on line")
    reader.follow("Sicurezza")
    reader.follow("Certifica mail")
    reader.press("Invia il codice", indirizzo="redentore@pec.it")
    assert "<title>Errore: " in reader.page.html
    reader.sees("PEC")
    reader.press("Invia il codice", indirizzo="idsessione@alredentore.example")
    reader.sees("Inserisci il codice di validazione")
    assert DemoLetter.objects.count() == 0, "looking at the page must not have sent anything by itself"

    # 5 the code from the mailbox, after a wrong one
    assert post_round() == 1
    code = re.search(r"Codice validazione: (\d{6})", newest_letter()).group(1)
    reader.press("Conferma il codice", codice="000000" if code != "000000" else "000001")
    reader.sees("4 tentativi")
    reader.press("Conferma il codice", codice=f"{code[:3]} {code[3:]}")

    # 7 and 8: confirmation and certified address
    reader.sees("La mail è stata validata e registrata con successo")
    reader.follow("Gestione mail certificata")
    reader.sees("idsessione@alredentore.example")
    post_round()

    # the id: asked for, shown, read in the mail
    reader.follow("Gestione ID-SESSIONE")
    reader.press("Richiedi l’ID per la ricetta SSN")
    post_round()
    in_the_mail = re.search(rf"^({UUID})\s*$", newest_letter(), re.MULTILINE).group(1)
    assert in_the_mail not in reader.page.html, "shown on demand only"
    reader.press("Mostra")
    assert in_the_mail in re.sub(r"<[^>]+>|\s", "", reader.page.html)

    # the reminder, one hour before the end
    with time_machine.travel(morning + timedelta(hours=14, minutes=55)):
        assert send_due(timezone.now()) == 0
    with time_machine.travel(morning + timedelta(hours=15, minutes=1)):
        assert send_due(timezone.now()) == 1
        assert send_due(timezone.now()) == 0, "said once"
        assert post_round() == 1
        letter = newest_letter()
        assert in_the_mail[-4:] in letter
        assert in_the_mail not in letter

        staff_see_it(Reader(sign_in_staff(Client(), carla)), in_the_mail)


def staff_see_it(desk: Reader, the_id: str) -> None:
    """The status page and the page of the pharmacy, as Carla reads them an hour before the end."""
    desk.open("/operatori/stato-sessioni/")
    desk.sees("In scadenza")
    desk.sees("Al Redentore")
    desk.sees(the_id[-4:])
    assert the_id not in desk.page.html
    assert "idsessione@alredentore.example" not in desk.page.html
    desk.follow("Al Redentore")
    desk.sees("Promemoria")


def test_the_address_is_changed_without_a_gap_and_then_revoked_with_its_ids(anna, certified, utenza, post_round):
    reader = Reader()
    enter(reader, "anna")
    reader.follow("Gestione ID-SESSIONE")
    reader.press("Richiedi l’ID per la ricetta SSN")
    post_round()
    reader.follow("Gestione mail certificata")
    reader.follow("Modifica")
    reader.press("Invia il codice", indirizzo="nuova@farmaciasanmarco.it")
    reader.open("/servizi/4512/sicurezza/gestione-mail/")
    reader.sees("idsessione@farmaciasanmarco.it")
    post_round()
    code = re.search(r"Codice validazione: (\d{6})", newest_letter()).group(1)
    reader.open("/servizi/4512/sicurezza/certifica-mail/")
    reader.press("Conferma il codice", codice=code)
    reader.sees("La mail è stata validata e registrata con successo")
    post_round()
    recipients = set(DemoLetter.objects.values_list("recipient", flat=True))
    assert recipients == {"idsessione@farmaciasanmarco.it", "nuova@farmaciasanmarco.it"}

    reader.follow("Gestione mail certificata")
    reader.follow("Revoca")
    reader.sees("ID SESSIONE")
    reader.press("Revoca")
    reader.follow("Gestione ID-SESSIONE")
    reader.sees("Revocato")
    assert IdSessione.objects.get().is_live(timezone.now()) is False


def test_a_stranger_is_shown_three_ways_out_and_finds_nothing_at_another_s_address(dario, san_marco):
    reader = Reader()
    enter(reader, "dario", "CIE")
    reader.sees("farmaci")
    assert "San Marco" not in reader.page.html
    for path in ("", "sicurezza/", "sicurezza/gestione-mail/", "id-sessione/", "avvisi/", "registro/"):
        assert reader.open(f"/servizi/4512/{path}").status == 404
    assert reader.open("/operatori/stato-sessioni/").status == 403


def test_the_staff_enter_with_password_and_authenticator(db):
    user = User.objects.create_staff(people.STAFF_USERNAME, people.STAFF_PASSWORD, "Carla", "Neri", roles=["lettura"])
    StaffTotp.enrol(user, base64.b32decode(people.STAFF_TOTP_SECRET))
    reader = Reader()
    reader.open("/operatori/stato-sessioni/")
    reader.press("Continua", username=people.STAFF_USERNAME, password=people.STAFF_PASSWORD)
    shown = Reader().open("/prova/app/")
    code = re.search(r"(\d{3})\s*(\d{3})", shown.text).expand(r"\1\2")
    reader.press("Entra", code=code)
    reader.sees("Stato delle sessioni")
