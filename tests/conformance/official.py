"""Reads a service description and its schemas into tables that can be compared.

`python -m tests.conformance.official FOLDER` compares the tables of facts/ with the files of a folder: run it when Sistema TS
publishes a new version. Exit code 1 and the rows that differ, or 0.
"""

import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree

FACTS = Path(__file__).parent / "facts"
WSDL, MESSAGES_XSD, TYPES_XSD = "sts-a2f-service.wsdl", "sts-a2f-service.v0.1.xsd", "sts-a2f-service-data-type.v0.1.xsd"
XS, W, S = (
    f"{{{namespace}}}"
    for namespace in (
        "http://www.w3.org/2001/XMLSchema", "http://schemas.xmlsoap.org/wsdl/", "http://schemas.xmlsoap.org/wsdl/soap/",
    )
)  # fmt: skip
PREFIXES = {
    "http://www.w3.org/2001/XMLSchema": "xs",
    "http://authservice.xsd.wsdl.auth.a2f.sts.sanita.finanze.it": "messages",
    "http://datatype.xsd.wsdl.auth.a2f.sts.sanita.finanze.it": "types",
    "http://wsdl.auth.a2f.sts.sanita.finanze.it": "service",
}
PROSE = {f"{XS}annotation", f"{W}documentation"}
NOTHING = "-"  # an empty cell
Table = list[tuple[str, ...]]


def facts(name: str) -> Table:
    """The rows of facts/NAME.tsv without its heading."""
    lines = (FACTS / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines[1:]]


def parsed(folder: Path) -> list[etree._Element]:
    """The roots of the three files in this folder: the WSDL, the schema of the messages, the schema of the types."""
    return [etree.parse(str(folder / name)).getroot() for name in (WSDL, MESSAGES_XSD, TYPES_XSD)]


def tables(roots: list[etree._Element]) -> dict[str, Table]:
    """Tables of names, operations, elements, types and fields, read from the three files (see parsed).

    Raises ValueError for anything that the tables have no column for.
    """
    service, *schemas = roots
    return {
        "names": sorted([*_names(service), *(row for schema in schemas for row in _schema_names(schema))]),
        "operations": sorted(_operations(service)),
        "elements": sorted(row for schema in schemas for row in _elements(schema)),
        "types": sorted(row for schema in schemas for row in _types(schema)),
        "fields": [row for schema in schemas for row in _fields(schema)],
    }


def _parts(element: etree._Element, tags: Collection[str], attributes: Collection[str]) -> list[etree._Element]:
    """The children without comments and prose. Raises ValueError for any other child or attribute."""
    found = [child for child in element if isinstance(child.tag, str) and child.tag not in PROSE]
    others = {str(child.tag) for child in found} - set(tags) | set(map(str, element.attrib)) - set(attributes)
    if others:
        raise ValueError(f"{element.tag} line {element.sourceline}: no table holds {sorted(others)}")
    return found


def _one(element: etree._Element, tag: str, attributes: Collection[str]) -> etree._Element:
    """The only child. Raises ValueError when it is not alone."""
    (child,) = _parts(element, [tag], attributes)
    return child


def _qualified(element: etree._Element, attribute: str) -> str:
    """The name in this attribute with our prefix for its namespace, whatever prefix the file uses."""
    prefix, _, name = element.get(attribute, "").rpartition(":")
    return f"{PREFIXES[element.nsmap[prefix or None]]}:{name}"


def _named(schema: etree._Element, element: etree._Element) -> str:
    return f"{PREFIXES[schema.get('targetNamespace', '')]}:{element.get('name')}"


def _schema_parts(schema: etree._Element, tag: str) -> list[etree._Element]:
    known = [f"{XS}{name}" for name in ("import", "element", "simpleType", "complexType")]
    attributes = ["targetNamespace", "elementFormDefault", "attributeFormDefault"]
    return [part for part in _parts(schema, known, attributes) if part.tag == f"{XS}{tag}"]


def _schema_names(schema: etree._Element) -> Iterator[tuple[str, str]]:
    prefix = PREFIXES[schema.get("targetNamespace", "")]
    yield f"{prefix} namespace", schema.get("targetNamespace", "")
    for attribute in ("elementFormDefault", "attributeFormDefault"):
        yield f"{prefix} {attribute}", schema.get(attribute, "unqualified")
    for imported in _schema_parts(schema, "import"):
        _parts(imported, [], ["namespace", "schemaLocation"])
        yield f"{prefix} import", f"{imported.get('namespace')} {imported.get('schemaLocation')}"


def _elements(schema: etree._Element) -> Iterator[tuple[str, str]]:
    for element in _schema_parts(schema, "element"):
        _parts(element, [], ["name", "type"])
        yield _named(schema, element), _qualified(element, "type")


