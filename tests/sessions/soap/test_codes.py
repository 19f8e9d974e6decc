"""Every code of docs/contract.md, section 4, through HTTP; and the precedence when several apply."""

import base64
import logging

import pytest
from django.utils import timezone

from pharmacies.models import MailCertification
from sessions.ids import issuing
from sessions.models import Context, IdSessione
from tests.sessions.soap.calls import encrypted

NO_ID = "00000000-0000-4000-8000-000000000000"
CONTEXT = "Errore parametri: verificare la corretta configurazione dei parametri per contesto-applicazione"
REQUIRED = ["userId", "cfUtente", "codRegione", "codAslAo", "codSsa", "contesto", "identificativo"]
OPTION = "opzione"


def pincode(valore: str | None, tipo: str | None = "P") -> dict[str, str | None]:
    return {"tipo": tipo, "valore": valore}


def option(chiave: str | None, valore: str | None = "v") -> tuple[str, dict[str, str | None]]:
    return OPTION, {"chiave": chiave, "valore": valore}


def test_a_missing_token_is_01(gest) -> None:
    for call in (gest.check, gest.revoke):
        assert call(None).error == ("E", "01", "Parametro di INPUT obbligatorio")
        assert call("").code == "01"


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("userId", "U" * 17, ""), ("cfUtente", "A" * 17, ""), ("codRegione", "1234", ""), ("codAslAo", "1234", ""),
        ("codSsa", "1234567", ""), ("codiceStruttura", "1" * 11, ""), ("contesto", "C" * 31, ""),
        ("applicazione", "A" * 31, ""), ("identificativo", {"tipo": "PPP", "valore": "x"}, "/tipo"),
        ("identificativo", {"tipo": "P", "valore": "A" * 257}, "/valore"),
        ("opzioni", [("opzione", {"chiave": "c" * 257, "valore": "v"})], "/opzione/chiave"),
        ("infoAggiuntive", [("opzione", {"chiave": "c", "valore": "v" * 257})], "/opzione/valore"),
    ],
)  # fmt: skip
def test_a_field_over_its_length_is_02_with_its_name(gest, field, value, named) -> None:
    answer = gest.create(**{field: value})
    assert answer.error == ("E", "02", f"Lunghezza Parametro INPUT superiore al consentito: {field}{named}")


def test_a_token_over_its_length_is_02_and_a_short_one_is_unknown(gest) -> None:
    assert gest.check("a" * 37).error[2] == "Lunghezza Parametro INPUT superiore al consentito: token"
    assert gest.check("a" * 35).code == "603"


@pytest.mark.parametrize("field", REQUIRED)
def test_a_field_that_the_context_requires_is_300_with_its_name(gest, field) -> None:
    answer = gest.create(**{field: None})
    assert answer.error == ("E", "300", f"Parametro di INPUT obbligatorio: {field}")


@pytest.mark.parametrize("field", ["userId", "cfUtente", "codRegione", "contesto"])
def test_a_required_field_that_is_empty_is_missing(gest, field) -> None:
    assert gest.create(**{field: ""}).code == "300"


def test_the_three_codes_are_not_required_on_revoke_and_check_token(gest) -> None:
    assert gest.check(gest.create().token).done


def test_what_a_context_does_not_require_may_be_absent(gest) -> None:
    Context.objects.update(required_fields=["contesto"])
    fields = ("userId", "cfUtente", "codRegione", "codAslAo", "codSsa", "identificativo")
    assert gest.create(**dict.fromkeys(fields)).done


def test_a_context_may_require_the_structure_which_may_be_empty(gest) -> None:
    Context.objects.update(required_fields=["contesto", "codiceStruttura"])
    assert gest.create().error[2] == "Parametro di INPUT obbligatorio: codiceStruttura"
    assert gest.create(codiceStruttura="").done


def test_another_user_id_is_602(gest) -> None:
    sentence = "Utente non autorizzato! L'utente autenticato è diverso dallo userId del servizio."
    assert gest.create(userId="UVALTRO1").error == ("E", "602", sentence)


@pytest.mark.parametrize("tipo", [None, ""])
def test_no_tipo_is_21(gest, tipo) -> None:
    answer = gest.create(identificativo=pincode("x", tipo))
    assert answer.error == ("E", "21", "Tipologia Identificativo non presente")


