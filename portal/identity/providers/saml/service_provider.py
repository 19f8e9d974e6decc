"""Our SAML service provider: entityID, key, endpoints, organisation."""

import tomllib
from dataclasses import dataclass, fields

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from portal.identity.providers.saml.keys import KeyPair, KeyUnusable, key_pair


@dataclass(frozen=True)
class Billing:
    """The payer of a private service provider (SPID, Avviso 29, CessionarioCommittente)."""

    name: str
    vat_number: str  # without the country
    street: str
    cap: str
    comune: str
    province: str
    email: str
    telephone: str


@dataclass(frozen=True)
class Organisation:
    """The organisation in our metadata. `kind` is `public` or `private`."""

    name: str
    display_name: str
    url: str
    email: str
    kind: str = "public"
    telephone: str = ""  # +39 and digits, no spaces
    ipa_code: str = ""  # public: its code in the index of the public administrations
    vat_number: str = ""  # with the country: IT01234567890
    fiscal_code: str = ""
    municipality: str = ""  # ISTAT code of the comune (CIE)
    province: str = ""  # two letters (CIE)
    nace2_code: str = ""  # private: branch of industry (CIE)
    billing: Billing | None = None  # private (SPID)


@dataclass(frozen=True)
class ServiceProvider:
    """One entityID with one key pair."""

    entity_id: str
    pair: KeyPair
    organisation: Organisation


@dataclass(frozen=True)
class Addresses:
    """Our absolute URLs for answers and for logout requests."""

    answer: str
    sign_out: str


def addresses(key: str) -> Addresses:
    """The endpoints of the provider with this key, from PORTAL_URL, never from the Host header."""
    answer, gone_out = reverse("identity:answer", args=[key]), reverse("identity:gone_out", args=[key])
    return Addresses(f"{settings.PORTAL_URL}{answer}", f"{settings.PORTAL_URL}{gone_out}")


def of_settings() -> ServiceProvider:
    """From SAML_ENTITY_ID, SAML_PRIVATE_KEY, SAML_CERTIFICATE and SAML_ORGANISATION. Raises ImproperlyConfigured."""
    try:
        pair = key_pair(settings.SAML_PRIVATE_KEY, settings.SAML_CERTIFICATE)
    except KeyUnusable as error:
        raise ImproperlyConfigured(f"SAML_PRIVATE_KEY and SAML_CERTIFICATE cannot be used: {error}.") from error
    return ServiceProvider(settings.SAML_ENTITY_ID, pair, organisation(settings.SAML_ORGANISATION))


def organisation(toml: str) -> Organisation:
    """Parses SAML_ORGANISATION (TOML). Raises ImproperlyConfigured, which names the missing or unknown field."""
    try:
        values = tomllib.loads(toml)
        billing = values.pop("billing", None)
        made = Organisation(**values, billing=Billing(**billing) if billing else None)
    except tomllib.TOMLDecodeError as error:
        raise ImproperlyConfigured("SAML_ORGANISATION is not TOML.") from error
    except TypeError as error:  # its message names the field, never a value
        raise ImproperlyConfigured(f"SAML_ORGANISATION: {error}".replace("Organisation.__init__()", "it")) from error
    if made.kind not in ("public", "private"):
        raise ImproperlyConfigured("SAML_ORGANISATION: kind must be public or private.")
    lacking = [name for name in _needed(made) if not getattr(made, name)]
    if lacking:
        raise ImproperlyConfigured(f"SAML_ORGANISATION lacks {', '.join(lacking)}.")
    return made


def _needed(made: Organisation) -> list[str]:
    always = [field.name for field in fields(Organisation) if field.name in ("name", "display_name", "url", "email")]
    return always + (["ipa_code"] if made.kind == "public" else ["vat_number", "fiscal_code", "billing"])
