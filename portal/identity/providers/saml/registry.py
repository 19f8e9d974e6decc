"""Reads the signed registry of identity providers, and refuses a version that would drop a provider that works today.

Source: SPID technical rules, "Registro"; the document is one signed EntitiesDescriptor. For CIE, one EntityDescriptor.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import httpx
from cryptography import x509
from django.conf import settings
from django.db import IntegrityError, transaction
from lxml import etree

from portal import tls
from portal.identity.models import RegisteredProvider, RegistryReading
from portal.identity.providers.saml import documents, entities, signing
from portal.identity.providers.saml.documents import LARGEST_METADATA, MalformedXml
from portal.identity.providers.saml.names import md
from portal.identity.providers.saml.real import why_not_real
from portal.identity.providers.saml.signing import SignatureWrong
from portal.identity.providers.upkeep import NotTaken, Taken, write_reading

READ_EVERY = timedelta(hours=6)
TIMEOUT = httpx.Timeout(20, connect=10)  # seconds between two bytes
AGENT = {"User-Agent": "portale-farmacie"}


@dataclass(frozen=True)
class Source:
    """The URL of a registry, and the certificates that may sign its documents."""

    url: str
    certificates: tuple[x509.Certificate, ...]


def fetched(url: str, transport: httpx.BaseTransport | None = None) -> bytes:
    """Downloads the document from this https URL, without redirects. Raises NotTaken."""
    if not url.startswith("https://"):
        raise NotTaken("the address of the registry must be https")
    body = bytearray()
    try:
        with (
            httpx.Client(timeout=TIMEOUT, transport=transport, verify=tls.of_the_web(), headers=AGENT) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != 200:
                raise NotTaken(f"the registry answers {response.status_code}")
            for piece in response.iter_bytes():
                body += piece
                if len(body) > LARGEST_METADATA:
                    raise NotTaken("the document is too large to be a registry")
    except httpx.HTTPError as error:
        raise NotTaken(f"the registry cannot be reached ({type(error).__name__})") from error
    return bytes(body)


def source_of(door: str) -> Source:
    """The registry of this provider, from the settings. Raises NotTaken when it has none, or its certificate is unreadable."""
    if door not in settings.IDENTITY_REGISTRIES:
        raise NotTaken("this way in has no registry")
    url, pem = settings.IDENTITY_REGISTRIES[door]
    try:
        return Source(url, tuple(x509.load_pem_x509_certificates(pem.encode())) if pem else ())
    except ValueError as error:
        raise NotTaken(f"{door.upper()}_REGISTRY_CERTIFICATE is not in PEM") from error


def refresh(door: str, now: datetime) -> Taken:
    """Reads the registry from its URL and stores the providers; records the reading in any case. Raises NotTaken."""
    source = source_of(door)
    if not source.certificates:
        raise NotTaken(
            f"{door.upper()}_REGISTRY_CERTIFICATE is not set: the signature of the document cannot be verified"
        )
    try:
        taken = take(door, fetched(source.url), now, certificates=source.certificates)
    except NotTaken as error:
        write_reading(door, source.url, now, error)
        raise
    write_reading(door, source.url, now, taken)
    return taken


def refresh_is_due(door: str, now: datetime) -> bool:
    """True when the settings name the certificate of this registry and its last reading is six hours old."""
    _, certificate = settings.IDENTITY_REGISTRIES.get(door, ("", ""))
    last = RegistryReading.objects.newest(door)
    return bool(certificate) and (last is None or now - last.at >= READ_EVERY)


def take_by_hand(door: str, file: Path | None, digest: str, dropping: tuple[str, ...], now: datetime) -> Taken:
    """As refresh(), for an operator: from `file` when there is one, trusted by its SHA-256 when `digest` is given; the
    entities in `dropping` may go. Raises NotTaken.
    """
    source = source_of(door)
    try:
        body = file.read_bytes() if file else fetched(source.url)
    except OSError as error:
        raise NotTaken(f"the file cannot be read ({type(error).__name__})") from error
    name = str(file or source.url)
    try:
        taken = take(door, body, now, certificates=source.certificates, digest=digest, dropping=dropping)
    except NotTaken as error:
        write_reading(door, name, now, error)
        raise
    write_reading(door, name, now, taken)
    return taken


def take(
    door: str,
    body: bytes,
    now: datetime,
    *,
    certificates: tuple[x509.Certificate, ...] = (),
    digest: str = "",
    dropping: tuple[str, ...] = (),
) -> Taken:
    """Stores the providers of the document, all or nothing. Trusts it when one of `certificates` signed it or its SHA-256 is
    `digest` (which the operator obtained separately). `dropping`: entities that may be dropped. Raises NotTaken.
    """
    root = _believed(body, now, certificates, digest)
    taken = Taken(valid_until=_end_of(root))
    found = _usable(root, now, taken)
    if not found:
        raise NotTaken("it holds no identity provider that can be used")
    if not digest:
        _refuse_an_older_one(door, found, taken.valid_until)
    try:
        _replace(door, found, now, taken, dropping)
    except IntegrityError:  # another worker stored the same registry first: compare with its rows
        taken = Taken(left_out=taken.left_out, valid_until=taken.valid_until)
        _replace(door, found, now, taken, dropping)
    return taken


def _refuse_an_older_one(door: str, found: dict[str, str], valid_until: datetime | None) -> None:
    """Refuses a document that ends before one taken already, or brings back a version that was replaced: whoever replays an old
    copy would bring back a key that was withdrawn. An operator may take it by its digest. Raises NotTaken.
    """
    latest = RegistryReading.objects.latest_end(door)
    if valid_until and latest and valid_until < latest:
        raise NotTaken(f"it is older than one taken already, valid until {latest:%Y-%m-%d %H:%M}")
    digests = {entity_id: _digest(document) for entity_id, document in found.items()}
    rows = RegisteredProvider.objects.filter(door=door, digest__in=digests.values())
    replaced = {row.entity_id for row in rows.exclude(replaced_at=None) if digests.get(row.entity_id) == row.digest}
    in_use = dict(RegisteredProvider.objects.current(door).values_list("entity_id", "digest"))
    if back := sorted(name for name in replaced if name in in_use and in_use[name] != digests[name]):
        raise NotTaken(f"it brings back an earlier version of {', '.join(back)}: an old copy")


def _replace(door: str, found: dict[str, str], now: datetime, taken: Taken, dropping: tuple[str, ...]) -> None:
    """Replaces the stored providers by these. Raises NotTaken when that would drop a provider that works today."""
    with transaction.atomic():
        rows = RegisteredProvider.objects.current(door).select_for_update(no_key=True).order_by("pk")
        current = {row.entity_id: row for row in rows}
        lost = [name for name, row in current.items() if name not in found and not _why_unusable(row.document, now)]
        if unexpected := sorted(set(lost) - set(dropping)):
            raise NotTaken(f"it would drop who works today: {', '.join(unexpected)}")
        for entity_id, document in found.items():
            _put(door, entity_id, document, current.get(entity_id), now, taken)
        gone = sorted(set(current) - set(found))
        RegisteredProvider.objects.current(door).filter(entity_id__in=gone).update(replaced_at=now)
        taken.removed = gone


def _believed(body: bytes, now: datetime, certificates: tuple[x509.Certificate, ...], digest: str) -> etree._Element:
    """The document, or its signed part. Raises NotTaken."""
    try:
        root = documents.parse_metadata(body)
        if digest:
            if not hmac.compare_digest(sha256(body).hexdigest(), digest.lower()):
                raise NotTaken("its SHA-256 is another")
        else:
            root = signing.verified(root, certificates, now)
        if (valid_until := _end_of(root)) and valid_until <= now:
            raise NotTaken("it is no longer valid: an old copy")
    except SignatureWrong as error:
        raise NotTaken(f"it is not signed by the registry ({error})") from error
    except MalformedXml as error:
        raise NotTaken(f"it cannot be read ({error})") from error
    return root


def _end_of(root: etree._Element) -> datetime | None:
    """The `validUntil` of the document (UTC). Raises MalformedXml."""
    said = root.get("validUntil")
    return documents.instant(said) if said else None


def _digest(document: str) -> str:
    return sha256(document.encode()).hexdigest()


def _usable(root: etree._Element, now: datetime, taken: Taken) -> dict[str, str]:
    """entityID → document of the usable identity providers; adds the others to `taken.left_out`. Raises NotTaken."""
    if root.tag not in (md("EntityDescriptor"), md("EntitiesDescriptor")):
        raise NotTaken("it is not metadata")
    found: dict[str, str] = {}
    descriptors = [root] if root.tag == md("EntityDescriptor") else root.findall(md("EntityDescriptor"))
    for descriptor in descriptors:
        if descriptor.find(md("IDPSSODescriptor")) is None:
            continue
        entity_id, document = (
            descriptor.get("entityID", ""),
            etree.tostring(descriptor, encoding="unicode", with_tail=False),
        )
        if entity_id in found:
            raise NotTaken(f"it names {entity_id} twice")
        if why := _why_unusable(document, now):
            taken.left_out[entity_id] = why
        else:
            found[entity_id] = document
    return found


def _why_unusable(document: str, now: datetime) -> str:
    try:
        [provider] = entities.read(document.encode())
    except MalformedXml as error:
        return str(error)
    if not entities.works(provider, now):
        return "no certificate of it is valid today"
    return "" if settings.DEMO else why_not_real(provider)


def _put(
    door: str, entity_id: str, document: str, before: RegisteredProvider | None, now: datetime, taken: Taken
) -> None:
    digest = _digest(document)
    if before is not None and before.digest == digest:
        taken.unchanged.append(entity_id)
        return
    if before is not None:
        before.replaced_at = now
        before.save(update_fields=["replaced_at"])
    RegisteredProvider.objects.create(door=door, entity_id=entity_id, document=document, digest=digest, loaded_at=now)
    (taken.added if before is None else taken.changed).append(entity_id)
