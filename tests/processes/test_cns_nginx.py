"""TS-CNS through a real nginx with the published files, a test authority, and the portal on a unix socket."""

import http.client
import re
import socket
import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from portal.demo import processes
from tests.conftest import ANNA
from tests.identity.providers.cns.authority import CARD, Authority, pem, private, written
from tests.outbox.sink import free_port
from tests.processes.conftest import ProcessWorld, until
from tests.processes.proxies import AROUND_NGINX, DEPLOY, PORTAL_NGINX

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(180),
    pytest.mark.skipif(PORTAL_NGINX.binary is None, reason=f"no nginx on this machine ({PORTAL_NGINX.how_to_get_it})"),
]
SECRET = "un-segreto-che-sa-soltanto-nginx-lungo-piu-di-cinquanta-caratteri"
OURS, OTHERS = Authority("CA di prova"), Authority("Un’altra CA")
REVOKED = 666
FORGED = {"Certificate": quote(pem(OURS.card()).decode()), "Verified": "SUCCESS", "Proxy": SECRET}
DASHES = [(f"X-Cns-{name}", value) for name, value in FORGED.items() if name != "Proxy"]
UNDERSCORES = [(f"X_Cns_{name}", value) for name, value in FORGED.items()]


@dataclass
class CardHosts:
    """Both hosts: the portal's and the cards'."""

    folder: Path
    portal: int
    cards: int
    socket: Path

    def show(
        self,
        card: x509.Certificate | None = None,
        state: str = "",
        headers: list[tuple[str, str]] | None = None,
        tls: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
        path: str = "/accesso/ts-cns/carta/",
    ) -> tuple[int, str]:
        """Requests the cards' host with this card in the reader; returns status and page."""
        context = ssl.create_default_context(cafile=str(self.folder / "host.crt"))
        context.minimum_version = context.maximum_version = tls
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if card is not None:
            context.load_cert_chain(written(self.folder / "card.pem", [pem(card), private()]))
        connection = http.client.HTTPSConnection("localhost", self.cards, timeout=20, context=context)
        return _ask(connection, "GET", f"{path}?{urlencode({'richiesta': state})}", headers or [])[:2]

    def ask_portal(
        self, method: str, path: str, headers: list[tuple[str, str]], body: str = ""
    ) -> tuple[int, str, http.client.HTTPMessage]:
        return _ask(http.client.HTTPConnection("127.0.0.1", self.portal, timeout=20), method, path, headers, body)


@dataclass
class Browser:
    """A browser at the portal: keeps cookies, submits forms."""

    front: CardHosts
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> str:
        return self._took(self.front.ask_portal("GET", path, self._headers()))[1]

    def post(self, path: str, fields: dict[str, str]) -> tuple[int, str, http.client.HTTPMessage]:
        form = ("Content-Type", "application/x-www-form-urlencoded")
        return self._took(self.front.ask_portal("POST", path, [*self._headers(), form], urlencode(fields)))

    def begin(self) -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get("/accesso/"))
        assert token
        status, _, headers = self.post("/accesso/ts-cns/avvia/", {"csrfmiddlewaretoken": token[1]})
        assert status == 302
        to = urlsplit(headers["Location"])
        assert (to.scheme, to.hostname, to.path) == ("https", "localhost", "/accesso/ts-cns/carta/")
        return parse_qs(to.query)["richiesta"][0]

    def come_back(self, page: str) -> int:
        """Submits the form of the page that the cards' host returned."""
        assert 'action="https://127.0.0.1/accesso/ts-cns/ritorno/"' in page
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', unescape(page)))
        return self.post("/accesso/ts-cns/ritorno/", fields)[0]

    @property
    def is_in(self) -> bool:
        return "__Host-sessionid" in self.cookies

    def _headers(self) -> list[tuple[str, str]]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return [("Cookie", cookies), ("Referer", "https://127.0.0.1/accesso/")]

    def _took(self, answer: tuple[int, str, http.client.HTTPMessage]) -> tuple[int, str, http.client.HTTPMessage]:
        for cookie in answer[2].get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, headers: list[tuple[str, str]], body: str = ""
) -> tuple[int, str, http.client.HTTPMessage]:
    """Sends headers unchanged: repeated ones, or names with underscores."""
    try:
        connection.putrequest(method, path)
        for name, value in headers:
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode())
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        connection.close()