@pytest.mark.parametrize("tipo", ["I", "X", "p"])
def test_a_tipo_that_the_context_does_not_allow_is_303(gest, tipo) -> None:
    answer = gest.create(identificativo=pincode("x", tipo))
    assert answer.error == ("E", "303", "Tipologia identificativo non valido per l'utente.")


@pytest.mark.parametrize("tipo", ["I", "P"])
def test_where_the_context_wants_what_no_utenza_has_nothing_is_taken_for_it(gest, tipo) -> None:
    Context.objects.update(allowed_tipo="I")
    assert gest.create(identificativo={**gest.fields["identificativo"], "tipo": tipo}).code == "303"


@pytest.mark.parametrize("valore", ["", "1729594276", "not base64!", base64.b64encode(b"x" * 64).decode()])
def test_a_pincode_that_nothing_could_decipher_is_301(gest, valore) -> None:
    assert gest.create(identificativo=pincode(valore)).error == ("E", "301", "Pincode formalmente errato.")


def test_a_wrong_pincode_and_a_wrong_padding_are_302_alike(gest) -> None:
    noise = base64.b64encode(b"\x01" * 192).decode()
    wrong, padded = (gest.create(identificativo=pincode(valore)) for valore in (encrypted("1111111111"), noise))
    assert wrong.error == ("E", "302", "Pincode non valido.")
    assert wrong.timeless == padded.timeless


def test_check_token_and_revoke_want_the_pincode_too(gest) -> None:
    token = gest.create().token
    wrong = pincode(encrypted("1111111111"))
    assert gest.check(token, identificativo=wrong).code == "302"
    assert gest.revoke(token, identificativo=wrong).code == "302"


@pytest.mark.parametrize("received", ["VRDDRA82C03L219M", "ABC"])
def test_another_codice_fiscale_is_306_and_repeats_what_came(gest, received) -> None:
    answer = gest.create(cfUtente=received)
    assert answer.error == ("E", "306", f"Codice fiscale errato. {received}")


@pytest.mark.parametrize(("field", "value"), [("codRegione", "999"), ("codAslAo", "99"), ("codSsa", "99999")])
def test_other_codes_of_place_are_307(gest, field, value) -> None:
    answer = gest.create(**{field: value})
    assert answer.error == ("E", "307", "I codici di REGIONE, ASL e SSA dell'utente sono errati.")


@pytest.mark.parametrize(("contesto", "applicazione"), [("ALTRO", "EROGATORE"), ("RICETTA-DEM", "ALTRO")])
def test_a_context_that_is_not_configured_is_9998(gest, contesto, applicazione) -> None:
    fields = {"contesto": contesto, "applicazione": applicazione}
    assert gest.create(**fields).error == ("E", "9998", CONTEXT)
    assert gest.check(NO_ID, **fields).code == "9998"


def test_what_the_context_adds_and_is_not_there_is_22(gest) -> None:
    Context.objects.update(required_fields=["contesto", "infoAggiuntive"])
    assert gest.create().error == ("E", "22", CONTEXT)
    assert gest.create(infoAggiuntive=[option("a")]).done


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        ([option("k", "")], "08", "OPZIONI: trovata opzione con valore nullo"),
        ([option("k", None)], "08", "OPZIONI: trovata opzione con valore nullo"),
        ([option("")], "09", "OPZIONI: trovata opzione con chiave nulla"),
        ([option(None)], "09", "OPZIONI: trovata opzione con chiave nulla"),
        ([option("k")], "10", "OPZIONI: chiave opzione non consentita"),
        ([option(f"k{n}") for n in range(10)], "10", "OPZIONI: chiave opzione non consentita"),
        ([option("k"), option("k")], "10", "OPZIONI: chiave opzione non consentita"),
    ],
)
def test_the_codes_of_the_options(gest, options, code, sentence) -> None:
    assert gest.create(opzioni=options).error == ("E", code, sentence)


@pytest.mark.parametrize("field", ["opzioni", "infoAggiuntive"])
def test_more_than_ten_options_break_the_schema(gest, field) -> None:
    answer = gest.create(**{field: [option(f"k{n}") for n in range(11)]})
    assert answer.code == f"HTTP 500 Elemento non conforme allo schema: {field}."


