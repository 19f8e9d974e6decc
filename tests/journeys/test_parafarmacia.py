"""The first day of a parafarmacia, without JavaScript: address, utenza, ids of the ricetta bianca by page and by SOAP, gate, reminder."""

import re
from datetime import timedelta

import time_machine
import zeep
from django.test import Client
from django.utils import timezone
from requests import Response
from requests.structures import CaseInsensitiveDict
from zeep.transports import Transport

from pharmacies.models import Pharmacy
from portal.demo.models import DemoLetter
from sessions.models import IdSessione
from sessions.reminders.sending import send_due
from sessions.soap.schema import FOLDER, WSDL
from tests.conftest import BRUNO, make_titolare
from tests.journeys.reader import Reader
from tests.journeys.test_first_day import UUID, enter, newest_letter
from tests.sessions.gate.gate_door import PASSED, basic, reply_of
from tests.sessions.soap.calls import URL, encrypted
from tests.sessions.soap.conftest import certificate  # noqa: F401  the fixture

BINDING = "{http://wsdl.auth.a2f.sts.sanita.finanze.it}authentication-service-binding"
PASSWORD = "Tre cavalli di carta"
WHITE = {"contesto": "RICETTA-BIANCA", "applicazione": "EROGATORE"}


class TransportOfTests(Transport):
    """Carries the messages of zeep to the portal in this process, as one utenza."""

    def __init__(self, user_id: str) -> None:
        super().__init__()
        self.authorization = basic(user_id, PASSWORD)

    def post(self, address, message, headers):
        sent = {name: value for name, value in headers.items() if name != "Content-Type"}
        served = Client().generic(
            "POST", URL, message, headers["Content-Type"], headers={**sent, "Authorization": self.authorization}
        )
        answer = Response()
        answer.status_code, answer._content = served.status_code, served.content
        answer.headers = CaseInsensitiveDict(served.headers)
        return answer


def test_a_parafarmacia_works_from_its_first_day(bruno, certificate, post_round) -> None:  # noqa: F811
    site = Pharmacy.objects.create(
        code="P20001", name="Al Ponte", comune="ROVERETO", province="TN", region_code="042", address="Via Portici 4",
        type=Pharmacy.Type.PARAFARMACIA,
    )  # fmt: skip
    make_titolare(bruno, site)
    morning, reader = timezone.now(), Reader()

    # the list of both kinds
    enter(reader, "bruno")
    reader.sees("Per quale farmacia o parafarmacia operi?")
    reader.sees("abbinato a 2 farmacie e parafarmacie")
    reader.open("/servizi/P20001/")
    reader.sees("Parafarmacia Al Ponte")

    # the address
    reader.follow("Sicurezza")
    reader.follow("Certifica mail")
    reader.sees("Qual è l’e-mail della parafarmacia?")
    reader.press("Invia il codice", indirizzo="idsessione@alponte.example")
    post_round()
    assert "Parafarmacia Al Ponte" in newest_letter()
    reader.press("Conferma il codice", codice=re.search(r"Codice validazione: (\d{6})", newest_letter()).group(1))
    reader.sees("La mail è stata validata e registrata con successo")
    post_round()
    assert "gli ID SESSIONE della parafarmacia" in newest_letter()

    # without an utenza there is nothing to ask with
    reader.follow("Gestione ID-SESSIONE")
    reader.sees("Nessuna utenza del gestionale")
    reader.follow("Crea un’utenza")
    reader.press(
        "Crea l’utenza", codice_fiscale=BRUNO, codice_regione="042", codice_asl="001", codice_ssa="045120",
        password=PASSWORD, ripeti=PASSWORD,
    )  # fmt: skip
    utenza, pincode = site.utenze.get(), re.search(r'id="pincode"[^>]*>\s*(\d+)', reader.page.html).group(1)
    post_round()
    assert "un gestionale può chiedere ID SESSIONE per la parafarmacia" in newest_letter()

    # an id by the page: of the ricetta bianca, no other is offered
    reader.open("/servizi/P20001/id-sessione/")
    assert "Ricetta elettronica SSN" not in reader.page.text
    reader.press("Richiedi")
    post_round()
    by_page = re.search(rf"^({UUID})\s*$", newest_letter(), re.MULTILINE).group(1)
    assert "Ricetta bianca, vale fino alle" in newest_letter()
    assert "per tutte le casse della parafarmacia" in newest_letter()
    authorization = basic(utenza.user_id, PASSWORD)
    assert reply_of(by_page, authorization, parameters=WHITE) == PASSED

    # an id by the gestionale: the SSN prescription is refused, the ricetta bianca is served
    service = zeep.Client(str(FOLDER / WSDL), transport=TransportOfTests(utenza.user_id)).create_service(
        BINDING, f"https://portale.example{URL}"
    )
    fields = {
        "userId": utenza.user_id, "identificativo": {"tipo": "P", "valore": encrypted(pincode)}, "cfUtente": BRUNO,
        "codRegione": "042", "codAslAo": "001", "codSsa": "045120",
    }  # fmt: skip
    refused = service.create(**fields, contesto="RICETTA-DEM", applicazione="EROGATORE")
    assert (refused.codEsito, refused.errori.errore[0].codEsito) == ("1", "9998")
    created = service.create(**fields, **WHITE)
    by_soap = created.comunicazioni.comunicazione[0].messaggio
    assert reply_of(by_soap, authorization, parameters=WHITE) == PASSED
    assert reply_of(by_page, authorization, parameters=WHITE).reason == "revoked"

    # the reminder, in its words
    post_round()
    with time_machine.travel(morning + timedelta(hours=15, minutes=1)):
        assert send_due(timezone.now()) == 2, "one letter, and none for the id that the other replaced"
        assert post_round() == 1
        assert "Parafarmacia Al Ponte" in newest_letter()
        assert by_soap[-4:] in newest_letter()
    farmacia = re.compile(r"\bfarmacia\b", re.IGNORECASE)
    assert [letter.subject for letter in DemoLetter.objects.all() if farmacia.search(letter.text)] == []
    assert {row.context.contesto for row in IdSessione.objects.all()} == {"RICETTA-BIANCA"}
