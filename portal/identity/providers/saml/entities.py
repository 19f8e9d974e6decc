"""Reads the SAML metadata of identity providers."""

import base64
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from lxml import etree

from portal.identity.providers.saml import documents
from portal.identity.providers.saml.documents import MalformedXml
from portal.identity.providers.saml.names import POST, PREFIXES, PROTOCOL, REDIRECT, SPID_EXTENSIONS, ds, md

logger = logging.getLogger(__name__)

_MOST_CERTIFICATES = 6  # read for one provider: an answer is verified with each in turn


@dataclass(frozen=True)
class ProviderMetadata:
    """One identity provider: its endpoints, and the certificates that may sign its answers."""

    entity_id: str
    name: str  # its display name
    sign_on: tuple[tuple[str, str], ...]  # binding, address
    sign_out: tuple[tuple[str, str], ...]
    certificates: tuple[x509.Certificate, ...]
    purposes: frozenset[str] | None = None  # each Purpose that its metadata list; None: they list none

    def offers(self, purpose: str) -> bool:
        """False when its metadata list purposes without this one. Not every provider that offers one lists it."""
        return self.purposes is None or purpose in self.purposes

    @property
    def binding(self) -> str:
        """The binding for our requests: Redirect if supported, which needs no intermediate page."""
        return REDIRECT if any(binding == REDIRECT for binding, _ in self.sign_on) else POST

    @property
    def address(self) -> str:
        """The sign-on URL of `binding`."""
        return next(address for binding, address in self.sign_on if binding == self.binding)

    @property
    def origins(self) -> list[str]:
        """The origins (`https://host`) of its endpoints, for the Content-Security-Policy."""
        return list({f"{at.scheme}://{at.netloc}": None for at in map(urlsplit, self.addresses)})

    @property
    def addresses(self) -> list[str]:
        return [address for _, address in (*self.sign_on, *self.sign_out)]


def read(body: bytes) -> list[ProviderMetadata]:
    """The identity providers of an EntityDescriptor or EntitiesDescriptor document. Raises MalformedXml."""
    root = documents.parse_metadata(body)
    if root.tag not in (md("EntityDescriptor"), md("EntitiesDescriptor")):
        raise MalformedXml("not metadata")
    descriptors = [root] if root.tag == md("EntityDescriptor") else root.findall(md("EntityDescriptor"))
    return [_provider(descriptor) for descriptor in descriptors if descriptor.find(md("IDPSSODescriptor")) is not None]


def find(providers: Iterable[ProviderMetadata], entity_id: str) -> ProviderMetadata | None:
    return next((provider for provider in providers if provider.entity_id == entity_id), None)


def works(provider: ProviderMetadata, now: datetime) -> bool:
    """True when at least one of its certificates is valid now."""
    return any(
        certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc
        for certificate in provider.certificates
    )


def good_until(provider: ProviderMetadata) -> datetime:
    """The end of the certificate that ends last (UTC)."""
    return max(certificate.not_valid_after_utc for certificate in provider.certificates)


class Folder:
    """The providers of a folder, read again when a file changes, without a restart.

    Logs and skips an unreadable file, so that it does not disable the other providers.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: object = None
        self._providers: Sequence[ProviderMetadata] = ()

    def providers(self) -> Sequence[ProviderMetadata]:
        seen = sorted((path.name, path.stat().st_mtime_ns) for path in self._path.glob("*.xml"))
        if seen != self._seen:
            self._providers, self._seen = [provider for name, _ in seen for provider in self._read(name)], seen
        return self._providers

    def _read(self, name: str) -> list[ProviderMetadata]:
        try:
            return read((self._path / name).read_bytes())
        except (OSError, MalformedXml) as error:
            logger.error("metadata %s cannot be read: %s", name, error)
            return []


def _provider(descriptor: etree._Element) -> ProviderMetadata:
    role = descriptor.find(md("IDPSSODescriptor"))
    entity_id = descriptor.get("entityID", "")
    if role is None or PROTOCOL not in role.get("protocolSupportEnumeration", ""):
        raise MalformedXml("not an identity provider of SAML 2.0")
    sign_on, certificates = _addresses(role, "SingleSignOnService"), _certificates(role)
    if not (entity_id and sign_on and certificates):
        raise MalformedXml("an identity provider without address or certificate")
    name = descriptor.findtext(".//md:OrganizationDisplayName", namespaces=PREFIXES) or entity_id
    return ProviderMetadata(
        entity_id,
        " ".join(name.split()),
        sign_on,
        _addresses(role, "SingleLogoutService"),
        certificates,
        _purposes(descriptor),
    )


def _purposes(descriptor: etree._Element) -> frozenset[str] | None:
    """The Purpose elements of spid:SupportedPurposes; the registry writes them without a namespace of their own."""
    listed = descriptor.findall(f"*/{{{SPID_EXTENSIONS}}}SupportedPurposes")
    if not listed:
        return None
    return frozenset((purpose.text or "").strip() for one in listed for purpose in one.iterfind("{*}Purpose"))


def _addresses(role: etree._Element, service: str) -> tuple[tuple[str, str], ...]:
    found = [(endpoint.get("Binding", ""), endpoint.get("Location", "")) for endpoint in role.findall(md(service))]
    return tuple((binding, address) for binding, address in found if binding in (REDIRECT, POST) and address)


def _certificates(role: etree._Element) -> tuple[x509.Certificate, ...]:
    """The certificates for signing, or without a stated use; at most _MOST_CERTIFICATES. Raises MalformedXml."""
    keys = [key for key in role.findall(md("KeyDescriptor")) if key.get("use", "signing") == "signing"]
    texts = [certificate.text or "" for key in keys for certificate in key.iter(ds("X509Certificate"))]
    try:
        found = [x509.load_der_x509_certificate(base64.b64decode("".join(text.split()))) for text in texts]
    except ValueError as error:
        raise MalformedXml("a certificate that cannot be read") from error
    return tuple(dict.fromkeys(found))[:_MOST_CERTIFICATES]
