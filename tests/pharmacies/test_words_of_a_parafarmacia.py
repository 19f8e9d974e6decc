"""No page and no letter calls a parafarmacia a farmacia: the sources of their templates, every letter, and the pages as they are served."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from pharmacies.certification import letters as certification_letters
from pharmacies.certification.succession import Succession
from pharmacies.copies import letters as copy_letters
from pharmacies.delegations import letters as delegation_letters
from pharmacies.models import CopyMailbox, MailCertification, Office, OfficeSource, Pharmacy
from pharmacies.people import letters as people_letters
from pharmacies.people import login_letters, role_requests
from pharmacies.people.rights import RightNews
from portal.identity.models import PersonSession
from portal.outbox import letters as outbox_letters
from portal.outbox.models import OutgoingMail
from sessions.ids import issuing
from sessions.letters import id_letters, mandatory_letters, webhook_letters
from sessions.letters.mandatory_letters import MandatorySoon
from sessions.models import Context, Webhook
from sessions.models.webhook import WebhookEnd
from tests.conftest import make_pharmacy
from tests.journeys.reader import ReadPage
from tests.pharmacies.letters import parts_of

TEMPLATES = Path(settings.BASE_DIR) / "templates"
# Where «farmacia» stands for a site other than this one, or is the name of a section or of a field of the wire.
ALLOWED = (
    "altra farmacia", "Cambia farmacia", "per ogni farmacia", "Manca una farmacia", "di una farmacia", "Nessuna farmacia",
    "<code>farmacia</code>", "farmacia o parafarmacia", "form.farmacia", "data : farmacia", "una farmacia che non risulta abbinata",
    "farmacia;", "Codice farmacia",
)  # fmt: skip
WORD = re.compile(r"\b[Ff]armacia\b")
OF_ONE_SITE = ("copies", "delegations", "expiries", "mail", "pharmacies", "sessions", "utenze", "webhooks")
OF_ONE_SITE_AT_THE_DESK = (
    "act", "block", "note", "note_close", "office_act", "office_line", "people", "pharmacy", "place", "resend", "role_request",
    "unblock", "utenza_hand_over", "utenza_new", "utenza_renew", "utenza_supplier",
)  # fmt: skip


@pytest.fixture
def san_marco(db) -> Pharmacy:
    """Anna's site: the fixtures of the address and of the utenza are about it."""
    return make_pharmacy("P20001", "Al Ponte", type=Pharmacy.Type.PARAFARMACIA)


@pytest.fixture
def issued(utenza, certified):
    white = Context.objects.get(contesto="RICETTA-BIANCA", applicazione="EROGATORE")
    return issuing.issue(utenza, white, timezone.now() - timedelta(minutes=1)).id_sessione


def wrong_words(text: str) -> list[str]:
    """Returns each «farmacia» of the text that is not allowed, with some characters around it."""
    for phrase in ALLOWED:
        text = text.replace(phrase, "")
    return [text[max(0, found.start() - 40) : found.end() + 30] for found in WORD.finditer(text)]


def sources() -> Iterator[Path]:
    for folder in OF_ONE_SITE:
        yield from sorted((TEMPLATES / folder).rglob("*.*"))
    yield from (TEMPLATES / "staff" / f"{name}.html" for name in OF_ONE_SITE_AT_THE_DESK)


