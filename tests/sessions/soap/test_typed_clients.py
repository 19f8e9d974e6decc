"""Requests as typed APIs and pretty printers write them: white space, wrapped base64, null elements, types, header blocks."""

import base64
import textwrap

import pytest

from sessions.models import Context
from tests.sessions.soap.calls import MESSAGES, SOAP

XSI = "http://www.w3.org/2001/XMLSchema-instance"
NEXT = "http://schemas.xmlsoap.org/soap/actor/next"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WRAPPINGS = {
    "openssl base64": lambda text: textwrap.fill(text, 64) + "\n",
    "encodebytes": lambda text: base64.encodebytes(base64.b64decode(text)).decode(),
    "CRLF": lambda text: textwrap.fill(text, 76).replace("\n", "\r\n"),
    "indented": lambda text: f"\n      {text}\n    ",
    "tabs between": "\t".join,
}


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
def test_white_space_in_base64_does_not_count(gest, wrap) -> None:
    valore = gest.fields["identificativo"]["valore"]
    assert len(valore) == 256  # as long as the schema allows
    wrapped = {"tipo": "P", "valore": wrap(valore)}
    token = gest.create(identificativo=wrapped).token
    assert gest.check(token, identificativo=wrapped).done
    assert gest.create(identificativo={"tipo": "P", "valore": wrap(valore + "AAAA")}).error[2].endswith("/valore")


@pytest.mark.parametrize("space", [" {} ", "\n        {}\n    ", "\t{}", "{}\r\n" + " " * 500])
def test_white_space_around_a_value_does_not_count(gest, space) -> None:
    spaced = {name: space.format(value) for name, value in gest.fields.items() if isinstance(value, str)}
    spaced["identificativo"] = {name: space.format(value) for name, value in gest.fields["identificativo"].items()}
    token = gest.create(**spaced, codiceStruttura=space.format("1" * 10)).token
    fields = {name: value for name, value in spaced.items() if not name.startswith("cod")}
    assert gest.check(space.format(token), **fields).done
    assert gest.revoke(space.format(token), **fields).done


@pytest.mark.parametrize("field", ["userId", "cfUtente", "codRegione", "contesto", "applicazione"])
def test_white_space_alone_is_an_empty_field(gest, field) -> None:
    empty, blank = gest.create(**{field: ""}), gest.create(**{field: " \n "})
    assert blank.timeless == empty.timeless


def test_other_spaces_are_characters(gest) -> None:
    assert gest.create(cfUtente=f"\u00a0{gest.fields['cfUtente']}").code == "02"


NIL = f'xmlns:i="{XSI}" i:nil="true"'
EMPTY = {
    "empty lists": "<m:opzioni/><m:infoAggiuntive></m:infoAggiuntive>",
    "indented lists": "<m:opzioni>\n</m:opzioni>\n  <m:infoAggiuntive>  </m:infoAggiuntive>",
    "null lists": f"<m:opzioni {NIL}/><m:infoAggiuntive {NIL}/>",
    "null inside": f"<m:opzioni><t:opzione {NIL}/></m:opzioni>",
}


@pytest.mark.parametrize("lists", EMPTY.values(), ids=EMPTY)
def test_empty_and_null_lists_are_absent(gest, lists) -> None:
    assert gest.post(gest.message("create").replace("</m:CreateAuthReq>", f"{lists}</m:CreateAuthReq>")).done


def test_an_empty_list_is_missing_where_a_context_requires_it(gest) -> None:
    Context.objects.update(required_fields=["contesto", "infoAggiuntive"])
    text = gest.message("create").replace("</m:CreateAuthReq>", "<m:infoAggiuntive/></m:CreateAuthReq>")
    assert gest.post(text).code == "22"


@pytest.mark.parametrize(
    ("field", "code"), [("userId", "300"), ("cfUtente", "300"), ("contesto", "300"), ("codSsa", "300")]
)
def test_a_null_field_is_absent(gest, field, code) -> None:
    text = gest.message("create", **{field: "x"}).replace(f"<m:{field}>x</m:{field}>", f"<m:{field} {NIL}/>")
    assert gest.post(text).code == code


