"""The first calls of an imported utenza, several at the same instant: every till gets its answer, one renewal stays."""

import pytest
from django.test import Client
from django.utils import timezone

from pharmacies.models import Utenza
from portal.secrets.imported_hashes import is_imported, kept
from sessions.credentials import password_proof
from sessions.ids import issuing
from sessions.models import Context, IdSessione
from tests.parallel import in_parallel
from tests.secrets.hashes_of_others import KINDS
from tests.sessions.soap.calls import basic, gestionale
from tests.sessions.soap.test_imported_secrets import GATE, PINCODE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def imported(utenza, certified, certificate) -> Utenza:
    utenza.password, utenza.pincode = kept(KINDS["bcrypt"]("SALVE")), kept(KINDS["salted SHA-1 of LDAP"](PINCODE))
    utenza.save()
    return utenza


def test_first_creates_at_the_same_instant_all_get_an_id_whose_proofs_hold(imported, hashes) -> None:
    till = gestionale(imported)
    message = till.message("create")
    answers = in_parallel([lambda: till.post(message, REMOTE_ADDR="192.0.2.1")] * 4)
    assert [answer.done for answer in answers] == [True] * 4
    imported.refresh_from_db()
    assert not is_imported(imported.password)
    assert not is_imported(imported.pincode)
    hashes.clear()
    assert till.check(answers[-1].token).status == 200


def test_first_questions_to_the_gate_at_the_same_instant_all_pass(imported) -> None:
    Context.objects.get_or_create(contesto="RICETTA-DEM", applicazione="EROGATORE")
    context = Context.objects.get(contesto="RICETTA-DEM", applicazione="EROGATORE")
    plain = issuing.issue(imported, context, timezone.now()).plain
    headers = {"HTTP_AUTHORIZATION": basic("UVANNA01", "SALVE"), "HTTP_AUTHORIZATION2F": f"Bearer {plain}"}
    answers = in_parallel([lambda: Client().get(GATE, **headers).status_code] * 4)
    assert answers == [204] * 4
    assert IdSessione.objects.get().first_used_at


def test_a_password_changed_at_the_instant_of_the_first_use_stays_changed(imported) -> None:
    def change() -> None:
        row = Utenza.objects.get(pk=imported.pk)
        row.set_password("una frase lunga e nuova", timezone.now())
        row.save(update_fields=["password", "password_changed_at"])

    prove = password_proof.prove
    in_parallel([change, *[lambda: prove("UVANNA01", "SALVE", "192.0.2.1", timezone.now())] * 3])
    imported.refresh_from_db()
    assert imported.check_password("una frase lunga e nuova")
