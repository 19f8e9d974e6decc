"""A pharmacy's gestionale that is not ours: zeep for the web service, httpx for the gate of a dispensing service."""

import base64
import re

import httpx
import requests
import zeep
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from zeep.transports import Transport

PATH = "/a2f-auth-ws/soap/v1/authentication-service"
CONTEXT = {"contesto": "RICETTA-DEM", "applicazione": "EROGATORE"}


class ToThePortal(HTTPAdapter):
    """Takes https requests for the portal to its port, as its proxy does."""

    def __init__(self, host: str, at: str) -> None:
        super().__init__()
        self.outside, self.inside = f"https://{host}", at

    def send(self, request: requests.PreparedRequest, **options: object) -> requests.Response:  # type: ignore[override]
        request.url = (request.url or "").replace(self.outside, self.inside)
        return super().send(request, **options)  # type: ignore[arg-type]


class ForeignGestionale:
    """Knows the address of the portal and the data of one utenza, as a vendor's program does."""

    def __init__(
        self, host: str, port: int, user_id: str, password: str, pincode: str, person: str, codes: str
    ) -> None:
        self.host, self.at = host, f"http://127.0.0.1:{port}"
        self.user_id, self.password, self.pincode = user_id, password, pincode
        region, asl, ssa = codes.split("/")
        self.codes = {"codRegione": region, "codAslAo": asl, "codSsa": ssa, "codiceStruttura": ""}
        self.person = person
        self.headers = {"Host": host, "X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.4"}

    def create(self) -> tuple[str, str]:
        """Asks for an id. Returns codEsito ("0": done) and the code of the first error ("" when there is none)."""
        with requests.Session() as session:
            session.trust_env = False
            session.auth = HTTPBasicAuth(self.user_id, self.password)
            session.headers.update(self.headers)
            session.mount("https://", ToThePortal(self.host, self.at))
            client = zeep.Client(f"https://{self.host}{PATH}?wsdl", transport=Transport(session=session, timeout=20))
            reply = client.service.create(
                userId=self.user_id, identificativo={"tipo": "P", "valore": self._encrypted_pincode()},
                cfUtente=self.person, **self.codes, **CONTEXT,
            )  # fmt: skip
        errors = reply.errori.errore if reply.errori else []
        return reply.codEsito, errors[0].codEsito if errors else ""

    def passes_the_gate(self, id_sessione: str) -> int:
        """Returns the status of the gate: 204 lets the call through."""
        answer = httpx.get(
            f"{self.at}/a2f/gate", params=CONTEXT, auth=(self.user_id, self.password),
            headers={**self.headers, "Authorization2F": f"Bearer {id_sessione}"}, timeout=20, trust_env=False,
        )  # fmt: skip
        return answer.status_code

    def _encrypted_pincode(self) -> str:
        page = self._get("/a2f/certificato/").text
        file = re.search(r'href="(/a2f/certificato/[^"]+\.pem)"', page)
        assert file is not None, "the page names no certificate"
        key = x509.load_pem_x509_certificate(self._get(file[1]).content).public_key()
        return base64.b64encode(key.encrypt(self.pincode.encode(), padding.PKCS1v15())).decode()  # type: ignore[union-attr]

    def _get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.at}{path}", headers=self.headers, timeout=20, trust_env=False)