def test_a_null_token_is_01_and_a_null_applicazione_is_absent(gest) -> None:
    token = gest.create().token
    null = gest.message("checkToken", token=token)
    assert gest.post(null.replace(f"<m:token>{token}</m:token>", f"<m:token {NIL}/>")).code == "01"
    assert gest.post(null.replace("<m:applicazione>EROGATORE</m:applicazione>", f"<m:applicazione {NIL}/>")).done


def test_types_and_encodings_are_ignored(gest) -> None:
    typed = f'xmlns:i="{XSI}" xmlns:s="http://www.w3.org/2001/XMLSchema" i:type="s:string" i:nil="false"'
    encoding = f'e:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/" i:type="m:CreateAuthReq" xmlns:i="{XSI}"'
    text = gest.message("create").replace("<m:userId", f"<m:userId {typed}").replace("<t:valore", f"<t:valore {typed}")
    assert gest.post(text.replace("<m:CreateAuthReq", f"<m:CreateAuthReq {encoding}")).done


def test_without_applicazione_an_id_is_asked_about_as_its_own(gest) -> None:
    token = gest.create(contesto="RICETTA-BIANCA").token
    white = {"contesto": "RICETTA-BIANCA", "applicazione": None}
    assert gest.check(token, **white).done
    assert gest.check(token, contesto="RICETTA-DEM", applicazione=None).code == "603"
    for other in ("", "PRESCRITTORE"):
        assert gest.check(token, contesto="RICETTA-BIANCA", applicazione=other).code == "9998"
        assert gest.check(token, contesto="RICETTA-DEM", applicazione=other).code == "603"
    assert gest.check("0" * 36, **white).code == "603"
    assert gest.check(token, contesto="PIPPO", applicazione=None).code == "9998"
    assert gest.revoke(token, **white).done
    assert gest.revoke(token, **white).code == "05"
    assert gest.check(token, **white).code == "06"


def headed(gest, attributes: str):
    block = f'<e:Header><s:Security xmlns:s="{WSSE}" {attributes}/></e:Header>'
    return gest.post(gest.message("create").replace("<e:Body>", f"{block}<e:Body>"))


@pytest.mark.parametrize("value", ["1", " 1 "])
@pytest.mark.parametrize("actor", ["", 'e:actor=""', f'e:actor="{NEXT}"'])
def test_a_block_that_must_be_understood_and_is_not(gest, value, actor) -> None:
    answer = headed(gest, f'e:mustUnderstand="{value}" {actor}')
    assert (answer.status, answer.fault_code) == (500, "MustUnderstand")
    assert "Security" in answer.fault


@pytest.mark.parametrize("value", ["2", "true", "false", "", "01", "sì"])
def test_must_understand_is_0_or_1(gest, value) -> None:
    answer = headed(gest, f'e:mustUnderstand="{value}"')
    assert (answer.status, answer.fault_code, "mustUnderstand" in answer.fault) == (500, "Client", True)


@pytest.mark.parametrize("value", ["0", "1", "2"])
def test_a_block_for_somebody_else_is_ignored(gest, value) -> None:
    assert headed(gest, f'e:mustUnderstand="{value}" e:actor="urn:someone-else"').done
    assert headed(gest, 'e:mustUnderstand="0"').done


def test_another_version_of_soap_has_its_own_fault(gest) -> None:
    text = gest.message("create").replace(SOAP, "http://www.w3.org/2003/05/soap-envelope")
    answer = gest.post(text)
    assert (answer.status, answer.fault_code) == (500, "VersionMismatch")
    assert gest.post(text.replace("Envelope", "Busta")).fault_code == "Client"
    assert gest.post(f'<m:Envelope xmlns:m="{MESSAGES}"/>').fault_code == "VersionMismatch"


@pytest.mark.parametrize("spell", [str.upper, lambda token: f"{{{token}}}", lambda token: f'"{token.upper()}"'])
def test_an_id_in_another_spelling_is_the_id(gest, spell) -> None:
    token = gest.create().token
    assert gest.check(spell(token)).done
    assert gest.revoke(spell(token)).done


def test_a_password_from_windows_is_understood(gest, utenza) -> None:
    utenza.set_password("5€-caffè", utenza.created_at)
    utenza.save()
    header = "Basic " + base64.b64encode("UVANNA01:5€-caffè".encode("cp1252")).decode()
    assert gest.post(gest.message("create"), HTTP_AUTHORIZATION=header).done
