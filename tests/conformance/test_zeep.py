"""A third-party SOAP client (zeep), with the description that we serve and with its files on disk."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
import requests
import zeep
from requests.auth import HTTPBasicAuth
from zeep.transports import Transport

from pharmacies.models import Utenza
from sessions.soap.schema import FOLDER, WSDL

pytestmark = pytest.mark.django_db(transaction=True)
BINDING = "{http://wsdl.auth.a2f.sts.sanita.finanze.it}authentication-service-binding"


@pytest.fixture
def opened(wsdl: str, service_url: str) -> Iterator[Callable[..., zeep.proxy.ServiceProxy]]:
    """A zeep client of the service, for a userId and a password."""
    with ExitStack() as stack:

        def open_for(user_id: str, password: str) -> zeep.proxy.ServiceProxy:
            session = stack.enter_context(requests.Session())
            session.trust_env = False
            session.auth = HTTPBasicAuth(user_id, password)
            client = zeep.Client(wsdl, transport=Transport(session=session, timeout=10))
            return client.create_service(BINDING, service_url)

        yield open_for


@pytest.fixture(params=["served", "on disk"])
def wsdl(request: pytest.FixtureRequest, service_url: str) -> str:
    return f"{service_url}?wsdl" if request.param == "served" else str(FOLDER / WSDL)


@pytest.fixture
def request_fields(gest) -> dict[str, object]:
    """The request fields of a revoke or a checkToken."""
    return {name: value for name, value in gest.fields.items() if not name.startswith("cod")}


def test_zeep_goes_through_the_life_of_an_id(gest, request_fields, opened) -> None:
    service = opened(gest.user_id, gest.password)
    created = service.create(**gest.fields)
    assert created.codEsito == "0"
    assert (created.info.chiave, created.errori) == ("emailStatus", None)
    note = created.comunicazioni.comunicazione[0]
    assert note.codice == "token"
    token = note.messaggio
    checked = service.checkToken(**request_fields, token=token)
    assert (checked.infoToken.stato, checked.infoToken.descrizione) == (0, "Valido")
    assert (checked.infoToken.dataFineValidita - checked.infoToken.dataInizioValidita).total_seconds() == 16 * 3600
    assert service.revoke(**request_fields, token=token).info.chiave == "revokeStatus"
    again = service.revoke(**request_fields, token=token)
    assert [(error.tipoErrore, error.codEsito) for error in again.errori.errore] == [("W", "05")]
    assert service.checkToken(**request_fields, token=token).infoToken.stato == 1


def test_zeep_understands_a_refusal(gest, opened) -> None:
    service = opened(gest.user_id, gest.password)
    refused = service.create(**{**gest.fields, "cfUtente": "VRDDRA82C03L219M"})
    assert (refused.codEsito, refused.errori.errore[0].codEsito) == ("1", "306")


def test_zeep_understands_the_faults(gest, opened) -> None:
    with pytest.raises(zeep.exceptions.Fault, match=r"Rejected by policy\. \(from client\)"):
        opened(gest.user_id, "wrong").create(**gest.fields)
    Utenza.objects.update(disabled_at="2026-01-01T00:00:00Z")
    with pytest.raises(zeep.exceptions.Fault, match="Errore generico di autenticazione"):
        opened(gest.user_id, gest.password).create(**gest.fields)


def test_over_a_socket_ten_megabytes_are_refused_and_the_next_call_is_served(gest, service_url) -> None:
    with httpx.Client(trust_env=False, timeout=10, headers={"Content-Type": "text/xml"}) as http:
        assert http.post(service_url, content=b"x" * 10_000_000).status_code == 413
        answer = http.post(service_url, content=gest.message("create"), auth=(gest.user_id, gest.password))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
