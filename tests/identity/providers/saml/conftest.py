"""A portal with the real SPID provider class and two loaded identity providers, as after `identity_providers refresh`."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.test import Client

from tests.identity.providers.saml import forge
from tests.identity.providers.saml.forge import Registered

ORGANISATION = """
name = "Regione di prova"
display_name = "Regione di prova"
url = "https://regione.example"
email = "spid@regione.example"
telephone = "+39061234567"
ipa_code = "r_prova"
municipality = "022205"
province = "TN"
"""


@pytest.fixture(autouse=True)
def _spid_is_the_real_one(settings, tmp_path, db) -> None:
    pair = forge.pair("portale")
    settings.IDENTITY_PROVIDERS = ["portal.identity.providers.saml.Spid", "portal.identity.providers.saml.CieSaml"]
    settings.IDENTITY_METADATA = tmp_path
    settings.SAML_PRIVATE_KEY = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    settings.SAML_CERTIFICATE = pair.certificate.public_bytes(Encoding.PEM).decode()
    settings.SAML_ORGANISATION = ORGANISATION


@pytest.fixture
def alfa(settings) -> Registered:
    """The identity provider that gets the request."""
    return forge.registered(settings.IDENTITY_METADATA, "alfa")


@pytest.fixture
def beta(settings) -> Registered:
    """Another registered identity provider, controlled by an attacker."""
    return forge.registered(settings.IDENTITY_METADATA, "beta")


@pytest.fixture
def captured(client: Client, alfa: Registered, beta: Registered) -> forge.CapturedRequest:
    """Anna's browser is at Alfa with our AuthnRequest."""
    return forge.ask(client, alfa)
