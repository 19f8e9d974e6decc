"""The WSDL and the XML schemas: compiled once, served with the address at which the client requested them."""

from functools import lru_cache
from pathlib import Path
from threading import Lock

from lxml import etree

FOLDER = Path(__file__).parent / "description"
WSDL = "sts-a2f-service.wsdl"
SCHEMAS = ("sts-a2f-service.v0.1.xsd", "sts-a2f-service-data-type.v0.1.xsd")
_IMPORT = "{http://www.w3.org/2001/XMLSchema}import"
_HERE = "SCHEMAS"  # stands for the schemas while the WSDL is written
_WSDL_TYPES = "{http://schemas.xmlsoap.org/wsdl/}types"
_WSDL_ADDRESS = "{http://schemas.xmlsoap.org/wsdl/soap/}address"


def _compiled() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(FOLDER / SCHEMAS[0])))


_schema = _compiled()
_explaining, _one_at_a_time = _compiled(), Lock()  # libxml2 keeps the errors on the schema object: one call at a time


def is_valid(element: etree._Element) -> bool:
    """Whether a request or a reply is valid."""
    return bool(_schema.validate(element))


def violations(element: etree._Element) -> list[tuple[str, str]]:
    """(kind, local name of the element) of each violation, as libxml2 names them; [] when there is none."""
    with _one_at_a_time:
        _explaining.validate(element)
        return [(entry.type_name, _element_of(entry.message)) for entry in list(_explaining.error_log)]  # type: ignore[call-overload]


def _element_of(message: str) -> str:
    """`Element '{namespace}userId': ...` names userId."""
    return message.partition("'")[2].partition("'")[0].rpartition("}")[2]


@lru_cache(maxsize=64)
def in_one_file(address: str) -> bytes:
    """The WSDL with both schemas inside, for clients that fetch no second file (WCF calls it `?singleWsdl`)."""
    tree = etree.parse(str(FOLDER / WSDL))
    for element in tree.iter(_WSDL_ADDRESS):
        element.set("location", address)
    types = next(tree.iter(_WSDL_TYPES))
    for child in types:
        types.remove(child)
    types.text = _HERE
    schemas = []
    for name in SCHEMAS:
        root = etree.parse(str(FOLDER / name)).getroot()
        for element in root.iter(_IMPORT):
            element.attrib.pop("schemaLocation", "")
        schemas.append(etree.tostring(root))
    # as text: in one tree a schema would lose the prefixes that only its attributes use
    return etree.tostring(tree, xml_declaration=True, encoding="UTF-8").replace(_HERE.encode(), b"".join(schemas))


@lru_cache(maxsize=64)
def described(name: str, address: str) -> bytes | None:
    """The file of this name, with `address` as the address of the service and of its imports. None: no such file."""
    if name != WSDL and name not in SCHEMAS:
        return None
    tree = etree.parse(str(FOLDER / name))
    for element in tree.iter(_WSDL_ADDRESS):
        element.set("location", address)
    for element in tree.iter(_IMPORT):
        element.set("schemaLocation", f"{address}?xsd={element.get('schemaLocation')}")
    return etree.tostring(tree, xml_declaration=True, encoding="UTF-8")
