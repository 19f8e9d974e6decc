"""Passkeys in Chromium, with the virtual authenticator of its developer tools: added, used at the door and for a grave act."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import BrowserContext, CDPSession, Page

from portal.identity.models import StaffPasskey
from portal.secrets.session_store import SessionStore
from tests.browser.harness import carry_session
from tests.conftest import sign_in_staff

pytestmark = pytest.mark.timeout(400)
OWN, PAGE, NEW = "/operatori/mio-accesso/", "/operatori/mio-accesso/passkey/", "/operatori/utenti/nuovo/"


@pytest.fixture
def by_name(live_server) -> str:
    """The live server at a host name: browsers make no passkey for a number."""
    return live_server.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def authenticator(page: Page, context: BrowserContext) -> tuple[CDPSession, str]:
    """A virtual authenticator with user verification; the browser's line to it, and its id."""
    line = context.new_cdp_session(page)
    line.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    return line, line.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def sign_in(page: Page, url: str) -> None:
    """The password step of Carla, up to the page of the second factor."""
    page.goto(f"{url}/operatori/accesso/")
    page.get_by_label("Nome utente").fill("carla")
    page.get_by_label("Password").fill("una password lunga")
    page.get_by_role("button", name="Continua").click()
    page.wait_for_url(re.compile("/codice/"))


def test_a_passkey_is_added_opens_the_door_and_confirms_a_grave_act(
    carla, page, context, by_name, authenticator, sweep, console_errors
):
    carry_session(sign_in_staff(Client(), carla), context, by_name)
    page.goto(f"{by_name}{PAGE}")
    page.get_by_label("Come la chiami?").fill("chiave blu")
    page.get_by_role("button", name="Aggiungi").click()
    page.get_by_text("Passkey aggiunta").wait_for()
    sweep()
    context.clear_cookies()
    sign_in(page, by_name)
    page.get_by_role("button", name="Usa la passkey").wait_for()
    sweep()
    page.get_by_role("button", name="Usa la passkey").click()
    page.wait_for_url(re.compile(r"^(?!.*/accesso/)"))
    page.goto(f"{by_name}{OWN}")
    page.get_by_role("heading", name="Il mio accesso").wait_for()
    assert StaffPasskey.objects.get().counter > 0

    key = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "sessionid")
    session = SessionStore(key)
    session["session_started"] = (timezone.now() - timedelta(minutes=11)).timestamp()
    session.save()
    page.goto(f"{by_name}{NEW}")
    page.get_by_role("heading", name="Conferma che sei tu").wait_for()
    sweep()
    page.get_by_role("button", name="Usa la passkey").click()
    page.wait_for_url(re.compile("/utenti/nuovo/"))
    assert console_errors() == []


def test_a_person_who_does_not_verify_reads_a_sentence_and_stays_outside(carla, page, context, by_name, authenticator):
    line, name = authenticator
    carry_session(sign_in_staff(Client(), carla), context, by_name)
    page.goto(f"{by_name}{PAGE}")
    page.get_by_label("Come la chiami?").fill("chiave blu")
    page.get_by_role("button", name="Aggiungi").click()
    page.get_by_text("Passkey aggiunta").wait_for()
    context.clear_cookies()
    line.send("WebAuthn.setUserVerified", {"authenticatorId": name, "isUserVerified": False})
    sign_in(page, by_name)
    page.get_by_role("button", name="Usa la passkey").click()
    page.get_by_text("Il browser non ha letto la passkey").wait_for()
    page.get_by_label("Codice dell’app").wait_for()
    page.goto(f"{by_name}{OWN}")
    assert "/operatori/accesso/" in page.url


def test_without_javascript_the_page_offers_the_app_alone(carla, page, context, by_name, authenticator, chromium):
    carry_session(sign_in_staff(Client(), carla), context, by_name)
    page.goto(f"{by_name}{PAGE}")
    page.get_by_label("Come la chiami?").fill("chiave blu")
    page.get_by_role("button", name="Aggiungi").click()
    page.get_by_text("Passkey aggiunta").wait_for()
    plain = chromium.new_context(java_script_enabled=False)
    second = plain.new_page()
    sign_in(second, by_name)
    assert second.get_by_label("Codice dell’app").is_visible()
    assert not second.get_by_role("button", name="Usa la passkey").is_visible()
    plain.close()
