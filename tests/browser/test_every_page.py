"""Every page of the seeded demonstration, opened by a person with access: 0 axe violations, no console complaint."""

import re

import pytest
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse
from django.utils import timezone

from pharmacies.certification import letters
from pharmacies.models import MailCertification, Office, OfficeSource, Utenza
from portal.demo.models import DemoLetter
from portal.identity.models import User
from portal.outbox.models import DeadMailbox, OutgoingMail, UnreadReport
from sessions.models import Context, IdSessione
from sessions.staff.archive.site import site as archive
from tests.browser.harness import carry_session
from tests.browser.journey import code_of, enter
from tests.conftest import sign_in_staff

pytestmark = pytest.mark.timeout(400)

NOBODY = [
    "identity:choose", "identity:staff_login", "demo:home", "demo:mailbox", "demo:letter", "demo:authenticator",
    "demo:clock", "demo:gestionale", "demo:till", "demo:till_settings", "a2f:certificate", "a2f:developers",
]  # fmt: skip
STAFF = [
    "identity:staff_own", "identity:staff_step_up", "identity:staff_mailbox", "identity:staff_passkeys", "identity:staff_new_codes", "identity:staff_password", "identity:operators",
    "identity:operator_new", "staff:status", "staff:to_invite", "staff:bulk", "staff:jobs", "staff:pharmacy",
    "staff:timeline", "staff:outbox", "staff:held_mailboxes", "staff:reports", "staff:closings",
    "staff:register_nights", "staff:role_requests", "staff:endings", "staff:duties", "staff:people", "staff:office_give",
    "staff:direttore", "staff:office_correct", "staff:office_end", "staff:office_follow", "staff:person_sessions", "staff:person_stop", "staff:place",
    "staff:journal", "identity:login_search", "staff:resend", "staff:revoke_id", "staff:revoke_all",
    "staff:revoke_address", "staff:note", "staff:block", "staff:add_utenza", "staff:renew_utenza",
    "staff:hand_over_utenza", "staff:supplier", "staff:contexts", "staff:context", "staff:context_types",
    "staff:context_date", "staff:without_id", "staff:without_id_warn",
    "staff:add_context", "staff:certificates", "staff:new_certificate", "archive:index",
]  # fmt: skip
ANNA = [
    "identity:own_sessions",
    "pharmacies:overview", "pharmacies:security", "pharmacies:mail", "pharmacies:mail_change", "pharmacies:mail_revoke",
    "pharmacies:copies", "pharmacies:people", "pharmacies:delegation_give", "pharmacies:delegation_change", "pharmacies:delegation_take_back",
    "pharmacies:journal", "sessions:manage", "sessions:request", "sessions:till_check", "sessions:revoke", "sessions:reminders", "sessions:hours",
    "sessions:days", "sessions:nights", "sessions:webhook", "sessions:webhook_open", "sessions:calendar", "sessions:semaforo", "sessions:opening", "wizard:done",
    "utenze:all", "utenze:new", "utenze:password", "utenze:pincode", "utenze:disable",
]  # fmt: skip
BRUNO = ["pharmacies:overview", "pharmacies:security", "wizard:address", "pharmacies:mail", "sessions:manage"]
ELSEWHERE = {
    "pages:home": "a redirect", "staff:door": "a redirect", "pages:robots": "a file", "pages:security_txt": "a file", "pages:change_password": "a redirect", "pages:favicon": "a redirect",
    "pharmacies:choose": "Giulia and Franco", "wizard:resume": "a redirect",
    "wizard:code": "below, on its way", "wizard:new_code": "a POST", "sessions:show": "a POST, below",
    "sessions:resend": "a POST", "sessions:today": "a POST, test_board", "identity:start": "a POST", "identity:start_professional": "a POST", "identity:answer": "an answer", "identity:gone_out": "for the providers", "identity:card": "the host of the cards, test_cns_nginx", "identity:metadata": "a file", "identity:entity_configuration": "for programs", "identity:resolve": "for programs", "identity:sign_out": "a POST",
    "identity:staff_code": "below, on its way", "identity:staff_recovery": "below", "identity:staff_enrol": "below",
    "staff:person_readmit": "tests/sessions/staff/pharmacy/test_person_acts.py", "identity:own_session_close": "a POST", "identity:own_sessions_close": "a POST", "identity:login_letters": "a POST",
    "identity:keep": "for the page", "identity:staff_passkey": "a POST", "identity:staff_passkey_remove": "a POST", "identity:staff_close": "a POST", "identity:operator": "below",
    "identity:operator_disable": "below", "identity:operator_enable": "below", "identity:operator_reset": "below",
    "pharmacies:copies_code": "a POST", "pharmacies:copies_new_code": "a POST", "pharmacies:copies_stop": "a POST",
    ":leave_copies": "test_copies_page",
    "pharmacies:mail_change_cancel": "a POST", "pharmacies:mail_trial": "a POST",
    "pharmacies:mail_confirm": "test_new_holder", "sessions:handover": "test_new_holder", "pharmacies:role_request": "test_new_holder", "pharmacies:role_request_withdraw": "a POST",
    "staff:role_request": "test_new_holder", "staff:office_keep": "tests/sessions/staff/pharmacy/test_people.py",
    "staff:next_place": "a redirect", "staff:trial": "below", "staff:decide_mailboxes": "below",
    "pages:information": "test_information_pages", "demo:letter_html": "a letter, not a page: shown inside demo:letter",
    "demo:clock_forward": "a POST", "demo:clock_again": "a POST",
    "demo:identity_provider": "below, on its way", "demo:identity_provider_metadata": "a file", "demo:openid_token": "for programs", "demo:openid_userinfo": "for programs", "demo:openid_revocation": "for programs", "demo:openid_configuration": "for programs", "demo:anchor_configuration": "for programs", "demo:anchor_fetch": "for programs", "utenze:pincode_shown": "below", "utenze:enable": "below", "utenze:collect": "tests/sessions/utenze", "utenze:secrets_shown": "tests/sessions/utenze",
    "staff:retry_letter": "below", "staff:cancel_letter": "below",
    "staff:unblock": "below", "staff:reachable": "below", "staff:close_note": "below", "staff:retire_certificate": "below",
    "archive:rows": "test_the_archive", "archive:row": "test_the_archive",
    "staff:search": "a POST, test_live_list", "staff:journal_csv": "a file", "staff:outbox_csv": "a file", "staff:job": "test_live_list", "staff:sheet": "a file", "staff:invite_sheet": "a file", "staff:without_id_sheet": "a file", "staff:utenze_sheet": "a file", "staff:job_sheet": "a file",
    "staff:stop_job": "a POST", "staff:retry_job": "a POST", "staff:report": "below", "a2f:certificate_pem": "a file", "a2f:certificate_der": "a file",
    "a2f:service": "for programs", "a2f:nearby_service": "for programs", "a2f:gate": "for programs", "a2f:assertion": "for programs", "outbox:bounce": "for programs", "demo:hear": "for programs",
    "sessions:webhook_secret": "below", "sessions:webhook_renew": "below", "sessions:webhook_close": "below",
    "sessions:webhook_test": "a POST", "sessions:webhook_retry": "a POST", "sessions:calendar_make": "a POST",
    "sessions:calendar_close": "a POST", "sessions:calendar_shown": "below", ":calendar": "for programs",
    "sessions:semaforo_make": "a POST", "sessions:semaforo_keep": "a POST", "sessions:semaforo_close": "a POST", "sessions:semaforo_shown": "test_semaforo", ":semaforo": "test_semaforo",
}  # fmt: skip


