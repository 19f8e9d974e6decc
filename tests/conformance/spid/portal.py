"""A portal for the tool: https on a free port of this machine, the real SPID and CIE providers, a fresh test identity provider, an empty database."""

import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from threading import Event
from time import monotonic

from portal.demo import processes
from portal.demo.supervisor import Child

STARTS_WITHIN = 60  # seconds
_ORGANISATION = """
name = "Regione di prova"
display_name = "Regione di prova"
url = "https://regione.example"
email = "spid@regione.example"
telephone = "+39061234567"
ipa_code = "r_prova"
municipality = "022205"
province = "TN"
"""


@dataclass(frozen=True)
class Place:
    """The folder, the address of the portal, the keys of the test provider."""

    folder: Path
    url: str
    provider_keys: Path

    @property
    def log(self) -> Path:
        return self.folder / "portal.log"


def new_pair(folder: Path, key: str, certificate: str) -> Path:
    """A new key with its certificate, valid since a minute ago, in two files of this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "30", "-subj", "/CN=localhost",
         "-keyout", folder / key, "-out", folder / certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


@contextmanager
def over_https(folder: Path, provider_keys: Path, provider_metadata: bytes) -> Iterator[Place]:
    """Serves the portal until the end of the block. Raises TimeoutError when it does not answer."""
    for door in ("spid", "cie"):
        (folder / "identity" / door).mkdir(parents=True)
        (folder / "identity" / door / "spid-sp-test.xml").write_bytes(provider_metadata)
    (folder / "organisation.toml").write_text(_ORGANISATION, encoding="utf-8")
    ours = new_pair(folder / "ours", "saml.key", "saml.crt")
    tls = new_pair(folder / "tls", "tls.key", "tls.crt")
    port = _free_port()
    place = Place(folder, f"https://localhost:{port}", provider_keys)
    unset = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "PORTAL_MODE")
    env = {name: value for name, value in os.environ.items() if name not in unset} | {
        "LOGINS_FROM_A_PLACE": "10000",  # the tool begins hundreds from this machine
        "PORTAL_VAR": str(folder),
        "PORTAL_URL": place.url,
        "A2F_MODE": "PRODUCTION",  # a system check forbids it beside real people
        "IDENTITY_PROVIDERS": "portal.identity.providers.saml.Spid,portal.identity.providers.saml.CieSaml",
        "IDENTITY_METADATA": str(folder / "identity"),
        "SPID_PROFESSIONAL": "1",
        "SAML_PRIVATE_KEY_FILE": str(ours / "saml.key"),
        "SAML_CERTIFICATE_FILE": str(ours / "saml.crt"),
        "SAML_ORGANISATION_FILE": str(folder / "organisation.toml"),
    }
    subprocess.run([*processes.MANAGE, "migrate", "--verbosity", "0"], env=env, check=True)
    argv = [
        processes.PYTHON, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4",
        "--worker-class", "gthread", "--certfile", str(tls / "tls.crt"), "--keyfile", str(tls / "tls.key"),
        "--no-control-socket", "--chdir", str(Path(__file__).parents[3]), "portal.wsgi",
    ]  # fmt: skip
    child = Child("portal", argv, env, place.log)
    child.start()
    try:
        _wait_for(port, child)
        yield place
    finally:
        child.ask_to_stop()
        child.wait_or_kill(monotonic() + 5)


def _wait_for(port: int, child: Child) -> None:
    anybody = ssl._create_unverified_context()  # noqa: S323  a certificate of a minute ago, on this machine
    for _ in range(STARTS_WITHIN * 5):
        with suppress(OSError):
            probe = HTTPSConnection("localhost", port, timeout=5, context=anybody)
            probe.request("GET", "/healthz")
            if probe.getresponse().status == 200:
                return
        if not child.alive:
            break
        Event().wait(0.2)
    raise TimeoutError(f"The portal does not answer. Its last words:\n{child.log.read_text(encoding='utf-8')[-3000:]}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
