"""The signed assertion for the central system: who is at the till, how and when they authenticated. Source: docs/contract.md, 7a.

A SAML 2.0 attribute assertion, signed with the certificate that Sistema TS issued to the region (SAR). It opens the central
system to its holder until it ends, so it lasts SAR_VALID_FOR at most and never longer than its id. An RSA signature costs a millisecond or two:
each is reused until a third of its time is left, in the memory of the process and, sealed, in the cache that all share.
"""

import base64
import logging
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic

from django.conf import settings
from django.core.cache import cache
from lxml import etree

from portal.identity.providers.saml.keys import KeyPair, key_pair
from portal.identity.providers.saml.names import ASSERTION, saml
from portal.identity.providers.saml.signing import signed_with_types
from portal.journal.models import record
from portal.secrets.sealing import SealBroken, seal, unseal
from portal.time.clock import ROME
from sessions.models import Context, IdSessione
from sessions.models.gate_row import GateRow

STARTS_BEFORE = timedelta(minutes=1)  # clocks that differ
KEPT_AT_MOST = 5000  # assertions in the memory of a process, 8 kB each at most
CONTEXTS_EVERY = 5.0  # seconds
XS, XSI = "http://www.w3.org/2001/XMLSchema", "http://www.w3.org/2001/XMLSchema-instance"
_URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
_CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
SUBJECT_ID = "urn:oasis:names:tc:xacml:1.0:subject:subject-id"
AUTHENTICATED_AT = "urn:oasis:names:tc:xspa:1.0:resource:org:hoursofoperation:start"
ORGANISATION = "urn:oasis:names:tc:xspa:1.0:subject:organization-id"
CONFIDENTIALITY = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
LOCALITY = "urn:oasis:names:tc:xspa:1.0:environment:locality"
LEVEL_OF = {"genericLoA3": 3, "genericLoA4": 4, "SpidL2": 3, "SpidL3": 4, "CIEL2": 3, "CIEL3": 4, "CNS": 4}
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SignedAssertion:
    """The assertion in XML, and the same in base64 for a header; `renew_at` and `ends_at` are UTC."""

    xml: bytes
    header: str
    renew_at: datetime
    ends_at: datetime


_kept: OrderedDict[tuple[int, str], SignedAssertion] = OrderedDict()
_lock = Lock()
_contexts: dict[tuple[str, str], tuple[bool, str]] = {}
_contexts_until = 0.0


def is_configured() -> bool:
    """Whether this installation signs assertions: without a key the address answers 404 and no header is given."""
    return bool(settings.SAR_PRIVATE_KEY and settings.SAR_CERTIFICATE and settings.SAR_ISSUER)


def forget() -> None:
    """Drops what this process keeps: for tests, and after a change of the key."""
    global _contexts_until  # noqa: PLW0603  one per process
    with _lock:
        _kept.clear()
    _contexts_until = 0.0


def is_given_at_the_gate(row: GateRow) -> bool:
    """Whether the context of this id wants the header X-A2F-Assertion. Reads the contexts once in CONTEXTS_EVERY."""
    return is_configured() and _of_context(row)[0]


def assertion_for(row: GateRow, now: datetime) -> SignedAssertion:
    """The assertion of this live id, signed anew only when less than a third of the time of the last is left.

    Call it after the gate let the id pass. Raises KeyUnusable; django.db.Error.
    """
    pair = key_pair(settings.SAR_PRIVATE_KEY, certificate_in_use())
    key = (row.pk, _of_context(row)[1] + settings.SAR_ISSUER + str(pair.certificate.serial_number))
    found = _kept.get(key) or _shared(key)
    ends_at = min(row.expires_at, now + settings.SAR_VALID_FOR)
    if found is None or (found.renew_at <= now and ends_at > found.ends_at) or found.ends_at <= now:
        xml = _signed(row, _of_context(row)[1], pair, now, ends_at)
        found = SignedAssertion(xml, base64.b64encode(xml).decode(), ends_at - (ends_at - now) / 3, ends_at)
        _share(key, found, now)
        _journal(row, now)
    with _lock:
        _kept[key] = found
        _kept.move_to_end(key)
        while len(_kept) > KEPT_AT_MOST:
            _kept.popitem(last=False)
    return found


def certificate_in_use() -> str:
    """Of the certificates in SAR_CERTIFICATE (several during a rotation) the first that belongs to SAR_PRIVATE_KEY; else the first."""
    marker = "-----END CERTIFICATE-----"
    every = [f"{part}{marker}\n" for part in settings.SAR_CERTIFICATE.split(marker) if part.strip()]
    for pem in every:
        try:
            key_pair(settings.SAR_PRIVATE_KEY, pem)
        except Exception:  # noqa: S112  of another key: the next one
            continue
        return pem
    return every[0] if every else ""


