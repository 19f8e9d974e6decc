"""A portal whose CIE speaks OpenID Connect, in a valid federation."""

import json

import pytest
from django.core.management import call_command
from django.test import Client

from tests.identity.providers.oidc import forge
from tests.identity.providers.oidc.forge import CapturedLogin, ForgedFederation
from tests.identity.providers.saml.conftest import ORGANISATION


@pytest.fixture
def door_is_real(settings) -> ForgedFederation:
    """The settings of a deployment; no trust chain has been resolved yet."""
    settings.IDENTITY_PROVIDERS = ["portal.identity.providers.saml.Spid", "tests.identity.providers.oidc.forge.Cie"]
    settings.SAML_ORGANISATION = ORGANISATION
    settings.OIDC_PROVIDER, settings.OIDC_TRUST_ANCHOR = forge.OP, forge.ANCHOR
    settings.OIDC_TRUST_ANCHOR_KEYS = json.dumps(forge.jwks(forge.ring("federazione")))
    settings.OIDC_FEDERATION_KEYS = forge.pem("portale-federazione")
    settings.OIDC_SIGNING_KEYS = forge.pem("portale-firma")
    settings.OIDC_ENCRYPTION_KEYS = forge.pem("portale-cifra")
    forge.Cie.world = ForgedFederation()
    return forge.Cie.world


@pytest.fixture
def world(door_is_real: ForgedFederation, db) -> ForgedFederation:
    """The trust chain has been resolved."""
    door_is_real.federate()
    call_command("identity_providers", "refresh", "--door", "cie", "--json")
    return door_is_real


@pytest.fixture
def captured(client: Client, world: ForgedFederation) -> CapturedLogin:
    """Anna's browser is at the provider with our authorization request."""
    return forge.ask(client, world)
