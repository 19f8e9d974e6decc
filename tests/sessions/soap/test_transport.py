"""Accepted forms of a request: docs/contract.md, section 1."""

import gzip

import pytest

from sessions.models import IdSessione
from sessions.soap.envelope import LARGEST
from tests.sessions.soap.calls import SOAP

ACTION = "http://wsdl.auth.a2f.sts.sanita.finanze.it/"
DECLARED = '<?xml version="1.0" encoding="{}"?>'


@pytest.mark.parametrize("action", [ACTION + "create", f'"{ACTION}create"', f"'{ACTION}create'", "", '""', " ", None])
def test_the_action_may_be_quoted_unquoted_empty_or_absent(gest, action) -> None:
    assert gest.post(gest.message("create"), HTTP_SOAPACTION=action).done


@pytest.mark.parametrize(
    "action", [ACTION + "revoke", f'"{ACTION}checkToken"', "create", ACTION, "urn:other", "x" * 9000]
)
def test_an_action_that_contradicts_the_body_is_a_fault(gest, action) -> None:
    answer = gest.post(gest.message("create"), HTTP_SOAPACTION=action)
    assert (answer.status, "SOAPAction" in answer.fault) == (500, True)
    assert not IdSessione.objects.exists()


@pytest.mark.parametrize(
    "content_type",
    [
        "text/xml",
        "application/xml",
        "TEXT/XML;charset=UTF-8",
        'text/xml; charset="utf-8"',
        "text/xml; charset=us-ascii",
        "",
    ],
)
def test_text_and_application_xml_are_accepted(gest, content_type) -> None:
    assert gest.post(gest.message("create"), content_type=content_type).done


@pytest.mark.parametrize(
    "content_type", ["application/soap+xml", "application/json", "text/html", "text/plain", "multipart/related; a=b"]
)
def test_a_media_type_that_is_no_soap_is_415_and_the_right_ones_are_named(gest, content_type) -> None:
    answer = gest.post(gest.message("create"), content_type=content_type)
    assert (answer.status, answer.fault_code) == (415, "Client")
    assert answer.response["Accept"] == "text/xml, application/xml"
    assert gest.post("", content_type=content_type, HTTP_AUTHORIZATION=None).status == 401


def test_an_unknown_charset_is_a_fault(gest) -> None:
    assert gest.post(gest.message("create"), content_type="text/xml; charset=x").status == 500


@pytest.mark.parametrize(
    "header", ["", "<e:Header/>", "<e:Header></e:Header>", '<e:Header><a xmlns="urn:a"/></e:Header>']
)
def test_the_header_may_be_absent_empty_or_foreign(gest, header) -> None:
    assert gest.post(gest.message("create").replace("<e:Body>", header + "<e:Body>")).done


def test_comments_and_instructions_change_nothing(gest) -> None:
    text = (
        gest.message("create")
        .replace("UVANNA01", "UVANNA<!-- x -->01")
        .replace("<e:Body>", "<?pi x?>\n <e:Body> <!---->")
    )
    assert gest.post(text).done


def test_cdata_is_text(gest) -> None:
    assert gest.post(gest.message("create").replace("UVANNA01", "<![CDATA[UVANNA01]]>")).done


@pytest.mark.parametrize(
    ("declared", "charset", "written"),
    [
        ("UTF-8", "", "utf-8"), ("utf-8", "; charset=utf-8", "utf-8-sig"), ("ISO-8859-1", "; charset=ISO-8859-1", "latin-1"),
        ("ISO-8859-1", "", "latin-1"), ("UTF-16", "; charset=utf-16", "utf-16"), ("UTF-16", "", "utf-16"),
        ("windows-1252", "; charset=windows-1252", "cp1252"), ("ISO-8859-15", "", "iso-8859-15"),
        ("UTF-16", "; charset=utf-16le", "utf-16-le"), ("UTF-16", "; charset=UTF-16BE", "utf-16-be"),
        ("UTF-8", "; charset=utf-16", "utf-16-le"), ("UTF-16", "; charset=utf-16", "utf-16-be"),
        ("UTF-16", "; charset=utf-8", "utf-8"),  # .NET's string encoding: the header is right, the declaration wrong
        ("UTF-16", "; charset=utf-8", "utf-16"),  # the byte order mark is right, the header wrong
    ],
)  # fmt: skip
def test_the_usual_charsets_are_read(gest, declared, charset, written) -> None:
    text = DECLARED.format(declared) + gest.message("create", cfUtente="ÀÈÌÒÙàèìòù")
    answer = gest.post(text.encode(written), content_type="text/xml" + charset)
    assert answer.error[2] == "Codice fiscale errato. ÀÈÌÒÙàèìòù"