def names(patterns, namespace=""):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from names(pattern.url_patterns, pattern.namespace or namespace)
        else:
            yield f"{namespace}:{pattern.name}"


def test_no_page_escapes_the_sweep():
    known = {*NOBODY, *STAFF, *ANNA, *BRUNO, *ELSEWHERE}
    assert set(names(get_resolver().url_patterns)) == known


OF_AN_UTENZA = {"staff:block", "staff:unblock", "staff:renew_utenza", "staff:hand_over_utenza", "staff:supplier"}


def address_of(name: str, code: str) -> str:
    live = IdSessione.objects.filter(pharmacy__code=code).order_by("-requested_at").first()
    utenza = Utenza.objects.filter(pharmacy__code=code).first()
    row = utenza if name.startswith("utenze:") or name in OF_AN_UTENZA else live
    if name.startswith(("staff:office_", "staff:person_")):
        row = Office.objects.filter(pharmacy__code=code).exclude(source=OfficeSource.FILE).first()
    if name.startswith("pharmacies:delegation_"):
        row = Office.objects.filter(pharmacy__code=code, source=OfficeSource.DELEGATION).first()
    context = (
        Context.objects.usual().pk if name in ("staff:context", "staff:context_types", "staff:context_date") else 0
    )
    for args in ([], [context or code], [code, row.pk if row else 0], [DemoLetter.objects.first().pk]):
        try:
            return reverse(name, args=args)
        except NoReverseMatch:
            continue
    raise AssertionError(name)


