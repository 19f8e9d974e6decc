"""Hostile requests: each gets a specified answer, and none leaves its secret in the log."""

import base64
import logging
import re
import socket
from io import BytesIO
from typing import Any

import pytest
from django.db import connection

from sessions.models import IdSessione
from tests.sessions.soap.calls import MESSAGES, SOAP, ServiceReply, basic

BOMB = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
DTDS = {
    "bomb": f'<!DOCTYPE e [<!ENTITY a0 "ha">{BOMB}]>',
    "quadratic": f'<!DOCTYPE e [<!ENTITY a9 "{"x" * 30_000}">]>',
    "file": '<!DOCTYPE e [<!ENTITY a9 SYSTEM "file:///etc/passwd">]>',
    "address": '<!DOCTYPE e [<!ENTITY a9 SYSTEM "http://127.0.0.1:9/">]>',
    "parameter": '<!DOCTYPE e [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p; <!ENTITY a9 "x">]>',
    "external DTD": '<!DOCTYPE e SYSTEM "file:///etc/passwd">',
    "public DTD": '<!DOCTYPE e PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1:9/x.dtd">',
    "empty DTD": "<!DOCTYPE e>",
    "default attribute": '<!DOCTYPE e [<!ATTLIST e a CDATA "x">]>',
}


@pytest.fixture(autouse=True)
def _nothing_secret_is_logged(gest, caplog):
    """Holds for every test of this file."""
    caplog.set_level(logging.DEBUG)
    yield
    written = caplog.text + "".join(
        str(record.args) for record in caplog.records if record.name != "django.db.backends"
    )
    valore = gest.fields["identificativo"]["valore"]
    for secret in ("SALVE-", "1729594276", valore, base64.b64encode(b"UVANNA01:SALVE").decode(), "root:x:0"):
        assert secret not in written


@pytest.mark.parametrize("dtd", DTDS.values(), ids=DTDS)
@pytest.mark.parametrize("reference", ["&a9;", ""])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_dtd_is_a_fault_whatever_it_declares(gest, dtd, reference, encoding) -> None:
    text = '<?xml version="1.0"?>' + dtd + gest.message("create").replace("UVANNA01", "UVANNA01" + reference)
    answer = gest.post(text.encode(encoding), content_type="text/xml")
    assert answer.status == 500
    assert "DTD" in answer.fault or "XML" in answer.fault
    assert b"root:" not in answer.response.content
    assert not IdSessione.objects.exists()


def test_an_entity_bomb_in_an_attribute_is_a_fault(gest) -> None:
    assert gest.post(DTDS["bomb"] + gest.message("create").replace("<e:Body>", '<e:Body a="&a9;">')).status == 500


def test_inclusion_is_not_followed(gest) -> None:
    included = '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    answer = gest.post(gest.message("create").replace("UVANNA01", included))
    assert (answer.status, "userId" in answer.fault) == (500, True)


def test_a_schema_location_is_not_fetched(gest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        where = f"http://127.0.0.1:{server.getsockname()[1]}/a.xsd"
        hint = (
            f' xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="{MESSAGES} {where}"'
            f' x:noNamespaceSchemaLocation="{where}"'
        )
        text = gest.message("create").replace("<m:CreateAuthReq", "<m:CreateAuthReq" + hint)
        assert gest.post(text).done
        with pytest.raises(BlockingIOError):  # no call has been made yet
            server.accept()


@pytest.mark.parametrize("depth", [250, 5_000, 10_000])
def test_deep_nesting_is_a_fault(gest, depth) -> None:
    text = gest.message("create").replace("UVANNA01", "<a>" * depth + "</a>" * depth)
    assert gest.post(text).status == (500 if len(text) <= 64 * 1024 else 413)


def test_many_elements_and_attributes_are_a_fault(gest) -> None:
    attributes = " ".join(f'a{n}="1"' for n in range(5_000))
    assert gest.post(gest.message("create").replace("<m:userId", f"<m:userId {attributes}")).status == 500
    assert gest.post(gest.message("create").replace("<m:userId", "<m:x/>" * 8_000 + "<m:userId")).status == 500


@pytest.mark.parametrize("size", [64 * 1024 + 1, 10_000_000])
def test_a_large_body_is_refused_before_it_is_read(gest, size) -> None:
    class UnreadBody(BytesIO):
        def read(self, *args: int) -> bytes:
            raise AssertionError("the body was read")

    response = gest.http.generic("POST", "/a2f-auth-ws/soap/v1/authentication-service", b"", "text/xml", **{
        "wsgi.input": UnreadBody(), "CONTENT_LENGTH": str(size),
    })  # fmt: skip
    assert response.status_code == 413


@pytest.mark.parametrize("length", ["-1", "abc", "", "0", "9" * 30])
def test_a_length_that_is_none_is_no_crash(gest, length) -> None:
    assert gest.post(gest.message("create"), CONTENT_LENGTH=length).status in (413, 500)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00" * 100,
        b"\xff" * 100,
        b"\xff\xfe<\x00",
        b"\xef\xbb\xbf",
        "<a>\ud800</a>".encode("utf-16-le", "surrogatepass"),
    ],
)
@pytest.mark.parametrize("content_type", ["text/xml", "text/xml; charset=utf-16", "text/xml; charset=utf-7"])
def test_noise_is_a_fault(gest, raw, content_type) -> None:
    assert gest.post(raw, content_type=content_type).status == 500


@pytest.mark.parametrize("encoding", ["utf-7", "utf-32", "ebcdic-cp-us", "base64", "idna", "rot13", "x" * 500])
def test_exotic_charsets_are_a_fault(gest, encoding) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>{gest.message("create", cfUtente="à" * 16)}'
    for content_type in (f"text/xml; charset={encoding}", "text/xml"):
        assert gest.post(text, content_type=content_type).status == 500