@pytest.fixture(scope="module")
def front(shared_world: ProcessWorld) -> CardHosts:
    folder = shared_world.folder
    front = CardHosts(folder, free_port(), free_port(), folder / "web.sock")
    _write_files(front)
    web = [part for part in processes.web(0) if not part.startswith("127.0.0.1:")]
    web.insert(web.index("--bind") + 1, f"unix:{front.socket}")
    shared_world.start(
        "web",
        web,
        DJANGO_SETTINGS_MODULE="tests.processes.behind_proxy_settings",
        IDENTITY_PROVIDERS="portal.identity.providers.cns.TsCns",
        PORTAL_URL="https://127.0.0.1",
        CNS_URL=f"https://localhost:{front.cards}",
        CNS_PROXY_SECRET=SECRET,
        A2F_MODE="PRODUCTION",
    )
    around = folder / "nginx.conf"
    both = f"{folder}/portal.conf; include {folder}/cns.conf"
    around.write_text(AROUND_NGINX.format(folder=folder, file=both), encoding="utf-8")
    assert PORTAL_NGINX.binary is not None
    shared_world.start("nginx", [PORTAL_NGINX.binary, "-p", str(folder), "-c", str(around)])
    until(lambda: _is_up(front), 90, "the portal answers through nginx")
    return front


def _is_up(front: CardHosts) -> bool:
    try:
        return front.ask_portal("GET", "/accesso/", [])[0] == 200
    except OSError:
        return False


