"""A parafarmacia and the web service: the ricetta bianca is served, the SSN prescription is 9998, live ids go on."""

import pytest

from pharmacies.models import Pharmacy
from sessions.models import AskableContext, Context, IdSessione
from sessions.soap import request_checks
from tests.sessions.soap.calls import Gestionale
from tests.sessions.soap.test_codes import CONTEXT, option, pincode

WHITE = {"contesto": "RICETTA-BIANCA", "applicazione": "EROGATORE"}


def becomes_a_parafarmacia() -> None:
    Pharmacy.objects.update(type=Pharmacy.Type.PARAFARMACIA)


@pytest.fixture
def till(gest: Gestionale) -> Gestionale:
    becomes_a_parafarmacia()
    return gest


def test_the_ricetta_bianca_is_served(till) -> None:
    token = till.create(**WHITE).token
    assert till.check(token, **WHITE).done
    assert till.revoke(token, **WHITE).done


@pytest.mark.parametrize("applicazione", ["EROGATORE", "PRESCRITTORE", ""])
def test_the_ssn_prescription_is_9998_and_nothing_is_written(till, applicazione) -> None:
    assert till.create(applicazione=applicazione).error == ("E", "9998", CONTEXT)
    assert not IdSessione.objects.exists()


def test_9998_comes_after_602_and_before_what_only_a_row_requires(till) -> None:
    assert till.create(userId="UVALTRO1").code == "602"
    later = [
        {"codSsa": None}, {"identificativo": pincode("x", "X")}, {"identificativo": pincode("no")}, {"codRegione": "999"},
        {"cfUtente": "VRDDRA82C03L219M"}, {"opzioni": [option("k")]},
    ]  # fmt: skip
    assert [till.create(**change).code for change in later] == ["9998"] * len(later)


def test_the_ids_of_a_farmacia_that_becomes_a_parafarmacia_go_on(gest) -> None:
    first, second = gest.create().token, gest.create(applicazione="PRESCRITTORE").token
    becomes_a_parafarmacia()
    assert gest.create().code == "9998"
    assert gest.check(first).done
    assert gest.revoke(second, applicazione="PRESCRITTORE").done


def test_a_type_that_changes_between_the_check_and_the_lock_is_9998(gest, monkeypatch) -> None:
    before = request_checks.first_refusal

    def then_the_register_is_read(*args):
        found = before(*args)
        becomes_a_parafarmacia()
        return found

    monkeypatch.setattr(request_checks, "first_refusal", then_the_register_is_read)
    assert gest.create().error == ("E", "9998", CONTEXT)
    assert not IdSessione.objects.exists()


def test_a_row_that_an_operator_adds_counts_at_once(till) -> None:
    AskableContext.objects.create(context=Context.objects.usual(), type=Pharmacy.Type.PARAFARMACIA)
    assert till.create().done