@pytest.mark.parametrize("source", [*sources()], ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_no_template_about_one_site_spells_its_noun(source) -> None:
    assert wrong_words(source.read_text(encoding="utf-8")) == []


@pytest.fixture
def written(monkeypatch) -> set[str]:
    """The names of the letters that were written meanwhile."""
    names, post = set(), outbox_letters.post

    def recording(envelope, recipient, template, context, headers=None):
        names.add(template)
        return post(envelope, recipient, template, context, headers)

    with_a_letter = (certification_letters, copy_letters, delegation_letters, people_letters, login_letters)
    for module in (*with_a_letter, id_letters, mandatory_letters, webhook_letters):
        monkeypatch.setattr(module, "post", recording)
    return names


def every_letter(site: Pharmacy, certification: MailCertification, utenza, issued, anna, dario, carla) -> None:
    """Writes each letter of the portal, in each of its variants."""
    now = timezone.now()
    certification_letters.code(certification, "123456", now, now)
    certification_letters.certified(certification, now)
    certification_letters.imported(certification, now)
    certification_letters.changed(certification, certification, now)
    certification_letters.revoked(certification, carla, "prova", now)
    certification_letters.reachable_again(certification, carla, "prova", now)
    certification_letters.confirmed(certification, anna, now)
    certification_letters.trial(certification, now)
    for holder_since in (now, None):
        certification_letters.to_confirm(Succession(certification, now, holder_since), now)
    for absent in (now.date(), None):
        site.closed_on, site.absent_since = now.date(), absent
        certification.pharmacy = site
        certification_letters.closing(certification, now)
    site.closed_on = site.absent_since = None
    mailbox = CopyMailbox.objects.create(
        pharmacy=site, person=anna, address="anna@example.it", mailbox="anna@example.it", named_at=now, confirmed_at=now
    )
    copy_letters.code(mailbox, "123456", now, now)
    copy_letters.confirmed(mailbox, anna, now)
    copy_letters.refused(mailbox, "casella inesistente", now)
    copy_letters.resumed(mailbox, now)
    copy_letters.ended(mailbox, None, now)
    office = Office.objects.create(
        pharmacy=site, codice_fiscale=dario.codice_fiscale, role=Office.Role.DELEGATE, since=now, may_set_hours=True, source=OfficeSource.DELEGATION, until=now + timedelta(days=9),
    )  # fmt: skip
    for act in (delegation_letters.GIVEN, delegation_letters.CHANGED, delegation_letters.TAKEN_BACK):
        delegation_letters.delegation(act, office, anna, now)
    for gained in (True, False):
        people_letters.office_news(office, RightNews(gained, now, None if gained else now), now)
    role_requests.ask(dario, role_requests.Wanted("P20001", Office.Role.DIRETTORE, now.date(), "01234567897"), now)
    assert role_requests.tell(now) == 1
    session = PersonSession(user=anna, means="SPID livello 2", browser="Firefox", origin="192.0.2.x", started_at=now)
    assert login_letters.new_browser(session, now)
    for stopped in (True, False):
        assert login_letters.access_changed(anna, "prova", stopped=stopped, now=now)
    webhook_letters.put_to_rest(Webhook(pharmacy=site, url="https://a.example/", closed_because=WebhookEnd.SILENT), now)
    context = Context(title="Ricetta bianca", contesto="RICETTA-BIANCA", mandatory_from=now + timedelta(days=30))
    mandatory_letters.mandatory_soon(certification, [MandatorySoon(context, 2)], now)
    for verb in id_letters.UTENZA_NEWS:
        id_letters.utenza_news(verb, utenza, certification, carla, "prova", now)
    id_letters.revoked(issued, certification, anna, "", now)
    id_letters.all_revoked([issued], certification, carla, "prova", now)
    for copy_to in (None, mailbox):
        id_letters.expiring([issued], certification, now, copy_to)
        id_letters.expiring([issued, issued], certification, now, copy_to)
        id_letters.expired(issued, certification, now, copy_to, unwarned=True)


def test_no_letter_calls_a_parafarmacia_a_farmacia(
    san_marco, certified, utenza, issued, anna, dario, carla, written
) -> None:
    every_letter(san_marco, certified, utenza, issued, anna, dario, carla)
    of_the_portal = {path.name.removesuffix(".subject.txt") for path in (TEMPLATES / "mail").glob("*.subject.txt")}
    # the id's letter is below; the others name no site
    assert of_the_portal - written == {"issued", "test", "staff_news", "staff_mailbox_code"}
    texts = [(row.kind, text) for row in OutgoingMail.objects.all() for text in (row.subject, *parts_of(row))]
    assert len(texts) > 3 * len(of_the_portal)
    assert [(kind, found) for kind, text in texts for found in wrong_words(text)] == []
    assert any("parafarmacia" in text for _, text in texts)


def crawled(client: Client, start: str, below: str) -> dict[str, ReadPage]:
    """The pages that a person reaches from `start` by links whose path begins with `below`."""
    pages, to_read = {}, [start]
    while to_read:
        path = to_read.pop()
        if path in pages:
            continue
        answer = client.get(path)
        if "text/html" not in answer.headers.get("Content-Type", "text/html"):
            continue
        pages[path] = ReadPage(path, answer.content.decode(), answer.status_code)
        for _, href in pages[path].links:
            linked = urlsplit(urljoin(path, href)).path
            if linked.startswith(below) and linked not in pages:
                to_read.append(linked)
    return pages


def test_no_page_of_a_person_calls_a_parafarmacia_a_farmacia(san_marco, utenza, issued, anna_client) -> None:
    pages = crawled(anna_client, "/servizi/P20001/", "/servizi/P20001/")
    assert len(pages) > 20
    assert [(path, found) for path, page in pages.items() for found in wrong_words(page.text)] == []
    assert all("Parafarmacia Al Ponte" in page.text for page in pages.values() if page.status == 200)


def test_before_the_first_certification_too(san_marco, anna_client) -> None:
    pages = crawled(anna_client, "/servizi/P20001/", "/servizi/P20001/")
    refused = anna_client.post("/servizi/P20001/sicurezza/certifica-mail/indirizzo/", {"indirizzo": ""})
    shown = [*(page.text for page in pages.values()), refused.content.decode()]
    assert "Scrivi l’indirizzo e-mail della parafarmacia" in refused.content.decode()
    assert [found for text in shown for found in wrong_words(text)] == []


def test_no_page_of_the_site_at_the_desk_calls_a_parafarmacia_a_farmacia(
    san_marco, utenza, issued, carla_client
) -> None:
    start = "/operatori/stato-sessioni/P20001/"
    pages = crawled(carla_client, start, start)
    assert len(pages) > 10
    assert [(path, found) for path, page in pages.items() for found in wrong_words(page.text)] == []
