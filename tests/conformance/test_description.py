"""Our service description and schemas as the portal serves them; test_facts.py compares them with the official facts."""

from io import BytesIO

import pytest
import zeep
from lxml import etree

from sessions.soap.schema import FOLDER
from tests.conformance.official import MESSAGES_XSD, TYPES_XSD, WSDL
from tests.sessions.soap.calls import URL

XSD = "{http://www.w3.org/2001/XMLSchema}"


@pytest.mark.parametrize("query", ["wsdl", "WSDL", "wsdl="])
def test_the_service_description_is_served_at_the_address_it_was_asked_at(client, query) -> None:
    response = client.get(f"{URL}?{query}")
    root = etree.fromstring(response.content)
    address = root.find(".//{http://schemas.xmlsoap.org/wsdl/soap/}address").get("location")
    assert response["Content-Type"] == "text/xml; charset=utf-8"
    assert address == f"http://testserver{URL}"
    assert root.find(f".//{XSD}import").get("schemaLocation") == f"{address}?xsd=sts-a2f-service.v0.1.xsd"


@pytest.mark.parametrize("query", ["singleWsdl", "singlewsdl", "singleWsdl="])
def test_one_file_has_the_schemas_inside(client, query) -> None:
    response = client.get(f"{URL}?{query}")
    root = etree.fromstring(response.content)
    assert root.find(".//{http://schemas.xmlsoap.org/wsdl/soap/}address").get("location") == f"http://testserver{URL}"
    messages, types = root.findall(f"{{http://schemas.xmlsoap.org/wsdl/}}types/{XSD}schema")
    assert {element.get("schemaLocation") for element in root.iter(f"{XSD}import")} == {None}
    assert [len(schema) for schema in (messages, types)] == [
        len(etree.parse(str(FOLDER / name)).getroot()) for name in (MESSAGES_XSD, TYPES_XSD)
    ]
    read = zeep.Client(BytesIO(response.content))
    assert set(read.service._operations) == {"create", "revoke", "checkToken"}


def test_behind_the_proxy_the_addresses_are_https(client, settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    response = client.get(f"{URL}?wsdl", HTTP_X_FORWARDED_PROTO="https", HTTP_HOST="testserver")
    assert f'location="https://testserver{URL}"'.encode() in response.content


def test_the_schemas_are_served_and_nothing_else(client) -> None:
    for name in (MESSAGES_XSD, TYPES_XSD):
        assert client.get(f"{URL}?xsd={name}").status_code == 200
    for name in ("", "../service.py", "../../../pyproject.toml", WSDL + "x"):
        assert client.get(f"{URL}?xsd={name}").status_code == 404
