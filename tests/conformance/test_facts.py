"""Our service description, schemas and words of the wire against the official facts (facts/README.md)."""

from copy import deepcopy

import pytest
from lxml import etree

from sessions.soap import views, wire_words
from sessions.soap.schema import FOLDER, SCHEMAS
from sessions.soap.schema import WSDL as OUR_WSDL
from sessions.soap.wire_words import Operation, ResultCode
from tests.conformance.official import MESSAGES_XSD, TYPES_XSD, WSDL, XS, differences, facts, parsed, tables
from tests.sessions.soap.calls import ORDER

TABLES = ["names", "operations", "elements", "types", "fields"]
NAMES = dict(facts("names"))
OPERATIONS = {row[0]: row for row in facts("operations")}
OUTCOMES = [value for value in vars(wire_words).values() if isinstance(value, ResultCode)]


def fields_of(kind: str) -> list[str]:
    return [field for of, _, field, *_ in facts("fields") if of == kind]


@pytest.mark.parametrize("name", TABLES)
def test_our_files_say_what_the_official_ones_say(name) -> None:
    assert tables(parsed(FOLDER))[name] == facts(name)


def test_the_command_finds_no_difference_in_our_files() -> None:
    assert differences(FOLDER) == []


def test_every_file_that_is_served_is_compared() -> None:
    assert {OUR_WSDL, *SCHEMAS} == {WSDL, MESSAGES_XSD, TYPES_XSD}


def changed_roots():
    """Our files with one change each: an attribute, a missing element, two fields of a sequence in the other order."""
    roots = parsed(FOLDER)
    for number, root in enumerate(roots):
        for place, element in enumerate(root.iter(etree.Element)):
            for attribute in element.attrib:
                yield number, place, f"{attribute} of {element.tag}", lambda e, a=attribute: e.set(a, f"{e.get(a)}X")
            if element is not root:
                yield number, place, f"no {element.tag}", lambda e: e.getparent().remove(e)
            if (
                element.tag == f"{XS}element"
                and element.getnext() is not None
                and "sequence" in element.getparent().tag
            ):
                yield number, place, f"order of {element.get('name')}", lambda e: e.getnext().addnext(e)


def is_seen(number: int, place: int, change) -> bool:
    roots = deepcopy(parsed(FOLDER))
    change(list(roots[number].iter(etree.Element))[place])
    try:
        return tables(roots) != {name: facts(name) for name in TABLES}
    except (ValueError, KeyError):
        return True  # no table has a column for it


def test_no_change_of_our_files_is_overlooked() -> None:
    changes = list(changed_roots())
    assert len(changes) > 500
    assert [what for number, place, what, change in changes if not is_seen(number, place, change)] == []


def test_the_names_in_the_code_are_the_official_ones() -> None:
    namespaces = [NAMES[f"{name} namespace"] for name in ("service", "messages", "types")]
    assert namespaces == [wire_words.SERVICE, wire_words.MESSAGES, wire_words.TYPES]
    assert NAMES["path"] == views.PATH
    assert {operation.value for operation in Operation} == OPERATIONS.keys()


@pytest.mark.parametrize("operation", Operation)
def test_an_operation_has_the_official_action_elements_and_fields(operation) -> None:
    row = OPERATIONS[operation.value]
    assert (operation.action, f"messages:{operation.request}", f"messages:{operation.reply}") == (
        row[1],
        row[5],
        row[8],
    )
    assert list(wire_words.FIELDS[operation]) == fields_of(row[5])
    assert [name for name in ORDER if name in fields_of(row[8])] == fields_of(row[8])


def test_the_fields_inside_a_field_are_the_official_ones() -> None:
    for name, inner in wire_words.INNER.items():
        assert list(inner) == fields_of(f"types:{name}")
    at_most = {row[5] for row in facts("fields") if row[0] in ("types:opzioni", "types:infoAggiuntive")}
    assert at_most == {str(wire_words.OPTIONS_AT_MOST)}


def test_outcome_codes_have_their_official_type_and_sentence() -> None:
    official = {(code, kind, sentence) for code, kind, sentence in facts("codes")}
    assert len(OUTCOMES) > 20
    assert {(outcome.code, outcome.type, outcome.sentence) for outcome in OUTCOMES} <= official