def test_create_without_applicazione_is_22_where_a_row_says_so_and_ids_live_on(gest, utenza) -> None:
    empty = Context.objects.get(contesto="RICETTA-DEM", applicazione="")
    token = issuing.issue(utenza, empty, timezone.now()).plain
    for applicazione in ("", None):
        assert gest.create(applicazione=applicazione).error == ("E", "22", CONTEXT)
        assert gest.check(token, applicazione=applicazione).done
    assert gest.create(contesto="RICETTA-BIANCA", applicazione="").code == "9998"
    assert IdSessione.objects.count() == 1


def test_further_information_is_accepted_and_not_looked_at(gest) -> None:
    assert gest.create(infoAggiuntive=[option("a"), option("b")]).done


def test_without_a_certified_address_create_is_200(gest, certified, anna) -> None:
    certified.revoke(anna, timezone.now())
    sentence = "Non è stato trovato alcun contatto email certificato per l'invio dell'ID-SESSIONE."
    assert gest.create().error == ("E", "200", sentence)


def test_a_doctor_has_no_certified_address_here(gest, utenza) -> None:
    utenza.pharmacy = None
    utenza.save()
    assert gest.create(applicazione="PRESCRITTORE").code == "200"


def test_a_closed_pharmacy_has_no_address_either(gest, san_marco) -> None:
    san_marco.closed_on = timezone.localdate()
    san_marco.save()
    assert gest.create().code == "200"


def test_an_address_that_refuses_mail_is_100(gest) -> None:
    MailCertification.objects.update(undeliverable_at=timezone.now())
    sentence = "Errore durante l'invio della mail al contatto di posta certificato."
    assert gest.create().error == ("E", "100", sentence)
    assert not IdSessione.objects.exists()


def test_an_unknown_id_is_603(gest) -> None:
    for call in (gest.check, gest.revoke):
        assert call(NO_ID).error == ("E", "603", "Operazione non consentita! ID-SESSIONE inesistente.")


def test_an_id_of_another_context_is_603_and_reveals_nothing(gest) -> None:
    token = gest.create().token
    other = gest.check(token, contesto="RICETTA-BIANCA")
    assert other.code == "603"
    assert other.timeless == gest.check(NO_ID, contesto="RICETTA-BIANCA").timeless


def test_what_nobody_expects_is_9999_and_its_traceback_is_in_the_log(gest, settings, caplog) -> None:
    message = gest.message("create")
    settings.SEALING_KEYS = ["not a key"]
    answer = gest.post(message, HTTP_X_REQUEST_ID="a1b2c3d4e5f6")
    assert answer.error == ("F", "9999", "Errore di sistema.")
    assert b"Traceback" not in answer.response.content
    logged = next(record for record in caplog.records if record.levelno == logging.ERROR)
    assert "a1b2c3d4e5f6" in logged.getMessage()
    assert "Traceback" in logged.getMessage()
    assert not IdSessione.objects.exists()


ORDER = [
    ("602", {"userId": "UVALTRO1"}),
    ("9998", {"contesto": "ALTRO"}),
    ("303", {"identificativo": pincode("x", "X")}),
    ("306", {"cfUtente": "VRDDRA82C03L219M"}),
    ("307", {"codRegione": "999"}),
    ("10", {"opzioni": [option("k")]}),
]


@pytest.mark.parametrize("place", range(len(ORDER)))
def test_the_first_that_applies_is_the_answer(gest, certified, anna, place) -> None:
    certified.revoke(anna, timezone.now())
    changes = {field: value for _, change in ORDER[place:] for field, value in change.items()}
    assert gest.create(**changes).code == ORDER[place][0]
    before_the_row = ORDER[place][0] if ORDER[place][0] in ("602", "9998") else "300"
    assert gest.create(**changes, codSsa=None).code == before_the_row
    assert gest.create(**changes, codSsa=None, codiceStruttura="1" * 11).code == "02"


@pytest.mark.parametrize("field", ["cfUtente", "codRegione", "codAslAo", "codSsa"])
def test_a_field_that_is_empty_and_not_required_says_nothing(gest, field) -> None:
    Context.objects.update(required_fields=["userId", "identificativo", "contesto"])
    assert gest.create(**{field: ""}).done
    assert gest.create(**{field: None}).done
    assert gest.create(**{field: "999"}).code in ("306", "307")
