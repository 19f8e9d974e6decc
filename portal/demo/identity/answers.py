"""Builds the SAML Response of an identity provider, signed twice. The faults and the tests change its parts."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lxml import etree

from portal.identity.providers.saml import signing
from portal.identity.providers.saml.documents import written
from portal.identity.providers.saml.keys import KeyPair
from portal.identity.providers.saml.names import (
    ASSERTION,
    AUTHN_FAILED,
    BASIC,
    BEARER,
    ENTITY,
    PROTOCOL,
    RESPONDER,
    SUCCESS,
    TRANSIENT,
    child,
    level_uri,
    saml,
    samlp,
)

GOOD_FOR = timedelta(minutes=5)
_XSI, _XS = "http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/2001/XMLSchema"


def _number() -> str:
    return f"_{secrets.token_hex(20)}"


@dataclass(frozen=True)
class StubSamlAnswer:
    """The content of one SAML Response. Instants in UTC; with an `error` it holds no assertion."""

    issuer: str
    request_id: str
    audience: str
    address: str  # Destination and Recipient
    at: datetime
    good_until: datetime
    authenticated_at: datetime
    level: int
    attributes: Mapping[str, str]
    error: str = ""  # number of the SPID error
    response_id: str = field(default_factory=_number)
    assertion_id: str = field(default_factory=_number)
    name_id: str = field(default_factory=_number)
    session_index: str = field(default_factory=_number)


def signed(answer: StubSamlAnswer, pair: KeyPair) -> etree._Element:
    """Returns the Response with a signed assertion, itself signed."""
    response = envelope(answer)
    if not answer.error:
        response.append(signing.sign(assertion(answer), pair, after=saml("Issuer")))
    return signing.sign(response, pair, after=saml("Issuer"))


def unsigned(answer: StubSamlAnswer) -> etree._Element:
    """Returns the Response without signatures."""
    response = envelope(answer)
    if not answer.error:
        response.append(assertion(answer))
    return response


def envelope(answer: StubSamlAnswer) -> etree._Element:
    """Returns the unsigned Response without its assertion."""
    response = etree.Element(
        samlp("Response"),
        {
            "ID": answer.response_id, "Version": "2.0", "IssueInstant": written(answer.at),
            "InResponseTo": answer.request_id, "Destination": answer.address,
        },
        nsmap={"samlp": PROTOCOL, "saml": ASSERTION},
    )  # fmt: skip
    child(response, saml("Issuer"), answer.issuer, Format=ENTITY)
    status = child(response, samlp("Status"))
    if answer.error:
        child(child(status, samlp("StatusCode"), Value=RESPONDER), samlp("StatusCode"), Value=AUTHN_FAILED)
        child(status, samlp("StatusMessage"), f"ErrorCode nr{answer.error}")
    else:
        child(status, samlp("StatusCode"), Value=SUCCESS)
    return response


def assertion(answer: StubSamlAnswer) -> etree._Element:
    """Returns the unsigned Assertion."""
    root = etree.Element(
        saml("Assertion"),
        {"ID": answer.assertion_id, "Version": "2.0", "IssueInstant": written(answer.at)},
        nsmap={"saml": ASSERTION, "xs": _XS, "xsi": _XSI},
    )
    child(root, saml("Issuer"), answer.issuer, Format=ENTITY)
    _subject(root, answer)
    good = {"NotBefore": written(answer.at), "NotOnOrAfter": written(answer.good_until)}
    restriction = child(child(root, saml("Conditions"), **good), saml("AudienceRestriction"))
    child(restriction, saml("Audience"), answer.audience)
    attributes = {"AuthnInstant": written(answer.authenticated_at), "SessionIndex": answer.session_index}
    authentication = child(root, saml("AuthnStatement"), **attributes)
    context = child(authentication, saml("AuthnContext"))
    child(context, saml("AuthnContextClassRef"), level_uri(answer.level))
    statement = child(root, saml("AttributeStatement"))
    for name, value in answer.attributes.items():
        holder = child(statement, saml("Attribute"), Name=name, NameFormat=BASIC)
        kind = "xs:date" if name == "dateOfBirth" else "xs:string"
        child(holder, saml("AttributeValue"), value).set(f"{{{_XSI}}}type", kind)
    return root


def _subject(root: etree._Element, answer: StubSamlAnswer) -> None:
    subject = child(root, saml("Subject"))
    child(subject, saml("NameID"), answer.name_id, Format=TRANSIENT, NameQualifier=answer.issuer)
    confirmation = child(subject, saml("SubjectConfirmation"), Method=BEARER)
    child(
        confirmation, saml("SubjectConfirmationData"),
        Recipient=answer.address, InResponseTo=answer.request_id, NotOnOrAfter=written(answer.good_until),
    )  # fmt: skip