def _types(schema: etree._Element) -> Iterator[tuple[str, ...]]:
    for simple in _schema_parts(schema, "simpleType"):
        restriction = _one(simple, f"{XS}restriction", ["name"])
        limits = {}
        for limit in _parts(restriction, [f"{XS}{name}" for name in ("minLength", "maxLength", "pattern")], ["base"]):
            _parts(limit, [], ["value"])
            limits[etree.QName(limit).localname] = limit.get("value", "")
        bounds = [limits.get(name, NOTHING) for name in ("minLength", "maxLength", "pattern")]
        yield _named(schema, simple), _qualified(restriction, "base"), *bounds


def _fields(schema: etree._Element) -> Iterator[tuple[str, ...]]:
    """In the order of each sequence; the types by name."""
    for complex_type in sorted(_schema_parts(schema, "complexType"), key=lambda found: found.get("name", "")):
        sequence = _one(complex_type, f"{XS}sequence", ["name"])
        for place, field in enumerate(_parts(sequence, [f"{XS}element"], []), 1):
            _parts(field, [], ["name", "type", "minOccurs", "maxOccurs"])
            occurs = field.get("minOccurs", "1"), field.get("maxOccurs", "1")
            yield _named(schema, complex_type), str(place), field.get("name", ""), _qualified(field, "type"), *occurs


def _service_parts(service: etree._Element, tag: str) -> list[etree._Element]:
    known = [f"{W}{name}" for name in ("types", "message", "portType", "binding", "service")]
    return [part for part in _parts(service, known, ["name", "targetNamespace"]) if part.tag == f"{W}{tag}"]


def _names(service: etree._Element) -> Iterator[tuple[str, str]]:
    yield "service namespace", service.get("targetNamespace", "")
    yield "service description", service.get("name", "")
    (types,) = _service_parts(service, "types")
    inside = _one(types, f"{XS}schema", [])
    imported = _one(inside, f"{XS}import", ["elementFormDefault"])
    _parts(imported, [], ["namespace", "schemaLocation"])
    yield "service elementFormDefault", inside.get("elementFormDefault", "unqualified")
    yield "service import", f"{imported.get('namespace')} {imported.get('schemaLocation')}"
    (port_type,), (binding,), (described,) = (
        _service_parts(service, tag) for tag in ("portType", "binding", "service")
    )
    yield "port type", port_type.get("name", "")
    yield "binding", f"{binding.get('name')} of {_qualified(binding, 'type')}"
    (soap,) = [part for part in binding if part.tag == f"{S}binding"]
    _parts(soap, [], ["style", "transport"])
    yield "style", soap.get("style", "document")
    yield "transport", soap.get("transport", "")
    port = _one(described, f"{W}port", ["name"])
    yield "service", described.get("name", "")
    yield "port", f"{port.get('name')} of {_qualified(port, 'binding')}"
    address = _one(port, f"{S}address", ["name", "binding"])
    _parts(address, [], ["location"])
    yield "path", urlsplit(address.get("location", "")).path


def _operations(service: etree._Element) -> Iterator[tuple[str, ...]]:
    (port_type,), (binding,) = _service_parts(service, "portType"), _service_parts(service, "binding")
    offered = {found.get("name", ""): found for found in _parts(port_type, [f"{W}operation"], ["name"])}
    bound = _parts(binding, [f"{W}operation", f"{S}binding"], ["name", "type"])
    bodies = {found.get("name", ""): found for found in bound if found.tag == f"{W}operation"}
    if offered.keys() != bodies.keys():
        raise ValueError("the operations of the port type are not those of the binding")
    for name, operation in offered.items():
        action, *uses = _parts(bodies[name], [f"{S}operation", f"{W}input", f"{W}output"], ["name"])
        _parts(action, [], ["soapAction"])
        literal = [_one(use, f"{S}body", []) for use in uses]
        ways = _parts(operation, [f"{W}input", f"{W}output"], ["name"])
        messages = [cell for way in ways for cell in _message(service, _qualified(way, "message"))]
        order = " ".join(etree.QName(way).localname for way in ways)
        yield name, action.get("soapAction", ""), order, *messages, " ".join(body.get("use", "") for body in literal)


def _message(service: etree._Element, name: str) -> Iterator[str]:
    (message,) = [found for found in _service_parts(service, "message") if f"service:{found.get('name')}" == name]
    part = _one(message, f"{W}part", ["name"])
    _parts(part, [], ["name", "element"])
    yield from (message.get("name", ""), part.get("name", ""), _qualified(part, "element"))


def differences(folder: Path) -> list[str]:
    """The rows that only the facts (-) or only the files of this folder (+) have, each with its table."""
    found = []
    for name, said in tables(parsed(folder)).items():
        known = facts(name)
        found += [f"- {name}: {' '.join(row)}" for row in known if row not in said]
        found += [f"+ {name}: {' '.join(row)}" for row in said if row not in known]
        if not found and known != said:
            found.append(f"~ {name}: the same rows in another order")
    return found


if __name__ == "__main__":
    lines = differences(Path(sys.argv[1]))
    print("\n".join(lines) or "The files say what the facts say.")
    sys.exit(1 if lines else 0)