def _write_files(front: CardHosts) -> None:
    """The files of deploy/nginx, with other addresses, paths and socket."""
    folder = front.folder
    written(folder / "host.crt", [pem(OURS.server("localhost"))])
    written(folder / "host.key", [private()])
    written(folder / "ca.pem", [pem(OURS.certificate)])
    written(folder / "crl.pem", [pem(OURS.revoking(REVOKED))])
    (folder / "secret.conf").write_text(f'proxy_set_header X-Cns-Proxy "{SECRET}";', encoding="utf-8")
    (folder / "card-refused.html").write_bytes((DEPLOY / "nginx/card-refused.html").read_bytes())
    changes = {
        "portal.conf": {"server 127.0.0.1:8000": f"server unix:{front.socket}", "127.0.0.1:8080": f"127.0.0.1:{front.portal}", "/var/log/nginx": str(folder)},
        "cns.conf": {
            "unix:/run/portale/web.sock": f"unix:{front.socket}", "listen 443": f"listen 127.0.0.1:{front.cards}",
            "cns.portale.example": "localhost", "/etc/portale/cns": str(folder), "/var/log/nginx": str(folder),
        },
    }  # fmt: skip
    for name, replaced in changes.items():
        text = (DEPLOY / "nginx" / name).read_text(encoding="utf-8")
        for old, new in replaced.items():
            assert old in text
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("tls", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def test_a_card_brings_its_holder_in(front: CardHosts, tls: ssl.TLSVersion) -> None:
    anna = Browser(front)
    status, page = front.show(OURS.card(), anna.begin(), tls=tls)
    assert status == 200
    assert anna.come_back(page) == 302
    assert anna.is_in


@pytest.mark.parametrize(
    ("card", "status", "sentence"),
    [
        (OURS.card(serial=REVOKED), 400, "La tessera non è stata accettata"),
        (OURS.card(good=(timedelta(days=-9), timedelta(days=-1))), 400, "La tessera non è stata accettata"),
        (OTHERS.card(), 400, "La tessera non è stata accettata"),
        (OURS.card(purpose=ExtendedKeyUsageOID.SERVER_AUTH), 400, "La tessera non è stata accettata"),
        (OURS.card(policy=""), 403, "Questa tessera non va bene"),
        (OURS.card(policy="1.2.3"), 403, "Questa tessera non va bene"),
        (OURS.card(contracts=True), 403, "Questa tessera non va bene"),
        (OURS.card("Anna Rossi"), 403, "Questa tessera non va bene"),
        (OURS.card(f"{ANNA[:-1]}A/{CARD}"), 403, "Manca un codice fiscale italiano"),
        (None, 403, "Non abbiamo visto la tessera"),
    ],
    ids=[
        "revoked", "expired", "another authority", "of a server", "no policy", "another policy", "nonRepudiation",
        "odd name", "wrong checksum", "none",
    ],
)  # fmt: skip
def test_other_cards_are_refused_with_a_sentence(
    front: CardHosts, card: x509.Certificate | None, status: int, sentence: str
) -> None:
    answered, page = front.show(card, Browser(front).begin())
    assert answered == status
    assert sentence in page
    assert "biglietto" not in page


@pytest.mark.parametrize(
    "headers", [DASHES, UNDERSCORES, DASHES + DASHES, [("X-Cns-Proxy", SECRET), *DASHES, *UNDERSCORES]],
    ids=["dashes", "underscores", "twice", "with the secret"],
)  # fmt: skip
def test_what_the_client_says_of_a_card_is_overwritten_on_both_hosts(
    front: CardHosts, headers: list[tuple[str, str]]
) -> None:
    state = Browser(front).begin()
    status, page = front.show(None, state, headers)
    assert (status, "Non abbiamo visto la tessera" in page) == (403, True)
    path = f"/accesso/ts-cns/carta/?richiesta={state}"
    for host in ("127.0.0.1", "localhost"):  # the second is the name of the cards' host
        connection = http.client.HTTPConnection(host, front.portal, timeout=20)
        status, page, _ = _ask(connection, "GET", path, headers)
        assert (status, "La tessera si mostra solo" in page) == (403, True)


def test_a_request_that_goes_round_nginx_is_no_card(front: CardHosts) -> None:
    """A process that may write to the socket still lacks the secret."""
    state = Browser(front).begin()
    sent = "".join(f"{name}: {value}\r\n" for name, value in [*DASHES, ("X-Cns-Proxy", "indovinato")])
    with socket.socket(socket.AF_UNIX) as direct:
        direct.settimeout(20)
        direct.connect(str(front.socket))
        direct.sendall(
            f"GET /accesso/ts-cns/carta/?richiesta={state} HTTP/1.0\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n{sent}\r\n".encode()
        )
        assert direct.recv(4096).startswith(b"HTTP/1.0 403")


def test_a_ticket_is_good_once_and_in_the_browser_that_began(front: CardHosts) -> None:
    anna, other = Browser(front), Browser(front)
    _, page = front.show(OURS.card(), anna.begin())
    other.begin()
    assert other.come_back(page) == 400
    again = Browser(front, dict(anna.cookies))
    assert anna.come_back(page) == 302
    assert again.come_back(page) == 400
    assert (anna.is_in, other.is_in, again.is_in) == (True, False, False)


def test_the_host_of_the_cards_has_no_other_page(front: CardHosts) -> None:
    for path in ("/", "/accesso/", "/accesso/ts-cns/ritorno/", "/static/portale.css", "/card-refused.html"):
        assert front.show(OURS.card(), path=path)[0] == 404


def test_plain_http_on_the_port_of_the_cards_gets_the_page_too(front: CardHosts) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", front.cards, timeout=20)
    status, page, _ = _ask(connection, "GET", "/accesso/ts-cns/carta/", [])
    assert (status, "La tessera non è stata accettata" in page) == (400, True)


def test_the_log_of_the_host_of_the_cards_says_neither_card_nor_login(front: CardHosts) -> None:
    state = Browser(front).begin()
    front.show(OURS.card(), state)
    path = front.folder / "cns.log"
    until(
        lambda: "/accesso/ts-cns/carta/" in path.read_text(encoding="utf-8"),
        10,
        "nginx writes its line, after it answered",
    )
    log = path.read_text(encoding="utf-8")
    assert state not in log
    assert ANNA not in log
