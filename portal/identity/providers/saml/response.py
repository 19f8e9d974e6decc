"""Verifies a SAML Response: size, no DTD, schema, shape, both signatures of the expected provider, audience, request, times.

All values are read from the signed elements only. Source: SPID technical rules, "Response" and "Assertion"; the order of the
checks is our own.
"""

import base64
import binascii
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from portal.identity.identity import CLOCKS_DIFFER_BY, LoginRefused
from portal.identity.providers.saml import documents, signing
from portal.identity.providers.saml.documents import MalformedXml, instant, text_of
from portal.identity.providers.saml.entities import ProviderMetadata
from portal.identity.providers.saml.names import BEARER, ENTITY, LEVELS, SUCCESS, TRANSIENT, ds, saml, samlp
from portal.identity.providers.saml.profiles import Profile
from portal.identity.providers.saml.signing import SignatureWrong

_ERROR_CODE = re.compile(r"ErrorCode nr(\d{1,2})")
_WITH_ASSERTION = [saml("Issuer"), ds("Signature"), samlp("Status"), saml("Assertion")]
_WITHOUT = ([saml("Issuer"), samlp("Status")], [saml("Issuer"), ds("Signature"), samlp("Status")])
_ASSERTION = [saml("Issuer"), ds("Signature"), saml("Subject"), saml("Conditions")]
_STATEMENTS = {saml("AuthnStatement"), saml("AttributeStatement")}  # one each, in either order


@dataclass(frozen=True)
class Expected:
    """The pending login that the answer must match."""

    provider: ProviderMetadata  # the recipient of our request
    profile: Profile
    request_id: str
    started_at: datetime
    audience: str  # our entityID
    address: str  # our endpoint that received the answer


@dataclass(frozen=True)
class SamlAnswer:
    """The signed statements of the provider. Instants are UTC."""

    attributes: dict[str, str]
    level: int
    authenticated_at: datetime
    response_id: str
    assertion_id: str
    issued_at: datetime
    name_qualifier: str
    name_id: str
    session_index: str


