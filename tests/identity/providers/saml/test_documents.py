"""Bytes that are not a response, or that would harm their reader."""

import base64

import pytest
from lxml import etree

from portal.demo.identity import answers
from portal.identity.models import LoginRecord, User
from portal.identity.providers.saml.names import samlp
from portal.identity.providers.saml.signing import sign
from tests.conftest import ANNA
from tests.identity.door import signed_in

BOMB = b"<!DOCTYPE r [<!ENTITY a '" + b"a" * 1000 + b"'>" + b"".join(
    b"<!ENTITY a%d '%s'>" % (number, b"&a%d;" % (number - 1) * 10 if number else b"&a;" * 10) for number in range(9)
) + b"]>"  # fmt: skip


def malformed(captured, document: bytes) -> None:
    captured.refused(document)
    assert LoginRecord.objects.order_by("-pk")[0].outcome == "malformed"
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "comment", [ANNA[:5] + "<!---->" + ANNA[5:], ANNA + "<!-- -->.evil", "<!-- -->" + ANNA, ANNA + "<?pi?>"]
)
def test_a_comment_inside_the_codice_fiscale_is_refused(captured, comment):
    """The signature is valid (comments are not signed), but a careless parser reads half of the number."""
    malformed(captured, etree.tostring(captured.signed()).replace(ANNA.encode(), comment.encode()))


@pytest.mark.parametrize(
    "before",
    [
        b"<!DOCTYPE r>", b"<!DOCTYPE r SYSTEM 'http://127.0.0.1:1/x.dtd'>", b"<!DOCTYPE r [<!ENTITY x 'y'>]>",
        b"<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>", b"<!DOCTYPE r [<!ENTITY % x SYSTEM 'file:///etc/passwd'> %x;]>",
        b"<!-- a -->", b"<?xml-stylesheet href='x'?>", BOMB,
    ],
)  # fmt: skip
def test_a_declaration_before_a_signed_answer_is_refused(captured, before):
    malformed(captured, before + etree.tostring(captured.signed()))


def test_an_entity_in_an_attribute_is_refused(captured):
    body = etree.tostring(captured.signed()).replace(ANNA.encode(), b"&x;")
    malformed(captured, b"<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + body)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-7", "utf-32", "cp037"])
def test_an_answer_in_another_encoding_is_refused(captured, encoding):
    text = f"<?xml version='1.0' encoding='{encoding}'?><!DOCTYPE r []>" + etree.tostring(captured.signed()).decode()
    malformed(captured, text.encode(encoding))


def test_an_answer_of_two_megabytes_is_refused(captured):
    malformed(captured, b" " * 1_400_000 + etree.tostring(captured.signed()))


def test_an_answer_of_three_megabytes_does_not_even_get_that_far(captured):
    response = captured.client.post(captured.door, {"SAMLResponse": "x" * 3_000_000, "RelayState": captured.state})
    assert response.status_code == 400
    assert not signed_in(captured.client)


def test_a_very_deep_answer_is_refused(captured):
    malformed(captured, b"<a>" * 20_000 + b"</a>" * 20_000)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"x", b"<", b"<a/>", b"\x00", b"\xff\xfe", b"<a", "€".encode(), b"{}",
        b'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>',
        b'<Response ID="a" Version="2.0" IssueInstant="2026-11-23T10:00:00Z"/>',
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_without_a_crash(captured, body):
    malformed(captured, body)


@pytest.mark.parametrize("field", ["", "x", "====", "€", "PGE+PC9hPg", " " * 100, "\n", "PGEvPg==" * 3])
def test_what_is_no_base64_is_refused_without_a_crash(captured, field):
    captured.refused(b"", SAMLResponse=field)


def test_lines_in_the_base64_are_normal(captured):
    field = base64.encodebytes(etree.tostring(captured.signed())).decode()
    assert captured.client.post(captured.door, {"SAMLResponse": field, "RelayState": captured.state}).status_code == 302


def test_another_message_of_the_protocol_is_no_answer(captured):
    """A LogoutResponse signed by the right provider."""
    response = answers.envelope(captured.right)
    other = etree.Element(samlp("LogoutResponse"), dict(response.attrib), nsmap=response.nsmap)
    other.extend(list(response))
    malformed(
        captured, etree.tostring(sign(other, captured.provider.pair, after=response[0].tag if len(response) else None))
    )


def test_an_answer_is_not_printed_in_the_log(captured, caplog):
    captured.refused(etree.tostring(captured.signed()).replace(b"Rossi", b"Verdi"))
    assert ANNA not in caplog.text
    assert captured.state not in caplog.text
