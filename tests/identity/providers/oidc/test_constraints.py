"""Constraints of superiors on names, types and path, and the addresses that the federation may send us to."""

from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from joserfc import jws

from portal.identity.providers.oidc import jose, wire
from portal.identity.providers.oidc.jose import NotTrusted
from portal.identity.providers.oidc.wire import Unreachable, Wire
from portal.identity.providers.saml.real import is_public
from tests.identity.providers.oidc import forge
from tests.identity.providers.oidc.forge import ANCHOR, OP, ring
from tests.identity.providers.oidc.test_federation import ABOUT, OP_CONFIGURATION, order, refresh, refused  # noqa: F401

HOST = urlsplit(OP).hostname
PARENT = HOST.partition(".")[2]


@pytest.mark.parametrize(
    ("constraints", "because"),
    [
        ({"naming_constraints": {"excluded": [HOST]}}, "excludes the name"),
        ({"naming_constraints": {"excluded": [f".{PARENT}"]}}, "excludes the name"),
        ({"naming_constraints": {"permitted": ["altro.example"]}}, "does not permit"),
        ({"naming_constraints": {"permitted": []}}, "does not permit"),
        ({"naming_constraints": {"permitted": [f".{HOST}"]}}, "does not permit"),
        ({"naming_constraints": "x"}, "not as it should be"),
        ({"naming_constraints": {"permitted": "x"}}, "not as it should be"),
        ({"allowed_entity_types": 5}, "not as it should be"),
        ({"allowed_entity_types": ["openid_relying_party"]}, "does not allow"),
        ({"max_path_length": True}, "more entities"),
        ({"max_path_length": "1"}, "more entities"),
    ],
)
def test_a_constraint_that_the_entity_does_not_meet_refuses_the_chain(order, constraints, because):  # noqa: F811
    order.published[ABOUT] = forge.about_op(timezone.now(), constraints=constraints)
    refused(because)


@pytest.mark.parametrize("permitted", [[HOST], [f".{PARENT}"], ["altro.example", HOST]])
def test_a_permitted_name_passes(order, permitted):  # noqa: F811
    constraints = {"naming_constraints": {"permitted": permitted, "excluded": ["altro.example"]}}
    order.published[ABOUT] = forge.about_op(timezone.now(), constraints=constraints)
    refresh()


def test_the_hints_of_a_configuration_that_its_entity_did_not_sign_are_not_followed(order):  # noqa: F811
    token = forge.op_configuration(timezone.now(), authority_hints=["https://tranello.example", ANCHOR])
    head, body, _ = token.split(".")
    order.published[OP_CONFIGURATION] = f"{head}.{body}.{'A' * 342}"
    visited = []
    order.published = Watching(order.published, visited)
    refused("not as it should be")
    assert not any("tranello" in address for address in visited)


class Watching(dict):
    """Notes what is asked for."""

    def __init__(self, published: dict, visited: list[str]) -> None:
        super().__init__(published)
        self.visited = visited

    def get(self, key, default=None):
        self.visited.append(key)
        return super().get(key, default)

    def __getitem__(self, key):
        self.visited.append(key)
        return super().__getitem__(key)


@pytest.mark.parametrize("names", [[], ["alg"]])
def test_a_header_with_crit_is_refused(names):
    key = ring("federazione").first
    token = jws.serialize_compact({"alg": "RS256", "kid": key.kid, "crit": names}, b"{}", key)
    with pytest.raises(NotTrusted):
        jose.verified(token, [key])


@pytest.mark.parametrize(
    "address",
    ["https://127.1/", "https://0x7f.1/", "https://2130706433/", "https://127.0.0.1./", "https://[::1]/", "https://192.88.99.1/",
     "https://user@esempio.example/", "http://esempio.example/", "https://esempio/", "https://x.localhost/", "https://[::ffff:10.0.0.1]/"],
)  # fmt: skip
def test_an_address_of_this_machine_is_not_public_however_it_is_written(address):
    assert not is_public(address)
    assert is_public("https://esempio.example/x")


@pytest.mark.parametrize("found", [["127.0.0.1"], ["10.0.0.1"], ["93.184.216.34", "::1"]])
def test_a_name_that_leads_to_a_private_network_is_not_called(monkeypatch, settings, found):
    settings.DEMO = False
    monkeypatch.setattr(wire, "addresses_of", lambda host: [wire.ip_address(address) for address in found])
    with pytest.raises(Unreachable, match="private network"):
        Wire().get("https://esempio.example/x")