def _of_context(row: GateRow) -> tuple[bool, str]:
    """Whether the gate gives the header, and the means of authentication, for the context of this id."""
    global _contexts, _contexts_until  # noqa: PLW0603  one per process
    if monotonic() >= _contexts_until:
        rows = Context.objects.values_list("contesto", "applicazione", "gives_assertion", "assertion_means")
        _contexts = {(contesto, applicazione): (gives, means) for contesto, applicazione, gives, means in rows}
        _contexts_until = monotonic() + CONTEXTS_EVERY
    return _contexts.get((row.contesto, row.applicazione), (False, "genericLoA3"))


def _shared(key: tuple[int, str]) -> SignedAssertion | None:
    try:
        sealed = cache.get(_name(key))
        if sealed is None:
            return None
        renew_at, ends_at, xml = unseal(sealed).split(b"\n", 2)
    except SealBroken:
        return None
    except Exception:  # the cache is optional: without it each process signs its own
        logger.warning("The cache did not answer; the assertion is signed anew.")
        return None
    at = [datetime.fromisoformat(text.decode()) for text in (renew_at, ends_at)]
    return SignedAssertion(xml, base64.b64encode(xml).decode(), *at)


def _share(key: tuple[int, str], found: SignedAssertion, now: datetime) -> None:
    plain = b"\n".join([found.renew_at.isoformat().encode(), found.ends_at.isoformat().encode(), found.xml])
    try:
        cache.set(_name(key), seal(plain), max(1, int((found.ends_at - now).total_seconds())))
    except Exception:
        logger.warning("The cache did not take an assertion; each process signs its own.")


def _name(key: tuple[int, str]) -> str:
    return f"sar-assertion-{key[0]}-{key[1]}"


def _journal(row: GateRow, now: datetime) -> None:
    """A line once per id and hour, never with the text."""
    try:
        is_first = cache.add(f"sar-journal-{row.pk}-{now:%Y%m%d%H}", 1, 3600)
    except Exception:
        is_first = True
    if is_first:
        record("assertion.made", now=now, about=row.pharmacy or "", subject=IdSessione(pk=row.pk), context=row.contesto)


def _signed(row: GateRow, means: str, pair: KeyPair, now: datetime, ends_at: datetime) -> bytes:
    level = LEVEL_OF.get(means, 3)
    root = etree.Element(
        saml("Assertion"), Version="2.0", ID=f"_{secrets.token_hex(20)}", IssueInstant=_utc(now),
        nsmap={"saml": ASSERTION, "xsd": XS, "xsi": XSI},
    )  # fmt: skip
    etree.SubElement(root, saml("Issuer")).text = settings.SAR_ISSUER
    subject = etree.SubElement(root, saml("Subject"))
    etree.SubElement(subject, saml("NameID")).text = row.codice_fiscale
    etree.SubElement(root, saml("Conditions"), NotBefore=_utc(now - STARTS_BEFORE), NotOnOrAfter=_utc(ends_at))
    statement = etree.SubElement(root, saml("AuthnStatement"), AuthnInstant=_utc(row.requested_at))
    context = etree.SubElement(statement, saml("AuthnContext"))
    etree.SubElement(context, saml("AuthnContextClassRef")).text = f"{_CLASSES}iso-iec-29115-LoA{level}"
    etree.SubElement(context, saml("AuthnContextDeclRef")).text = f"{_CLASSES}{means}"
    attributes = etree.SubElement(root, saml("AttributeStatement"))
    _attribute(attributes, SUBJECT_ID, row.codice_fiscale)
    _attribute(attributes, AUTHENTICATED_AT, f"{row.requested_at.astimezone(ROME):%Y-%m-%dT%H:%M:%S}", "dateTime")
    _attribute(attributes, ORGANISATION, settings.SAR_ISSUER)
    if settings.SAR_CONFIDENTIALITY:
        _attribute(attributes, CONFIDENTIALITY, settings.SAR_CONFIDENTIALITY)
    if settings.SAR_LOCALITY:
        _attribute(attributes, LOCALITY, settings.SAR_LOCALITY)
    return etree.tostring(signed_with_types(root, pair, after=saml("Issuer")))


def _attribute(parent: etree._Element, name: str, value: str, kind: str = "string") -> None:
    attribute = etree.SubElement(parent, saml("Attribute"), Name=name, NameFormat=_URI)
    etree.SubElement(attribute, saml("AttributeValue"), {f"{{{XSI}}}type": f"xsd:{kind}"}).text = value


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
