"""A delegate of each kind follows every link of every page that they may open: none leads to a page that refuses them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pharmacies.models import MailCertification, Office
from sessions.ids import issuing
from sessions.models import Context
from tests.conftest import DARIO, sign_in
from tests.pharmacies.copy_mailboxes import copies_to
from tests.pharmacies.pages import content, page

HREF = re.compile(r'(?:href|action)="([^"#]+)"')
KINDS = [(True, True), (True, False), (False, True), (False, False)]
IDS, HOURS = ["sessions:manage"], ["sessions:reminders", "sessions:hours", "sessions:days", "sessions:nights"]
FOR_HOLDERS = [
    "sessions:calendar",
    "sessions:semaforo",
    "sessions:opening",
    "sessions:webhook",
    "utenze:new",
    "pharmacies:mail_revoke",
    "wizard:resume",
]
# a promise that only a titolare or direttore can keep
PROMISES = ("certificare, modificare o revocare l’indirizzo e-mail", "alla voce «Certifica mail»", "Crea un’utenza")


@pytest.fixture
def delegate(dario, san_marco):
    def enter(ids: bool, hours: bool) -> Client:
        Office.objects.create(
            pharmacy=san_marco, codice_fiscale=DARIO, role=Office.Role.DELEGATE, since=datetime(2020, 1, 1, tzinfo=UTC),
            until=timezone.now() + timedelta(days=30), may_use_ids=ids, may_set_hours=hours,
        )  # fmt: skip
        return sign_in(Client(), dario)

    return enter


def pages_reached(client: Client, start: str) -> dict[str, str]:
    """Follows the links inside the pharmacy from `start`; each page by address, as text. Fails at the first refusal."""
    waiting, seen = [start], {}
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        answer = client.get(here, follow=True)
        assert answer.status_code == 200, here
        seen[here] = content(answer)
        found = (link.replace("&amp;", "&") for link in HREF.findall(seen[here]))
        waiting += [link for link in found if link.startswith("/servizi/")]
    return seen


@pytest.mark.parametrize("state", ["nothing", "unreachable", "live id"])
@pytest.mark.parametrize(("ids", "hours"), KINDS)
def test_no_link_refuses_a_delegate(delegate, anna, san_marco, state, ids, hours, request):
    if state != "nothing":
        request.getfixturevalue("certified")
        utenza = request.getfixturevalue("utenza")
    if state == "unreachable":
        MailCertification.objects.update(undeliverable_at=timezone.now())
    if state == "live id":
        issuing.request(utenza, Context.objects.usual(), timezone.now(), anna)
    client = delegate(ids, hours)
    reached = pages_reached(client, page("pharmacies:overview", "4512"))
    assert (page("sessions:manage", "4512") in reached) is ids
    assert (page("sessions:reminders", "4512") in reached) is hours
    assert page("pharmacies:journal", "4512") in reached
    assert not [words for words in PROMISES for body in reached.values() if words in body]


@pytest.mark.parametrize(("ids", "hours"), KINDS)
def test_a_delegation_opens_what_it_includes_and_no_page_of_the_holders(delegate, anna, certified, ids, hours):
    client = delegate(ids, hours)
    for names, allowed in ((IDS, ids), (HOURS, hours), (FOR_HOLDERS, False)):
        for name in names:
            assert client.get(page(name, "4512")).status_code == (200 if allowed else 403), name


@pytest.mark.parametrize(
    "name", ["sessions:request", "sessions:reminders", "sessions:hours", "sessions:days", "sessions:nights"]
)
def test_a_refusal_says_what_the_delegation_lacks_and_leads_back(delegate, anna, name):
    answer = delegate(False, False).post(page(name, "4512"))
    assert answer.status_code == 403
    assert "La tua delega non comprende" in content(answer)
    assert page("pharmacies:overview", "4512") in content(answer)
    assert "identità giusta" not in content(answer)


def test_a_delegate_sees_no_mailbox_of_another_person(delegate, anna, san_marco):
    copies_to("anna@example.it", san_marco, anna, timezone.now())
    client = delegate(True, True)
    for name in ("sessions:reminders", "pharmacies:copies"):
        assert "an•••@example.it" not in content(client.get(page(name, "4512")))
        assert "anna@example.it" not in content(client.get(page(name, "4512")))


def test_two_delegations_add_up(delegate, anna):
    delegate(True, False)
    client = delegate(False, True)
    assert {client.get(page(name, "4512")).status_code for name in IDS + HOURS} == {200}
