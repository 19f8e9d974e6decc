"""Requests as five kinds of client write them (prefixes, Header, SOAPAction, media type, declaration), each with its golden reply.

They are those of the manual's public user, pincode ciphertext included: in TEST mode they get its answers.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from pharmacies.models import Utenza
from tests.sessions.gate.gate_door import BASIC_REFUSED, PASSED, basic, refused, reply_of
from tests.sessions.soap.calls import URL, ServiceReply

WIRE = Path(__file__).parent / "wire"
CLIENTS = ["csharp", "requests", "zeep", "node-soap", "php"]
AT = datetime(2026, 11, 23, 7, 58, tzinfo=UTC)


@pytest.fixture
def public_user(san_marco, certified, settings, time_machine) -> Utenza:
    """The pharmacy of the manual (docs/contract.md, section 8)."""
    settings.A2F_MODE = "TEST"
    time_machine.move_to(AT, tick=False)
    row = Utenza(
        pharmacy=san_marco, user_id="UV386Q5B", codice_fiscale="BBTMRZ54L19H501T", codice_regione="130", codice_asl="204",
        codice_ssa="78909", created_at=AT,
    )  # fmt: skip
    row.set_password("SALVE", AT)
    row.set_pincode("1729594276")
    row.save()
    return row


def sent(client: str, operation: str, token: str = "") -> ServiceReply:
    head, _, body = (WIRE / client / f"{operation}.http").read_text(encoding="utf-8").partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines())
    content_type = headers.pop("Content-Type")
    data = body.replace("{token}", token).encode()
    return ServiceReply(Client().generic("POST", URL, data, content_type, headers=headers))


def golden(name: str) -> str:
    return (WIRE / "golden" / f"{name}.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize("client", CLIENTS)
def test_the_life_of_an_id_byte_by_byte(public_user, client) -> None:
    created = sent(client, "create")
    assert created.timeless == golden("create")
    token = created.token
    assert sent(client, "checkToken", token).timeless == golden("check-valid")
    assert sent(client, "revoke", token).timeless == golden("revoke")
    assert sent(client, "revoke", token).timeless == golden("revoke-again")
    assert sent(client, "checkToken", token).timeless == golden("check-revoked")


@pytest.mark.parametrize("client", CLIENTS)
def test_an_expired_and_an_unknown_id_byte_by_byte(public_user, client, time_machine) -> None:
    token = sent(client, "create").token
    time_machine.move_to(datetime(2026, 11, 24, 7, 58, tzinfo=UTC), tick=False)
    assert sent(client, "checkToken", token).timeless == golden("check-expired")
    assert sent(client, "revoke", token).timeless == golden("revoke-expired")
    assert sent(client, "checkToken", "0" * 36).timeless == golden("check-unknown")


@pytest.mark.parametrize("client", CLIENTS)
def test_without_a_certified_address_byte_by_byte(public_user, client, certified, anna) -> None:
    certified.revoke(anna, AT)
    assert sent(client, "create").timeless == golden("create-no-address")


@pytest.mark.parametrize("client", CLIENTS)
def test_in_production_the_printed_ciphertext_is_no_pincode(public_user, client, settings, certificate) -> None:
    settings.A2F_MODE = "PRODUCTION"
    answer = sent(client, "create")
    assert answer.timeless == golden("create-malformed-production")


def test_an_id_that_a_client_was_given_opens_the_gate(public_user) -> None:
    token = sent("csharp", "create").token
    assert reply_of(token, basic("UV386Q5B", "SALVE")) == PASSED
    assert reply_of(token, basic("UV386Q5B", "sbagliata")) == BASIC_REFUSED
    assert sent("php", "revoke", token).done
    assert reply_of(token, basic("UV386Q5B", "SALVE")) == refused("revoked")