@pytest.mark.parametrize(
    ("charset", "written"), [("utf-8", "latin-1"), ("utf-16", "utf-8"), ("iso-8859-1", "utf-16-le")]
)
def test_bytes_that_are_not_in_their_charset_are_no_5xx_but_a_fault_or_another_text(gest, charset, written) -> None:
    answer = gest.post(
        gest.message("create", cfUtente="à" * 16).encode(written), content_type=f"text/xml; charset={charset}"
    )
    assert answer.code == "306" or "XML" in answer.fault


def test_the_reply_is_utf8_and_not_compressed(gest) -> None:
    response = gest.post(gest.message("create"), HTTP_ACCEPT_ENCODING="gzip, deflate").response
    assert response["Content-Type"] == "text/xml; charset=utf-8"
    assert "Content-Encoding" not in response
    assert response.content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", " GZIP "])
def test_a_body_in_gzip_is_read(gest, coding) -> None:
    text = gest.message("create").encode()
    assert gest.post(gzip.compress(text), HTTP_CONTENT_ENCODING=coding).done
    two = gzip.compress(text[:200]) + gzip.compress(text[200:])
    assert gest.post(two, HTTP_CONTENT_ENCODING=coding).done


def test_64_kib_are_inflated_and_one_byte_more_is_not(gest) -> None:
    text = gest.message("create").encode()
    full = text + b" " * (LARGEST - len(text))
    assert gest.post(gzip.compress(full), HTTP_CONTENT_ENCODING="gzip").done
    for bomb in (full + b" ", b" " * 50_000_000):
        answer = gest.post(gzip.compress(bomb), HTTP_CONTENT_ENCODING="gzip")
        assert (answer.status, "64 KiB" in answer.fault) == (413, True)
    many = gzip.compress(b" " * 40_000) * 2
    assert gest.post(many, HTTP_CONTENT_ENCODING="gzip").status == 413


@pytest.mark.parametrize("cut", [slice(0, -1), slice(0, 9), slice(1, None)])
def test_a_gzip_that_is_none_is_a_fault(gest, cut) -> None:
    answer = gest.post(gzip.compress(gest.message("create").encode())[cut], HTTP_CONTENT_ENCODING="gzip")
    assert (answer.status, "gzip" in answer.fault) == (500, True)


@pytest.mark.parametrize("coding", ["deflate", "br", "gzip, gzip", "x"])
def test_another_content_encoding_is_415(gest, coding) -> None:
    answer = gest.post(gest.message("create"), HTTP_CONTENT_ENCODING=coding)
    assert (answer.status, answer.response["Accept-Encoding"]) == (415, "gzip")
    assert gest.post(gest.message("create"), HTTP_CONTENT_ENCODING="identity").done


def test_64_kib_are_read_and_one_byte_more_is_not(gest) -> None:
    text = gest.message("create").encode()
    full = text + b" " * (LARGEST - len(text))
    assert gest.post(full).done
    answer = gest.post(full + b" ", HTTP_AUTHORIZATION=None)
    assert (answer.status, answer.response["Content-Type"]) == (413, "text/xml; charset=utf-8")


def test_the_request_id_of_the_proxy_comes_back_when_it_is_one(gest) -> None:
    given = "4bf92f3577b34da6a3ce929d0e0e4736"
    assert gest.post("", HTTP_X_REQUEST_ID=given).response["X-Request-Id"] == given
    assert "evil" not in gest.post("", HTTP_X_REQUEST_ID="evil\r\nX: y").response["X-Request-Id"]


def test_the_namespaces_may_be_declared_anywhere(gest) -> None:
    text = (
        gest.message("create")
        .replace(f' xmlns:e="{SOAP}"', "")
        .replace("e:Envelope>", "Envelope>")
        .replace("e:Body", "Body")
    )
    assert gest.post(
        text.replace("<e:Envelope>", "<Envelope>").replace("<Envelope>", f'<Envelope xmlns="{SOAP}">', 1)
    ).done
