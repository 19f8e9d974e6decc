"""A portal whose CIE speaks OpenID Connect, in a valid federation."""

import json

import pytest
from django.core.management import call_command
from django.test import Client

from tests.identity.providers.oidc import forge
from tests.identity.providers.oidc.forge import Asked, World
from tests.identity.providers.saml.conftest import ORGANISATION


@pytest.fixture
def door_is_real(settings) -> World:
    """The settings of a deployment; no trust chain has been resolved yet."""
    settings.IDENTITY_PROVIDERS = ["portal.identity.providers.saml.Spid", "tests.identity.providers.oidc.forge.Cie"]
    settings.SAML_ORGANISATION = ORGANISATION
    settings.OIDC_PROVIDER, settings.OIDC_TRUST_ANCHOR = forge.OP, forge.ANCHOR
    settings.OIDC_TRUST_ANCHOR_KEYS = json.dumps(forge.jwks(forge.ring("federazione")))
    settings.OIDC_FEDERATION_KEYS = forge.pem("portale-federazione")
    settings.OIDC_SIGNING_KEYS = forge.pem("portale-firma")
    settings.OIDC_ENCRYPTION_KEYS = forge.pem("portale-cifra")
    forge.Cie.world = World()
    return forge.Cie.world


@pytest.fixture
def world(door_is_real: World, db) -> World:
    """The trust chain has been resolved."""
    door_is_real.federate()
    call_command("identity_providers", "refresh", "--door", "cie", "--json")
    return door_is_real


@pytest.fixture
def asked(client: Client, world: World) -> Asked:
    """Anna's browser is at the provider with our authorization request."""
    return forge.ask(client, world)
