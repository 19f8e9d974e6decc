"""The four roles at work, the first login of a new operator, and a session about to end, in a real browser."""

import base64
import re
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import TOTP
from playwright.sync_api import expect

from portal.identity.models import User
from portal.secrets.session_store import SessionStore
from sessions.ids import issuing
from sessions.models import Context, IdSessione
from tests.browser.harness import carry_session
from tests.conftest import sign_in_staff

pytestmark = pytest.mark.timeout(400)


def test_the_pages_of_who_manages_the_staff(lived_in, sweep, page, context, live_server):
    carry_session(sign_in_staff(Client(), User.objects.get(username="amedeo")), context, live_server.url)
    for name, who in (("", "livia"), ("", "amedeo"), ("_disable", "livia"), ("_enable", "livia"), ("_reset", "livia")):
        sweep(reverse(f"identity:operator{name}", args=[User.objects.get(username=who).pk]))
    page.goto(reverse("identity:operator_new"))
    page.get_by_role("button", name="Crea").click()  # with an empty form
    page.wait_for_load_state()
    sweep()
    for label, typed in (("Nome utente", "olga"), ("Nome", "Olga"), ("Cognome", "Blu")):
        page.get_by_label(label, exact=True).fill(typed)
    page.get_by_role("button", name="Crea").click()
    page.get_by_role("heading", name="Password provvisoria").wait_for()
    sweep()
    password = page.locator("dd").nth(1).inner_text()
    context.clear_cookies()
    page.goto(reverse("identity:staff_login"))
    page.get_by_label("Nome utente").fill("olga")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Continua").click()
    page.wait_for_url(re.compile("/attiva/"))
    sweep()
    app = TOTP(base64.b32decode(page.locator(".secret").inner_text()), 30, 0, 6)
    app.time = time.time()
    page.get_by_label("Codice che vedi").fill(f"{app.token():06d}")
    page.get_by_label("nuova password").fill("cavallo pila lampada")
    page.get_by_role("button", name="Attiva ed entra").click()
    expect(page.locator(".codes li")).to_have_count(10)
    sweep()
    page.goto(reverse("identity:staff_own"))
    expect(page.get_by_text("questo collegamento")).to_be_visible()
    page.get_by_role("button", name="Chiudi").click()
    page.wait_for_url(re.compile("/operatori/accesso/$"))


@pytest.fixture
def enter(context, live_server, operator):
    """enter("sicurezza"): signs this browser in as a member of the staff with this role."""

    def sign_in(*roles: str, **where: list[str]) -> None:
        carry_session(operator(*roles, **where), context, live_server.url)

    return sign_in


@pytest.fixture
def issued(utenza, certified) -> IdSessione:
    return issuing.issue(utenza, Context.objects.usual(), timezone.now() - timedelta(hours=1)).id_sessione


HOME = "/operatori/stato-sessioni/4512/"


def test_lettura_looks_and_touches_nothing(enter, issued, page, sweep):
    enter("lettura", limited_to=["042"])
    sweep(HOME)
    for act in ("Revoca", "Blocca", "Invia di nuovo", "Scrivi una nota"):
        expect(page.get_by_role("link", name=re.compile(act))).to_have_count(0)
    assert page.goto(f"{HOME}id/{issued.pk}/revoca/").status == 403
    expect(page.locator("main")).to_contain_text("serve il ruolo «sicurezza»")


def test_assistenza_sends_again_and_leaves_a_note(enter, issued, page, sweep):
    enter("assistenza")
    page.goto(HOME)
    page.get_by_role("link", name="Invia di nuovo").click()
    page.get_by_label("Motivo").fill("non trovano il messaggio")
    page.get_by_role("button", name="Invia di nuovo").click()
    expect(page.locator("main")).to_contain_text("è di nuovo in viaggio")
    page.get_by_role("link", name="Scrivi una nota").click()
    page.get_by_label("Nota").fill("Richiamare domani")
    page.get_by_role("button", name="Apri la nota").click()
    page.get_by_role("link", name=re.compile("Chiudi la nota")).click()
    page.get_by_label("Com’è finita").fill("trovato nello spam")
    page.get_by_role("button", name="Chiudi la nota").click()
    expect(page.locator("main")).to_contain_text("trovato nello spam")
    sweep()


def test_sicurezza_revokes_and_finds_it_in_the_journal(enter, issued, page, sweep):
    enter("sicurezza")
    page.goto(HOME)
    page.get_by_role("link", name="Revoca tutti gli ID").click()
    page.get_by_role("button", name="Revoca tutti gli ID").click()  # without a reason
    expect(page.locator(".error-summary")).to_contain_text("Scrivi il motivo")
    sweep()
    page.get_by_label("Motivo").fill("casella violata")
    page.get_by_role("button", name="Revoca tutti gli ID").click()
    expect(page.locator("main")).to_contain_text("ID SESSIONE revocati: 1")
    page.get_by_role("link", name="Registro attività", exact=True).first.click()
    page.get_by_label("Codice farmacia").fill("4512")
    page.get_by_role("button", name="Cerca").click()
    expect(page.locator("main")).to_contain_text("Motivo: casella violata")
    sweep()
    with page.expect_download() as download:
        page.get_by_role("link", name="Scarica in CSV").click()
    assert "Motivo: casella violata" in download.value.path().read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("who", "path"), [("carla_client", "/operatori/mio-accesso/"), ("anna_client", "/servizi/4512/")]
)
def test_a_session_about_to_end_says_so_and_stays_when_asked(who, path, request, page, context, live_server, sweep):
    client = request.getfixturevalue(who)
    session = client.session
    session["session_started"] = session["session_seen"] = time.time()
    session.save()
    carry_session(client, context, live_server.url)
    page.clock.install()
    page.goto(path)
    warning = page.get_by_role("alert").filter(has_text="Il collegamento si chiude")
    expect(warning).to_have_count(0)
    session = client.session
    session["session_seen"] = time.time() - 29 * 60
    session.save()
    page.clock.fast_forward("28:30")
    expect(warning).to_contain_text("meno di un minuto")
    sweep()
    with page.expect_response(lambda answer: answer.request.method == "GET"):  # it sets the page's clock
        page.get_by_role("button", name="Resta collegato").click()
    expect(page.get_by_role("button", name="Resta collegato")).to_be_hidden()
    assert SessionStore(client.session.session_key)["session_seen"] > time.time() - 60
    session = SessionStore(client.session.session_key)
    session["session_seen"] = time.time() - 31 * 60
    session.save()
    page.clock.fast_forward("28:30")
    expect(page.get_by_role("link", name="Accedi di nuovo")).to_be_visible()
    sweep()
