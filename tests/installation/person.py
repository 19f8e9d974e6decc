"""A person at a browser without JavaScript: follows links, fills in forms, signs in at the foreign identity provider."""

import base64
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
from lxml import html

PROVIDER = Path(__file__).parent / "identity_provider.py"


@dataclass(frozen=True)
class SpidPerson:
    codice_fiscale: str
    given_name: str
    family_name: str


class ThroughTheProxy(httpx.HTTPTransport):
    """Takes https requests for the portal to its port, with the headers that a proxy sets."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        address = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        headers = {**request.headers, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
        # a request of its own: the cookies belong to the address that the person sees
        return super().handle_request(httpx.Request(request.method, address, headers=headers, stream=request.stream))


class PlainBrowser:
    def __init__(self, host: str, port: int) -> None:
        self.home = f"https://{host}/"
        self.client = httpx.Client(transport=ThroughTheProxy(port), headers={"Host": host}, timeout=30)
        self.url, self.status, self.text = self.home, 0, ""

    @property
    def page(self) -> html.HtmlElement:
        return html.fromstring(self.text)

    @property
    def words(self) -> str:
        """The text of the page, with single spaces."""
        return " ".join(self.page.find(".//body").text_content().split())

    def open(self, path: str) -> "PlainBrowser":
        return self._go("GET", urljoin(self.url, path))

    def follow(self, words: str) -> "PlainBrowser":
        """Follows the first link with these words."""
        links = [link for link in self.page.iter("a") if words in " ".join(link.text_content().split())]
        assert links, f"no link «{words}» at {self.url}: {self.words[:1500]}"
        return self.open(links[0].get("href"))

    def submit(self, button: str, **fields: str) -> "PlainBrowser":
        """Fills in the form that has this button, and presses it."""
        for form in self.page.forms:
            buttons = [
                one for one in form.iter("button", "input") if button in (one.text_content() or one.get("value", ""))
            ]
            if buttons:
                break
        else:
            raise AssertionError(f"no button «{button}» at {self.url}: {self.words[:1500]}")
        values = dict(form.form_values())
        unknown = set(fields) - {one.get("name") for one in form.iter("input", "select", "textarea")}
        assert not unknown, f"no field {unknown} at {self.url}"
        values |= fields
        if buttons[0].get("name"):
            values[buttons[0].get("name")] = buttons[0].get("value", "")
        target = urljoin(self.url, buttons[0].get("formaction") or form.get("action") or self.url)
        if (form.get("method") or "get").lower() == "post":
            return self._go("POST", target, data=values)
        return self._go("GET", str(httpx.URL(target, params=values)))

    def sign_in(self, person: SpidPerson, folder: Path) -> "PlainBrowser":
        """Signs in with SPID: takes our request to the provider, brings its response back."""
        metadata = folder / "service-provider.xml"
        if not metadata.exists():
            metadata.write_text(self.client.get(f"{self.home}accesso/spid/metadata/").text, encoding="utf-8")
        if "/accesso/" not in self.url:
            self.open("/accesso/")
        self.submit("Entra con SPID")
        query = urlsplit(self.url).query
        answered = subprocess.run(
            [sys.executable, str(PROVIDER), str(folder), "answer", str(metadata), query,
             person.codice_fiscale, person.given_name, person.family_name],
            capture_output=True, encoding="utf-8", check=False,
        )  # fmt: skip
        assert answered.returncode == 0, answered.stderr
        fields = {
            "SAMLResponse": base64.b64encode(answered.stdout.strip().encode()).decode(),
            "RelayState": dict(parse_qsl(query))["RelayState"],
        }
        return self._go("POST", f"{self.home}accesso/spid/ritorno/", data=fields)

    def _go(self, method: str, url: str, data: dict[str, str] | None = None) -> "PlainBrowser":
        for _ in range(10):
            answer = self.client.request(method, url, data=data, headers={"Referer": self.url})
            self.url, self.status, self.text = url, answer.status_code, answer.text
            if answer.status_code not in (301, 302, 303):
                return self
            url, method, data = urljoin(url, answer.headers["Location"]), "GET", None
            if urlsplit(url).netloc != urlsplit(self.home).netloc:
                self.url, self.text = url, ""  # somebody else's site: the test goes on there
                return self
        raise AssertionError(f"too many redirects at {url}")
