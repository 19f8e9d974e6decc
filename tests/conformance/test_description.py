"""Our service description and schemas against the official ones, and as they are served."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from sessions.soap.schema import FOLDER
from tests.conformance.conftest import OFFICIAL
from tests.sessions.soap.calls import URL, schemas

XSD = "{http://www.w3.org/2001/XMLSchema}"
DEFAULTS = {"minOccurs": "1", "maxOccurs": "1"}


def qualified(element: etree._Element, value: str) -> str:
    """A QName of a document whatever its prefix: `dt:info` and `{...}info` are the same."""
    prefix, _, name = value.rpartition(":")
    namespace = element.nsmap.get(prefix or None)
    return f"{{{namespace}}}{name}" if namespace else value


def shape(element: etree._Element) -> Iterator[tuple]:
    """What an element says: its name, its attributes with the defaults, its children; no prose, no prefixes."""
    attributes = dict(element.attrib)
    for name in ("type", "base", "element", "message", "binding"):
        if name in attributes:
            attributes[name] = qualified(element, attributes[name])
    if element.tag == f"{XSD}element" and element.getparent().tag == f"{XSD}sequence":
        attributes = {**DEFAULTS, **attributes}
    children = [
        tuple(shape(child)) for child in element if isinstance(child.tag, str) and "documentation" not in child.tag
    ]
    children = [child for child in children if child[0] != f"{XSD}annotation"]
    if element.tag != f"{XSD}sequence":  # everywhere else the order says nothing
        children.sort(key=repr)
    yield element.tag
    yield tuple(sorted(attributes.items()))
    yield tuple(children)


def official_shape(path: Path) -> tuple:
    tree = etree.parse(str(path))
    for address in tree.iter("{http://schemas.xmlsoap.org/wsdl/soap/}address"):
        address.set("location", "")
    return tuple(shape(tree.getroot()))


@pytest.mark.parametrize("name", OFFICIAL)
def test_ours_has_the_structure_of_the_official_one(contract, name) -> None:
    assert official_shape(FOLDER / name) == official_shape(contract / name)


def test_every_reply_of_the_suite_is_held_against_the_official_schemas_too(contract) -> None:
    assert len(schemas()) == 2


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
    for name in OFFICIAL[1:]:
        assert client.get(f"{URL}?xsd={name}").status_code == 200
    for name in ("", "../service.py", "../../../pyproject.toml", OFFICIAL[0] + "x"):
        assert client.get(f"{URL}?xsd={name}").status_code == 404