@pytest.mark.parametrize(
    "action",
    ['"http://wsdl.auth.a2f.sts.sanita.finanze.it/revoke"', "é", "\r\nX-Evil: 1", "&a;", "<script>", "x" * 65_000],
)
def test_an_action_that_lies_is_a_fault_and_is_not_repeated(gest, action) -> None:
    answer = gest.post(gest.message("create"), HTTP_SOAPACTION=action)
    assert answer.status == 500
    assert action.strip() not in answer.response.content.decode()
    assert "X-Evil" not in answer.response


@pytest.mark.parametrize("name", ["HTTP_X_REQUEST_ID", "HTTP_USER_AGENT", "HTTP_ACCEPT_ENCODING"])
def test_nothing_sent_becomes_a_header(gest, name) -> None:
    answer = gest.post(gest.message("create"), **{name: "a\r\nX-Evil: 1"})
    assert answer.done
    assert "X-Evil" not in str(answer.response.headers)


@pytest.mark.parametrize(
    "value",
    ["<b>&amp;", "]]>", "'\"--", "' OR 1=1 --", "{{7*7}}", "%s%n", "${jndi:ldap://a}", "\u202e", "€" * 16, "\t\n "],
)
def test_a_hostile_value_comes_back_escaped_or_not_at_all(gest, value) -> None:
    answer = gest.create(cfUtente=value)
    assert answer.code in ("306", "300")
    if answer.code == "306":
        assert answer.error[2] == f"Codice fiscale errato. {value}"


@pytest.mark.parametrize(
    "password",
    ["SALVE-:", "SALVE-:a:b", "SALVE-€è", "SALVE-\U0001f48a", "SALVE-" * 10_000, "SALVE-\0", "SALVE-\r\nX: y", "SALVE-%00", "SALVE-{0}"],
)  # fmt: skip
def test_a_strange_password_is_wrong_or_malformed(gest, password) -> None:
    answer = gest.post(gest.message("create"), HTTP_AUTHORIZATION=basic("UVANNA01", password))
    assert answer.status == 401


@pytest.mark.parametrize(
    "user_id", ["", "\0", "UVANNA01\0", "U" * 60_000, "ù" * 16, "' OR 1=1 --", "uvanna01", "UVANNA01 "]
)
def test_a_strange_user_is_unknown(gest, user_id) -> None:
    assert gest.post(gest.message("create"), HTTP_AUTHORIZATION=basic(user_id, "SALVE")).status == 401


@pytest.mark.parametrize(
    "raw", ["Basic", "Basic ", "basic =", "Basic " + "A" * 65_536, "Basic VVZBTk5BMDE6U0FMVkU= x", "é", "\r\n"]
)
def test_strange_basic_is_malformed(gest, raw) -> None:
    assert gest.post(gest.message("create"), HTTP_AUTHORIZATION=raw).status == 401


def test_a_password_with_a_colon_or_an_accent_that_is_right_is_right(gest, utenza) -> None:
    for password in ("SALVE-:caffè", "SALVE-::"):
        utenza.set_password(password, utenza.created_at)
        utenza.save()
        for charset in ("utf-8", "latin-1"):
            header = "Basic " + base64.b64encode(f"UVANNA01:{password}".encode(charset)).decode()
            assert gest.post(gest.message("create"), HTTP_AUTHORIZATION=header).done


def test_ids_made_to_confuse_are_unknown(gest) -> None:
    token = gest.create().token
    another = "\u0660" if token[-1] != "0" else "\u0661"  # an Arabic digit is read as its value: 0 here, else 1
    for wrong in (
        token.upper()[:-1] + "G",
        f"{{{token[2:]}}}",
        token[:-1] + another,
        "%" * 36,
        "'" * 36,
        "\u00a0" * 36,
    ):
        answer = gest.check(wrong)
        assert answer.code == "603"
    assert gest.check(" " * 36).code == "01"


def test_a_storm_of_wrong_passwords_does_not_stop_who_holds_an_id(gest) -> None:
    token = gest.create().token
    for n in range(40):
        guess = basic("UVANNA01", f"SALVE-{n}")
        assert gest.post(gest.message("create"), HTTP_AUTHORIZATION=guess, REMOTE_ADDR=f"192.0.2.{n}").status == 401
    assert gest.check(token).done


def test_what_breaks_is_logged_without_the_secrets_of_the_call(gest, caplog) -> None:
    token, header = gest.create().token, basic("UVANNA01", "SALVE")
    secrets = [token, header, header.removeprefix("Basic "), "SALVE", gest.fields["identificativo"]["valore"]]

    def breaks(*args: Any) -> None:
        raise RuntimeError("Process 12 repeats " + " ".join(secrets))

    caplog.clear()  # of the id in a test's reply
    with connection.execute_wrapper(breaks):
        answer: ServiceReply = gest.revoke(token)
    assert answer.code == "9999"
    assert re.search(r"Request [0-9a-f]{32} to the A2F service failed", caplog.text)
    assert "RuntimeError: Process 12 repeats" in caplog.text  # a tipo of one letter is not a secret
    for secret in secrets:
        assert secret not in caplog.text


def test_an_envelope_inside_an_envelope_is_a_fault(gest) -> None:
    inner = gest.message("create")
    assert gest.post(f'<e:Envelope xmlns:e="{SOAP}"><e:Body>{inner}</e:Body></e:Envelope>').status == 500
    two = inner.replace("</e:Body>", f'<m:RevokeAuthReq xmlns:m="{MESSAGES}"/></e:Body>')
    assert gest.post(two).status == 500