def test_the_pages_for_everybody(lived_in, sweep, page):
    sweep(*(address_of(name, "") for name in NOBODY))
    for method in ("SPID", "TS-CNS"):
        page.goto("/accesso/")
        page.get_by_role("button", name=f"Entra con {method}").click()
        page.wait_for_url(re.compile("/prova/identita/"))
        sweep()
    for protocol in ("SAML 2.0", "OpenID Connect"):
        page.goto("/accesso/")
        page.get_by_text("Entra con CIE").click()
        page.get_by_role("button", name=f"Carta di prova, con {protocol}").click()
        page.wait_for_url(re.compile("/prova/identita/cie"))
        sweep()
    page.get_by_role("radio", name="Anna Rossi,").check()
    page.get_by_role("button", name="Avvicina la carta").click()
    page.get_by_text("La risposta firmata").click()
    sweep()
    page.get_by_role("button", name="Torna al portale").click()
    page.wait_for_url(re.compile("/servizi/"))
    page.context.clear_cookies()
    page.goto("/accesso/")
    page.get_by_role("button", name="Entra con SPID").click()
    page.get_by_role("radio", name="Anna Rossi,").check()
    page.get_by_role("radio", name=re.compile("Annullo io")).check()
    page.get_by_text("Risposte difettose").click()
    page.get_by_text("La richiesta del portale").click()
    sweep()
    page.get_by_role("button", name="Conferma").click()
    page.get_by_text("La risposta firmata").click()
    sweep()
    page.get_by_role("button", name="Torna al portale").click()
    page.wait_for_url(re.compile("/ritorno/"))
    sweep()


def test_the_pages_of_a_certified_pharmacy(lived_in, sweep, page):
    enter(page, "Anna Rossi")
    page.wait_for_url(re.compile("/servizi/"))
    code = code_of("Anna")
    sweep(*(address_of(name, code) for name in ANNA))
    page.goto(reverse("sessions:manage", args=[code]))
    page.get_by_role("button", name="Mostra").first.click()
    page.wait_for_url(re.compile("/mostra/"))
    sweep()
    page.goto(address_of("utenze:pincode", code))
    page.get_by_role("button", name="Genera il nuovo pincode").click()
    page.wait_for_url(re.compile("/nuovo/"))
    sweep()
    sweep(page.url)  # on the second visit the pincode is not shown
    page.goto(address_of("utenze:disable", code))
    page.get_by_role("button", name=re.compile("Disabilita")).click()
    page.wait_for_url(re.compile("/utenze/$"))
    sweep()
    sweep(address_of("utenze:enable", code))
    page.goto(address_of("utenze:new", code))
    page.get_by_label("Nuova password").fill("corta")
    page.get_by_role("button", name="Crea l’utenza").click()
    page.wait_for_load_state()
    sweep()


def test_the_pages_on_the_way_to_the_certification(lived_in, sweep, page):
    enter(page, "Bruno Bianchi")
    page.wait_for_url(re.compile("/servizi/"))
    code = code_of("Bruno")
    sweep(*(address_of(name, code) for name in BRUNO))
    page.goto(reverse("wizard:address", args=[code]))
    for address in ("farmacia@pec.it", "farmacia@libreo.it", "alredentore@gmail.com"):
        page.get_by_label("Indirizzo e-mail").fill(address)
        page.get_by_role("button", name="Invia il codice").first.click()
        page.wait_for_load_state()
        sweep()
    page.get_by_label("Indirizzo e-mail").fill("idsessione@alredentore.example")
    page.get_by_role("button", name="Invia il codice").first.click()
    page.wait_for_url(re.compile("/codice/"))
    sweep()
    page.get_by_label("Codice validazione").fill("12")
    page.get_by_role("button", name="Conferma il codice").click()
    page.wait_for_load_state()
    sweep()