def decoded(field: str) -> bytes:
    """Decodes the base64 document of a form field. Raises LoginRefused."""
    if len(field) > documents.LARGEST * 4 // 3 + 4_000:  # base64, with its line ends
        raise LoginRefused("malformed", "too large")
    try:
        return base64.b64decode("".join(field.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise LoginRefused("malformed", "not base64") from error


def verified_answer(document: bytes, expected: Expected, now: datetime) -> SamlAnswer:
    """Verifies the Response and returns its statements. Raises LoginRefused and nothing else."""
    try:
        root = documents.validate(documents.parse(document), "protocol")
        _check_shape(root)
        if _status(root) != SUCCESS:
            raise _declined(root, expected, now)
        response = signing.verified(root, expected.provider.certificates, now)
        _check_response(response, expected, now)
        inner = response.find(saml("Assertion"))
        if inner is None:
            raise MalformedXml("no assertion")
        assertion = signing.verified(inner, expected.provider.certificates, now)
        return _read(response, assertion, expected, now)
    except SignatureWrong as error:
        raise LoginRefused("signature", str(error)) from error
    except MalformedXml as error:
        raise LoginRefused("malformed", str(error)) from error


def _check_shape(root: etree._Element) -> None:
    """Checks the only element structure that the profile allows, before any value is used. Raises MalformedXml."""
    if root.tag != samlp("Response"):
        raise MalformedXml("not a Response")
    numbers = Counter(element.get("ID") or element.get("Id") or element.get("id") for element in root.iter())
    del numbers[None]
    if any(count > 1 for count in numbers.values()):
        raise MalformedXml("two elements with one ID")
    tags = [child.tag for child in root]
    if _status(root) == SUCCESS:
        assertion = root.find(saml("Assertion"))
        if tags != _WITH_ASSERTION or assertion is None or not _is_of_the_one_shape(assertion):
            raise MalformedXml("not of the one shape")
    elif tags not in _WITHOUT:
        raise MalformedXml("not of the one shape")
    signatures = sum(1 for _ in root.iter(ds("Signature")))
    if signatures != tags.count(ds("Signature")) + tags.count(saml("Assertion")):
        raise MalformedXml("signatures where there should be none")
    if any(True for _ in root.iter(ds("Object"), ds("Manifest"), ds("SignatureProperties"))):
        raise MalformedXml("an object in a signature")


def _is_of_the_one_shape(assertion: etree._Element) -> bool:
    tags = [child.tag for child in assertion]
    return tags[:4] == _ASSERTION and len(tags) == 6 and set(tags[4:]) == _STATEMENTS


def _status(root: etree._Element) -> str:
    code = root.find(f"{samlp('Status')}/{samlp('StatusCode')}")
    return "" if code is None else code.get("Value", "")


def _declined(root: etree._Element, expected: Expected, now: datetime) -> LoginRefused:
    """The refusal for a Response with an error status. It may be unsigned, because it lets nobody in, but must match our request."""
    if root.find(ds("Signature")) is not None:
        root = signing.verified(root, expected.provider.certificates, now)
    _check_response(root, expected, now)
    found = _ERROR_CODE.search(root.findtext(f"{samlp('Status')}/{samlp('StatusMessage')}") or "")
    code = int(found[1]) if found else 0
    return LoginRefused(str(code) if 8 <= code <= 30 else "declined")


def _check_response(response: etree._Element, expected: Expected, now: datetime) -> None:
    """Checks issuer, InResponseTo, Destination and IssueInstant. Raises LoginRefused and MalformedXml."""
    _check_issuer(response, expected, format_required=False)
    if response.get("Version") != "2.0":
        raise MalformedXml("version")
    if response.get("InResponseTo") != expected.request_id:
        raise LoginRefused("unsolicited", "InResponseTo")
    if response.get("Destination") != expected.address:
        raise LoginRefused("not-for-us", "Destination")
    _check_issued(response, expected, now)


def _check_issuer(element: etree._Element, expected: Expected, *, format_required: bool) -> None:
    issuer = element.find(saml("Issuer"))
    if issuer is None or text_of(issuer) != expected.provider.entity_id:
        raise LoginRefused("not-asked", "Issuer")
    if issuer.get("Format", "" if format_required else ENTITY) != ENTITY:
        raise MalformedXml("format of the issuer")


def _check_issued(element: etree._Element, expected: Expected, now: datetime) -> None:
    """Checks that the element was issued after our request and not in the future, within the clock skew."""
    issued_at = instant(element.get("IssueInstant", ""))
    if issued_at < expected.started_at - CLOCKS_DIFFER_BY:
        raise LoginRefused("stale", "IssueInstant")
    if issued_at > now + CLOCKS_DIFFER_BY:
        raise LoginRefused("answer-expired", "IssueInstant in the future")


def _read(response: etree._Element, assertion: etree._Element, expected: Expected, now: datetime) -> SamlAnswer:
    if assertion.get("Version") != "2.0":
        raise MalformedXml("version of the assertion")
    _check_issuer(assertion, expected, format_required=expected.profile.issuer_format_required)
    _check_issued(assertion, expected, now)
    name = _subject(assertion, expected, now)
    _check_conditions(assertion, expected, now)
    statement = assertion.find(saml("AuthnStatement"))
    level = LEVELS.get(text_of(assertion.find(f".//{saml('AuthnContextClassRef')}")))
    if statement is None or level is None:
        raise MalformedXml("level")
    authenticated_at = instant(statement.get("AuthnInstant", ""))
    if authenticated_at > now + CLOCKS_DIFFER_BY:
        raise LoginRefused("answer-expired", "AuthnInstant in the future")
    return SamlAnswer(
        attributes=_attributes(assertion),
        level=level,
        authenticated_at=authenticated_at,
        response_id=response.get("ID", ""),
        assertion_id=assertion.get("ID", ""),
        issued_at=instant(assertion.get("IssueInstant", "")),
        name_qualifier=name.get("NameQualifier", ""),
        name_id=text_of(name),
        session_index=statement.get("SessionIndex", ""),
    )


def _subject(assertion: etree._Element, expected: Expected, now: datetime) -> etree._Element:
    """Checks the transient NameID and the bearer confirmation (request, recipient, expiry); returns the NameID."""
    name = assertion.find(f"{saml('Subject')}/{saml('NameID')}")
    confirmations = assertion.findall(f"{saml('Subject')}/{saml('SubjectConfirmation')}")
    if name is None or name.get("Format") != TRANSIENT or not (name.get("NameQualifier") and text_of(name)):
        raise MalformedXml("NameID")
    if len(confirmations) != 1 or confirmations[0].get("Method") != BEARER:
        raise MalformedXml("SubjectConfirmation")
    data = confirmations[0].find(saml("SubjectConfirmationData"))
    if data is None or data.get("NotBefore") is not None:
        raise MalformedXml("SubjectConfirmationData")
    if data.get("InResponseTo") != expected.request_id:
        raise LoginRefused("unsolicited", "InResponseTo of the subject")
    if data.get("Recipient") != expected.address:
        raise LoginRefused("not-for-us", "Recipient")
    if instant(data.get("NotOnOrAfter", "")) <= now:
        raise LoginRefused("answer-expired", "SubjectConfirmationData")
    return name


def _check_conditions(assertion: etree._Element, expected: Expected, now: datetime) -> None:
    conditions = assertion.find(saml("Conditions"))
    if conditions is None or [child.tag for child in conditions] != [saml("AudienceRestriction")]:
        raise MalformedXml("Conditions")
    audiences = [text_of(audience) for audience in conditions.iter(saml("Audience"))]
    if audiences != [expected.audience]:
        raise LoginRefused("not-for-us", "Audience")
    if instant(conditions.get("NotBefore", "")) > now + CLOCKS_DIFFER_BY:
        raise LoginRefused("answer-expired", "NotBefore in the future")
    if instant(conditions.get("NotOnOrAfter", "")) <= now:
        raise LoginRefused("answer-expired", "Conditions")


def _attributes(assertion: etree._Element) -> dict[str, str]:
    """Attributes by name. Refuses duplicates and multiple values, which are ambiguous. Raises MalformedXml."""
    found: dict[str, str] = {}
    for attribute in assertion.findall(f"{saml('AttributeStatement')}/{saml('Attribute')}"):
        name, values = attribute.get("Name", ""), attribute.findall(saml("AttributeValue"))
        if name in found or len(values) != 1:
            raise MalformedXml("an attribute twice, or with several values")
        found[name] = text_of(values[0])
    return found
