"""An imported utenza through the web service and the gate: its hashes are renewed at the first right use."""

import pytest
from django.test import Client
from django.utils import timezone

from pharmacies.models import Utenza
from portal.secrets.imported_hashes import is_imported, kept
from sessions.credentials import password_proof, pincode
from sessions.ids import issuing
from sessions.models import IdSessione
from tests.secrets.hashes_of_others import KINDS
from tests.sessions.soap.calls import Gestionale, basic, encrypted, gestionale

GATE = "/a2f/gate?contesto=RICETTA-DEM&applicazione=EROGATORE"
PINCODE = "1729594276"


@pytest.fixture
def imported(utenza, certified, certificate):
    """imported("bcrypt"): Anna's utenza with both secrets as this kind of hash, and its gestionale."""

    def made(kind: str) -> Gestionale:
        utenza.password, utenza.pincode = kept(KINDS[kind]("SALVE")), kept(KINDS[kind](PINCODE))
        utenza.save()
        return gestionale(utenza)

    return made


def stored(utenza: Utenza) -> tuple[str, str]:
    utenza.refresh_from_db()
    return utenza.password, utenza.pincode


@pytest.fixture
def now_changed(utenza):
    def change(password: str) -> None:
        row = Utenza.objects.get(pk=utenza.pk)
        row.set_password(password, timezone.now())
        row.save()

    return change


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_call_of_an_imported_utenza_gets_an_id_and_renews_both_hashes(kind, imported, utenza, hashes) -> None:
    till = imported(kind)
    token = till.create().token
    assert [text.startswith("counting$") for text in stored(utenza)] == [True, True]
    before = stored(utenza)
    hashes.clear()
    gate = Client().get(GATE, HTTP_AUTHORIZATION=basic("UVANNA01", "SALVE"), HTTP_AUTHORIZATION2F=f"Bearer {token}")
    assert gate.status_code == 204
    assert till.check(token).done
    assert hashes == []  # the fingerprints of the new id answer: no slow hash
    assert till.create().done
    assert stored(utenza) == before


def test_wrong_secrets_renew_nothing(imported, utenza) -> None:
    till = imported("salted SHA-1 of LDAP")
    before = stored(utenza)
    till.password = "SALVE!"
    assert till.create().status == 401
    assert stored(utenza) == before
    till.password = "SALVE"
    assert till.create(identificativo={"tipo": "P", "valore": encrypted("1111111111")}).code == "302"
    assert is_imported(stored(utenza)[1])
    assert stored(utenza)[1] == before[1]


def test_the_gate_renews_the_password_of_an_id_that_the_portal_issued(imported, utenza, context, hashes) -> None:
    imported("bcrypt")
    plain = issuing.issue(utenza, context, timezone.now()).plain
    headers = {"HTTP_AUTHORIZATION": basic("UVANNA01", "SALVE"), "HTTP_AUTHORIZATION2F": f"Bearer {plain}"}
    assert Client().get(GATE, **headers).status_code == 204
    assert not is_imported(stored(utenza)[0])
    hashes.clear()
    assert Client().get(GATE, **headers).status_code == 204
    assert hashes == []


def test_of_two_first_uses_at_once_the_second_takes_the_hash_of_the_first(imported, utenza) -> None:
    imported("PBKDF2 SHA-256 of Django")
    first, second = Utenza.objects.get(pk=utenza.pk), Utenza.objects.get(pk=utenza.pk)
    assert first.check_password("SALVE")
    assert second.check_password("SALVE")
    assert first.settle("password", "SALVE")
    assert second.settle("password", "SALVE")
    assert first.password == second.password == stored(utenza)[0]


def test_a_password_that_was_changed_while_the_old_one_was_proved_stays_changed(imported, utenza, now_changed) -> None:
    imported("bcrypt")
    proving = Utenza.objects.get(pk=utenza.pk)
    assert proving.check_password("SALVE")
    now_changed("un’altra password lunga")
    assert not proving.settle("password", "SALVE")
    assert Utenza.objects.get(pk=utenza.pk).check_password("un’altra password lunga")


def test_a_hash_of_a_newer_file_is_left_to_the_next_use(imported, utenza) -> None:
    imported("bcrypt")
    proving = Utenza.objects.get(pk=utenza.pk)
    assert proving.check_password("SALVE")
    newer = kept(KINDS["salted SHA-512 of LDAP"]("SALVE"))
    Utenza.objects.filter(pk=utenza.pk).update(password=newer)
    assert proving.settle("password", "SALVE")
    assert stored(utenza)[0] == newer


def test_the_proofs_of_an_id_are_those_of_the_renewed_hashes(imported, utenza, context) -> None:
    till = imported("crypt SHA-512")
    token = till.create().token
    row = IdSessione.objects.get(utenza=utenza)
    utenza.refresh_from_db()
    assert password_proof.prove("UVANNA01", "SALVE", "127.0.0.1", timezone.now()) == utenza
    proof = pincode.PincodeProof(token, row.pk, row.pincode_fingerprint)
    assert pincode.check(utenza, encrypted(PINCODE), timezone.now(), proof) is pincode.PincodeOutcome.OK
