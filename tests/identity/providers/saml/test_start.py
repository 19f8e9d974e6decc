"""Production refuses to start with a test identity provider."""

import base64

import pytest
from django.core.checks import run_checks
from django.utils import timezone
from lxml import etree

from portal.identity.providers import every_alert
from portal.identity.providers.saml.names import ds
from tests.identity.providers.saml import forge

# The public certificate of spid-sp-test 1.2, whose private key is in its package: the check compares the fingerprint.
KNOWN = (
    "MIIEGDCCAwCgAwIBAgIJAOrYj9oLEJCwMA0GCSqGSIb3DQEBCwUAMGUxCzAJBgNVBAYTAklUMQ4wDAYDVQQIEwVJdGFseTENMAsG"
    "A1UEBxMEUm9tZTENMAsGA1UEChMEQWdJRDESMBAGA1UECxMJQWdJRCBURVNUMRQwEgYDVQQDEwthZ2lkLmdvdi5pdDAeFw0xOTA0"
    "MTExMDAyMDhaFw0yNTAzMDgxMDAyMDhaMGUxCzAJBgNVBAYTAklUMQ4wDAYDVQQIEwVJdGFseTENMAsGA1UEBxMEUm9tZTENMAsG"
    "A1UEChMEQWdJRDESMBAGA1UECxMJQWdJRCBURVNUMRQwEgYDVQQDEwthZ2lkLmdvdi5pdDCCASIwDQYJKoZIhvcNAQEBBQADggEP"
    "ADCCAQoCggEBAK8kJVo+ugRrbbv9xhXCuVrqi4B7/MQzQc62ocwlFFujJNd4m1mXkUHFbgvwhRkQqo2DAmFeHiwCkJT3K1eeXIFh"
    "NFFroEzGPzONyekLpjNvmYIs1CFvirGOj0bkEiGaKEs+/umzGjxIhy5JQlqXE96y1+Izp2QhJimDK0/KNij8I1bzxseP0Ygc4SFv"
    "eKS+7QO+PrLzWklEWGMs4DM5Zc3VRK7g4LWPWZhKdImC1rnS+/lEmHSvHisdVp/DJtbSrZwSYTRvTTz5IZDSq4kAzrDfpj16h7b3"
    "t3nFGc8UoY2Ro4tRZ3ahJ2r3b79yK6C5phY7CAANuW3gDdhVjiBNYs0CAwEAAaOByjCBxzAdBgNVHQ4EFgQU3/7kV2tbdFtphbSA"
    "4LH7+w8SkcwwgZcGA1UdIwSBjzCBjIAU3/7kV2tbdFtphbSA4LH7+w8SkcyhaaRnMGUxCzAJBgNVBAYTAklUMQ4wDAYDVQQIEwVJ"
    "dGFseTENMAsGA1UEBxMEUm9tZTENMAsGA1UEChMEQWdJRDESMBAGA1UECxMJQWdJRCBURVNUMRQwEgYDVQQDEwthZ2lkLmdvdi5p"
    "dIIJAOrYj9oLEJCwMAwGA1UdEwQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBAJNFqXg/V3aimJKUmUaqmQEEoSc3qvXFITvT5f5b"
    "Kw9yk/NVhR6wndL+z/24h1OdRqs76blgH8k116qWNkkDtt0AlSjQOx5qvFYh1UviOjNdRI4WkYONSw+vuavcx+fB6O5JDHNmMhMy"
    "SKTnmRqTkyhjrch7zaFIWUSV7hsBuxpqmrWDoLWdXbV3eFH3mINA5AoIY/m0bZtzZ7YNgiFWzxQgekpxd0vcTseMnCcXnsAlctdi"
    "r0FoCZztxMuZjlBjwLTtM6Ry3/48LMM8Z+lw7NMciKLLTGQyU8XmKKSSOh0dGh5Lrlt5GxIIJkH81C0YimWebz8464QPL3RbLnTK"
    "g+c="
)


def problems(settings) -> list[str]:
    settings.DEMO = False
    settings.A2F_MODE = "PRODUCTION"
    return [
        f"{fault.id} {fault.msg}"
        for fault in run_checks()
        if (fault.id or "") in ("portal.E003", "portal.E004", "portal.E005")
    ]


def load(settings, entity_id: str) -> None:
    (settings.IDENTITY_METADATA / "spid").mkdir(exist_ok=True)
    document = forge.metadata(entity_id, [forge.pair("alfa").certificate])
    (settings.IDENTITY_METADATA / "spid" / "x.xml").write_bytes(document)


def test_real_providers_start(settings, alfa, beta):
    assert problems(settings) == []


@pytest.mark.parametrize(
    "entity_id",
    [
        "https://localhost:8443", "http://localhost", "https://127.0.0.1", "https://[::1]:8443", "https://10.0.0.1",
        "http://idp.example", "https://spid.localhost", "https://idp",
    ],
)  # fmt: skip
def test_a_provider_on_this_machine_or_without_https_does_not_start(settings, entity_id):
    load(settings, entity_id)
    assert [problem[:11] for problem in problems(settings)] == ["portal.E004"]


TESTS = ["demo.spid.gov.it", "validator.spid.gov.it", "preproduzione.idserver.servizicie.interno.gov.it"]


@pytest.mark.parametrize("host", TESTS)
def test_a_test_environment_does_not_start_unless_the_settings_name_it(settings, host):
    load(settings, f"https://{host}/idp")
    assert [problem[:11] for problem in problems(settings)] == ["portal.E004"]
    settings.IDENTITY_TEST_HOSTS = [host]
    assert problems(settings) == []
    [alert] = [one for one in every_alert(timezone.now()) if host in one.about]
    assert alert.urgent


def test_the_real_card_is_no_test_environment(settings):
    load(settings, "https://idserver.servizicie.interno.gov.it/idp/profile/SAML2/POST/SSO")
    assert problems(settings) == []


def test_the_demonstration_may_load_them(settings):
    load(settings, "https://localhost:8443")
    assert [fault for fault in run_checks() if fault.id == "portal.E004"] == []


def test_the_provider_of_the_official_test_tool_does_not_start_under_any_name(settings, alfa):
    path = settings.IDENTITY_METADATA / "spid" / "alfa.xml"
    root = etree.fromstring(path.read_bytes())
    root.find(f".//{ds('X509Certificate')}").text = KNOWN
    path.write_bytes(etree.tostring(root))
    assert len(base64.b64decode(KNOWN)) > 500
    assert "everybody has" in problems(settings)[0]


@pytest.mark.parametrize("name", ["SAML_PRIVATE_KEY", "SAML_CERTIFICATE", "SAML_ORGANISATION"])
def test_a_door_that_lacks_our_own_key_or_name_does_not_start(settings, alfa, name):
    setattr(settings, name, "")
    assert {problem[:11] for problem in problems(settings)} == {"portal.E003"}


def test_a_door_that_does_not_exist_is_named(settings):
    settings.IDENTITY_PROVIDERS = ["portal.identity.providers.saml.Facebook"]
    assert problems(settings)[0].startswith("portal.E005")
