"""Our service description and schemas as the portal serves them; test_facts.py compares them with the official facts."""

import pytest
from lxml import etree

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


def test_behind_the_proxy_the_addresses_are_https(client, settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    response = client.get(f"{URL}?wsdl", HTTP_X_FORWARDED_PROTO="https", HTTP_HOST="testserver")
    assert f'location="https://testserver{URL}"'.encode() in response.content


def test_the_schemas_are_served_and_nothing_else(client) -> None:
    for name in (MESSAGES_XSD, TYPES_XSD):
        assert client.get(f"{URL}?xsd={name}").status_code == 200
    for name in ("", "../service.py", "../../../pyproject.toml", WSDL + "x"):
        assert client.get(f"{URL}?xsd={name}").status_code == 404