@pytest.mark.parametrize("person", ["Giulia Ferraro", "Franco Galli"])
def test_the_choice_among_three_pharmacies_and_the_page_of_who_has_none(lived_in, sweep, page, person):
    enter(page, person)
    page.wait_for_url(re.compile("/servizi/"))
    sweep()


def test_the_archive(lived_in, sweep, context, live_server):
    carry_session(sign_in_staff(Client(), User.objects.get(username="carla")), context, live_server.url)
    for shown in archive.by_slug.values():
        rows = [reverse("archive:row", args=[shown.slug, row.pk]) for row in shown.model.objects.order_by("-pk")[:1]]
        sweep(reverse("archive:rows", args=[shown.slug]), *rows)


def test_the_pages_of_the_staff(lived_in, sweep, page, context, live_server):
    page.goto(reverse("identity:staff_login"))
    page.get_by_label("Nome utente").fill("carla")
    page.get_by_label("Password").fill("prova-operatori-2026")
    page.get_by_role("button", name="Continua").click()
    page.wait_for_url(re.compile("/codice/"))
    sweep()
    sweep(reverse("identity:staff_recovery"))
    context.clear_cookies()
    carry_session(sign_in_staff(Client(), User.objects.get(username="carla")), context, live_server.url)
    sweep(*(address_of(name, code_of("Anna")) for name in STAFF))
    page.goto(reverse("staff:new_certificate"))
    page.get_by_role("button", name="Crea il certificato").click()
    page.wait_for_url(re.compile("/certificati/$"))
    sweep()
    page.get_by_role("link", name=re.compile("Ritira")).last.click()
    page.wait_for_url(re.compile("/ritira/$"))
    sweep()
    page.get_by_label("Motivo").fill("Tutti usano il nuovo")
    page.get_by_role("button", name="Ritira il certificato").click()
    page.wait_for_url(re.compile("/certificati/$"))
    sweep()
    page.goto(address_of("staff:block", code_of("Anna")))
    page.get_by_role("button", name=re.compile("Blocca")).click()  # without a reason
    page.wait_for_load_state()
    sweep()
    page.get_by_label("Motivo").fill("Password rubata")
    page.get_by_role("button", name=re.compile("Blocca")).click()
    page.wait_for_url(re.compile(f"{code_of('Anna')}/$"))
    sweep(address_of("staff:unblock", code_of("Anna")))
    page.goto(address_of("staff:note", code_of("Anna")))
    page.get_by_label("Nota").fill("Richiamare domani")
    page.get_by_role("button", name="Apri la nota").click()
    page.wait_for_url(re.compile(f"{code_of('Anna')}/$"))
    sweep()
    page.get_by_role("link", name=re.compile("Chiudi la nota")).click()
    page.wait_for_url(re.compile("/chiudi/$"))
    sweep()
    current = MailCertification.objects.current().get(pharmacy__code=code_of("Anna"))
    current.mark_undeliverable("casella inesistente", timezone.now(), timezone.now())
    names = ("staff:reachable", "staff:trial", "staff:pharmacy")
    sweep(*(address_of(name, code_of("Anna")) for name in names))
    dead = OutgoingMail.objects.filter(about=code_of("Anna")).latest("pk")
    DeadMailbox.objects.create(letter=dead, domain=dead.domain, found_at=timezone.now(), held_at=timezone.now())
    sweep(reverse("staff:held_mailboxes"), reverse("staff:decide_mailboxes", args=[dead.domain, "conferma"]))
    UnreadReport.objects.keep(
        dead, b"Subject: Posta\r\n\r\nNon consegnato\r\n", timezone.now(), kind="unread", subject="Posta"
    )
    report = UnreadReport.objects.open().latest("pk")
    sweep(reverse("staff:reports"), reverse("staff:report", args=[report.pk]))
    with transaction.atomic():
        letters.certified(current, timezone.now())
    letter = OutgoingMail.objects.waiting().latest("pk")
    sweep(*(reverse(f"staff:{name}", args=[letter.about, letter.pk]) for name in ("retry_letter", "cancel_letter")))
