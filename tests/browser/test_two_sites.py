"""The portal on one site and the identity provider on another, both https: the login works with the cookies as they are.

A client of the tests knows no SameSite: only a browser does. The portal is `localhost`, the stub `127.0.0.1`.
"""

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import Browser, BrowserContext, expect

from portal.demo import processes
from tests.identity.providers.saml import forge
from tests.outbox.sink import free_port
from tests.processes.conftest import ProcessWorld, until

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a portal over https, on SQLite, configured as `localhost` with the stub at `127.0.0.1`."""
    pair, number = forge.pair("due siti"), free_port()
    private = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "tls.pem").write_bytes(private + pair.certificate.public_bytes(Encoding.PEM))
    addresses = {"PORTAL_URL": f"https://localhost:{number}", "STUB_IDENTITY_URL": f"https://127.0.0.1:{number}"}
    world = ProcessWorld(tmp_path, {**addresses, "DATABASE_URL": "sqlite", "REDIS_URL": ""})
    world.manage("migrate", "--verbosity", "0")
    tls = ["--certfile", str(tmp_path / "tls.pem"), "--keyfile", str(tmp_path / "tls.pem")]
    world.start("web", [*processes.web(number), *tls])
    until(lambda: listens(number), 60, "the portal listens")
    yield number
    world.kill_all()


def listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="it-IT", ignore_https_errors=True)
    context.set_default_timeout(int(os.environ.get("BROWSER_TIMEOUT", "30000")))
    yield context
    context.close()


def cookies(context: BrowserContext) -> dict[str, tuple[str, bool, str]]:
    """The portal's cookies: SameSite, secure, path."""
    kept = [cookie for cookie in context.cookies() if cookie["domain"] == "localhost"]
    return {cookie["name"]: (cookie["sameSite"], cookie["secure"], cookie["path"]) for cookie in kept}


def test_the_login_works_across_two_sites_and_so_does_showing_the_identity_again(port, context, console_errors):
    portal, stub = f"https://localhost:{port}", f"https://127.0.0.1:{port}"
    page = context.new_page()
    for again in ("", "?di-nuovo=1"):
        page.goto(f"{portal}/accesso/{again}")
        page.get_by_role("button", name="Entra con SPID").click()
        page.wait_for_url(re.compile(re.escape(f"{stub}/prova/identita/spid/")))
        assert cookies(context)["__Host-accesso"] == ("None", True, "/")
        page.get_by_role("radio", name="Anna Rossi,").check()
        page.get_by_role("button", name="Conferma").click()
        page.get_by_role("button", name="Torna al portale").click()
        page.wait_for_url(re.compile(re.escape(f"{portal}/")))
        expect(page.locator("body")).to_contain_text("Anna Rossi")
        assert cookies(context)["__Host-sessionid"] == ("Lax", True, "/")
        assert "__Host-accesso" not in cookies(context)
    assert console_errors() == []


def test_so_does_the_login_by_openid_connect_whose_answer_is_in_the_address(port, context, console_errors):
    portal, stub = f"https://localhost:{port}", f"https://127.0.0.1:{port}"
    page = context.new_page()
    page.goto(f"{portal}/accesso/")
    page.get_by_text("Entra con CIE").click()
    page.get_by_role("button", name="Carta di prova, con OpenID Connect").click()
    page.wait_for_url(re.compile(re.escape(f"{stub}/prova/identita/cie-oidc/")))
    page.get_by_role("radio", name="Anna Rossi,").check()
    page.get_by_role("button", name="Avvicina la carta").click()
    page.get_by_role("button", name="Torna al portale").click()
    page.wait_for_url(re.compile(re.escape(f"{portal}/")))
    expect(page.locator("body")).to_contain_text("Anna Rossi")
    assert cookies(context)["__Host-sessionid"] == ("Lax", True, "/")
    assert console_errors() == []
