"""Every address of the staff with every role, as a stranger and without a login. The addresses come from the URL configuration: a
page without a line here fails.
"""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from portal.identity.roles import StaffRole
from portal.journal.models import Entry

L, A, S, M = "lettura", "assistenza", "sicurezza", "amministrazione"
ANY = "qualunque"  # one's own account: every member of the staff
RULES = {
    "staff:status": L, "staff:to_invite": L, "staff:invite_sheet": L, "staff:search": L, "staff:sheet": L, "staff:jobs": L, "staff:job": L, "staff:job_sheet": L,
    "staff:bulk": S, "staff:utenze_sheet": S, "staff:stop_job": S, "staff:retry_job": S, "staff:closings": S, "staff:register_nights": L,
    "staff:people": L, "staff:endings": "anagrafica", "staff:duties": "anagrafica", "staff:office_give": "anagrafica", "staff:direttore": "anagrafica",
    "staff:office_correct": "anagrafica", "staff:office_end": "anagrafica", "staff:office_follow": "anagrafica",
    "staff:office_keep": "anagrafica", "staff:place": "anagrafica", "staff:next_place": "anagrafica",
    "staff:role_requests": "anagrafica", "staff:role_request": "anagrafica",
    "staff:pharmacy": L, "staff:timeline": L,
    "staff:add_utenza": "anagrafica", "staff:renew_utenza": "anagrafica", "staff:hand_over_utenza": "anagrafica",
    "staff:supplier": "anagrafica",
    "staff:resend": A, "staff:reachable": A, "staff:unblock": A, "staff:note": A, "staff:close_note": A,
    "staff:trial": A, "staff:held_mailboxes": L, "staff:decide_mailboxes": A,
    "staff:retry_letter": A, "staff:cancel_letter": A, "staff:outbox": L, "staff:outbox_csv": L,
    "staff:reports": L, "staff:report": A,
    "staff:without_id": L, "staff:without_id_sheet": L, "staff:without_id_warn": S,
    "staff:revoke_id": S, "staff:revoke_all": S, "staff:revoke_address": S, "staff:block": S,
    "staff:person_sessions": S, "staff:person_stop": S, "staff:person_readmit": S,
    "staff:journal": S, "identity:login_search": S, "staff:journal_csv": S,
    "staff:contexts": M, "staff:context": M, "staff:context_types": M, "staff:context_date": M, "staff:add_context": M,
    "staff:certificates": M, "staff:new_certificate": M, "staff:retire_certificate": M,
    "archive:index": M, "archive:rows": M, "archive:row": M,
    "identity:operators": M, "identity:operator": M, "identity:operator_new": M, "identity:operator_disable": M,
    "identity:operator_enable": M, "identity:operator_reset": M,
    "identity:staff_own": ANY, "identity:staff_close": ANY, "identity:staff_new_codes": ANY, "identity:staff_password": ANY,
    "identity:staff_step_up": ANY, "identity:staff_mailbox": ANY,
    "identity:staff_passkeys": ANY, "identity:staff_passkey_remove": ANY,
}  # fmt: skip
DOORS = {
    "identity:staff_login",
    "identity:staff_code",
    "identity:staff_recovery",
    "identity:staff_enrol",
    "identity:staff_passkey",
    "staff:door",
}
VALUES = {"code": "4512", "pk": 1, "slug": "elenco", "kind": "csv", "domain": "libero.example", "verdict": "conferma"}


def patterns(found=None, namespace: str = "", path: str = "") -> Iterator[tuple[str, str, object]]:
    """Name, path and view of every address of the portal."""
    for pattern in get_resolver().url_patterns if found is None else found:
        here = path + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from patterns(pattern.url_patterns, pattern.namespace or namespace, here)
        else:
            yield f"{namespace}:{pattern.name}", here, pattern.callback


def addresses(*, with_code: bool = False) -> list[tuple[str, str]]:
    """Name and address of each staff page; its rows need not exist: a forbidden caller is refused before they are read."""
    found = []
    for name, path, _ in patterns():
        if name in RULES and (not with_code or "<str:code>" in path):
            names = re.findall(r"<\w+:(\w+)>", path)
            found.append((name, reverse(name, kwargs={parameter: VALUES[parameter] for parameter in names})))
    return found


def answers(client: Client, *, with_code: bool = False) -> dict[tuple[str, str], int]:
    """Each page's answers to GET and to POST with every field that an act could need."""
    fields = {"motivo": "prova", "testo": "prova", "esito": "prova", "conferma": "sì"}
    statuses = {}
    for name, address in addresses(with_code=with_code):
        statuses["GET", name] = client.get(address).status_code
        statuses["POST", name] = client.post(address, fields).status_code
    return statuses


def test_every_page_of_the_staff_has_a_rule_and_keeps_it():
    declared = {
        name: getattr(view, "staff_role", None) for name, path, view in patterns() if path.startswith("operatori/")
    }
    doors = {name: declared.pop(name) for name in DOORS}
    assert set(doors.values()) == {None}
    assert declared == RULES


def test_no_page_of_the_staff_is_elsewhere():
    assert {name for name, _, view in patterns() if hasattr(view, "staff_role")} == set(RULES)


@pytest.mark.django_db
@pytest.mark.parametrize("role", [*StaffRole.values, ""])
def test_a_role_opens_its_pages_and_is_refused_at_all_the_others(operator, role):
    client = operator(*([role] if role else []))
    allowed = {ANY, *([role, L] if role else [])}
    own = ("identity:staff_close", "identity:operator_disable", "identity:operator_enable", "identity:operator_reset")
    for (method, name), status in answers(client).items():
        if RULES[name] in allowed:
            # an operator's own account is refused too: nobody acts on their own account here
            assert status in {200, 302, 404, 405} or name in (*own, "identity:operator"), (method, name, status)
        else:
            assert status in {403, 405}, (method, name, status)


@pytest.mark.django_db
@pytest.mark.parametrize("role", StaffRole.values)
def test_what_a_role_may_not_do_leaves_no_trace(operator, san_marco, role):
    client = operator(role)
    for name, address in addresses():
        if RULES[name] not in {ANY, role, L}:
            client.post(address, {"motivo": "prova", "testo": "prova", "esito": "prova"})
    assert not Entry.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["anna_client", "dario_client"])
def test_a_person_of_a_pharmacy_and_a_stranger_open_none(request, san_marco, who):
    assert set(answers(request.getfixturevalue(who)).values()) <= {403, 405}


@pytest.mark.django_db
def test_the_password_alone_opens_none(carla, san_marco):
    client = Client()
    client.force_login(carla, backend="portal.identity.backends.StaffBackend")
    assert set(answers(client).values()) <= {403, 405}


@pytest.mark.django_db
def test_nobody_is_sent_to_the_door(client, san_marco):
    for name, address in addresses():
        answer = client.get(address)
        assert answer.status_code in {302, 405}, name
        assert answer.status_code == 405 or answer["Location"].startswith("/operatori/accesso/"), name


@pytest.mark.django_db
def test_outside_one_s_territory_no_pharmacy_exists(operator, san_marco):
    client = operator(*StaffRole.values, limited_to=["010"])
    assert set(answers(client, with_code=True).values()) <= {404, 405}
    assert len(addresses(with_code=True)) > 10
