"""The official manual's own requests, against the portal as `make run` leaves it: its two public users and their ciphertexts."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from portal.demo.public_users import DOCTOR, PHARMACY, PublicUser
from sessions.credentials.pincode import PRINTED
from tests.sessions.gate.gate_door import PASSED, basic, reply_of
from tests.sessions.soap.calls import Gestionale, ServiceReply

from .test_clients import CLIENTS, sent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _as_make_run_leaves_it(settings) -> None:
    settings.A2F_MODE = "TEST"
    call_command("seed_demo", stdout=StringIO())


def gestionale_of(user: PublicUser, applicazione: str) -> Gestionale:
    region, asl, ssa = user.codes
    fields = {
        "userId": user.user_id, "identificativo": {"tipo": "P", "valore": PRINTED[user.user_id][0]},
        "cfUtente": user.codice_fiscale, "codRegione": region, "codAslAo": asl, "codSsa": ssa, "codiceStruttura": "",
        "contesto": "RICETTA-DEM", "applicazione": applicazione,
    }  # fmt: skip
    return Gestionale(user.user_id, user.password, fields, Client(raise_request_exception=False))


@pytest.mark.parametrize("user", [PHARMACY, DOCTOR], ids=["pharmacy", "doctor"])
def test_each_gets_an_id_uses_it_asks_about_it_and_revokes_it(user) -> None:
    till = gestionale_of(user, user.applicazione)
    created = till.create()
    assert created.done
    assert created.info == (
        "emailStatus",
        "Email con token inviata con successo all'indirizzo di posta certificato",
    )
    gate = {"contesto": "RICETTA-DEM", "applicazione": user.applicazione}
    assert reply_of(created.token, basic(user.user_id, user.password), parameters=gate) == PASSED
    assert till.check(created.token).done
    assert till.revoke(created.token).done
    assert till.check(created.token).error[:2] == ("W", "06")


def test_every_kind_of_client_that_sends_them_gets_an_id() -> None:
    for client in CLIENTS:
        created: ServiceReply = sent(client, "create")
        assert created.done
        assert sent(client, "checkToken", created.token).done


def test_the_pincode_of_one_is_not_the_pincode_of_the_other() -> None:
    for user, other in ((PHARMACY, DOCTOR), (DOCTOR, PHARMACY)):
        asking = gestionale_of(user, "EROGATORE")
        asking.fields["identificativo"] = {"tipo": "P", "valore": PRINTED[other.user_id][0]}
        assert asking.create().error[1] == "301"  # encrypted with a foreign key, and not printed for this user


def test_their_wildcards_pass_the_gate_only_with_their_password(time_machine) -> None:
    time_machine.move_to("2026-11-23T10:00:00+01:00", tick=False)
    for user in (PHARMACY, DOCTOR):
        wildcard = f"{user.user_id}-2026-11-RICETTA-DEM-EROGATORE"
        assert reply_of(wildcard, basic(user.user_id, user.password)) == PASSED
        assert reply_of(wildcard, basic(user.user_id, "sbagliata")).status == 401
