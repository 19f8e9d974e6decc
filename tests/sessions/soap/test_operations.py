"""create, revoke, checkToken: successful calls."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.outbox.models import OutgoingMail
from portal.secrets.codes import digest
from sessions.credentials import certificates
from sessions.ids import issuing, using
from sessions.models import Context, IdSessione, PincodeCertificate, State
from sessions.soap import reply
from sessions.soap.wire_words import Operation, ResultCode
from tests.sessions.conftest import make_utenza
from tests.sessions.soap.calls import encrypted, gestionale

MANY = 60  # ids in an hour: sessions.utenze.anomalies
UUID4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def row_of(token: str) -> IdSessione:
    return IdSessione.objects.with_facts().get(digest=digest(token))


def state_of(token: str) -> State:
    return row_of(token).state(timezone.now())


def test_create_gives_an_id_by_mail_and_in_test_in_the_reply_too(gest) -> None:
    answer = gest.create()
    assert answer.done
    assert answer.info == ("emailStatus", "Email con token inviata con successo all'indirizzo di posta certificato")
    assert re.fullmatch(UUID4, answer.token)
    assert state_of(answer.token) is State.VALIDATO


def test_the_letter_is_in_the_outbox_when_the_reply_leaves(gest, certified) -> None:
    row = row_of(gest.create().token)
    letter = OutgoingMail.objects.get(kind=OutgoingMail.Kind.ISSUED)
    assert row.letter == letter
    assert letter.recipient == certified.address


def test_comunicazioni_come_in_the_order_of_the_contract(gest) -> None:
    notes = gest.create().notes
    assert [name for name, _ in notes] == ["token", "working-mode", "client-ip", "execution-time-in-seconds"]
    assert dict(notes)["working-mode"] == "TEST"
    assert dict(notes)["client-ip"] == "127.0.0.1"
    assert re.fullmatch(r"\d+,\d{3}", dict(notes)["execution-time-in-seconds"])


def test_only_a_successful_create_shows_the_id(gest, certified) -> None:
    token = gest.create().token
    for answer in (gest.check(token), gest.revoke(token), gest.create(codRegione="999")):
        assert answer.notes[0] == ("working-mode", "TEST")


def test_in_production_no_comunicazioni_and_no_id(gest, settings) -> None:
    settings.A2F_MODE = "PRODUCTION"
    answer = gest.create()
    assert answer.done
    assert b"comunicazion" not in answer.response.content
    assert not re.search(UUID4.encode(), answer.response.content)


def test_a_live_id_is_valid_and_its_times_are_of_rome(gest) -> None:
    token = gest.create().token
    answer = gest.check(token)
    assert answer.done
    leaves = dict(answer.leaves)
    assert (leaves["stato"], leaves["descrizione"]) == ("0", "Valido")
    for name in ("dataInizioValidita", "dataFineValidita"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0[12]:00", leaves[name])


def test_summer_time_is_written_as_such(gest, time_machine) -> None:
    time_machine.move_to("2026-05-30T17:51:31Z", tick=False)
    PincodeCertificate.objects.update(valid_from=timezone.now())
    leaves = dict(gest.check(gest.create().token).leaves)
    assert leaves["dataInizioValidita"] == "2026-05-30T19:51:31.000+02:00"
    assert leaves["dataFineValidita"] == "2026-05-31T11:51:31.000+02:00"


def test_an_id_in_use_is_valid_too(gest) -> None:
    token = gest.create().token
    using.use(row_of(token), timezone.now())
    assert dict(gest.check(token).leaves)["descrizione"] == "Valido"


@pytest.mark.parametrize(
    "spelling",
    ["{ID}", "{{{ID}}}", '"{id}"', "\n    {id}\n  ", "ID-SESSIONE: {id}", "\u2068{id}\u2069", "Bearer {id}"],
)
def test_an_id_in_capitals_in_braces_or_on_lines_of_its_own_is_the_id(gest, spelling) -> None:
    """RFC 9562, section 4. Characters around the id do not count among the 36."""
    token = gest.create().token
    written = spelling.format(id=token, ID=token.upper())
    assert dict(gest.check(written).leaves)["descrizione"] == "Valido"
    assert gest.revoke(written).done
    assert state_of(token) is State.REVOCATO


def test_what_holds_an_id_and_more_is_no_id(gest) -> None:
    token = gest.create().token
    assert gest.check(f"{token}0").code == "02"
    assert gest.check(f"{token} {token}").code == "02"
    assert gest.check(token[:-1]).code == "603"


def test_revoke_ends_the_id_and_says_so(gest) -> None:
    token = gest.create().token
    answer = gest.revoke(token)
    assert answer.done
    assert answer.info == ("revokeStatus", "Revoca del token eseguita correttamente")
    assert state_of(token) is State.REVOCATO


def test_a_revoked_id_is_06_with_its_times(gest) -> None:
    token = gest.create().token
    gest.revoke(token)
    answer = gest.check(token)
    assert answer.error == ("W", "06", "ID-SESSIONE richiesto in consultazione risulta già revocato")
    assert (dict(answer.leaves)["stato"], dict(answer.leaves)["descrizione"]) == ("1", "Revocato")


def test_revoking_again_is_05_with_the_moment_of_the_first(gest, time_machine) -> None:
    token = gest.create().token
    time_machine.move_to(timezone.now(), tick=False)
    gest.revoke(token)
    at = timezone.localtime(timezone.now())
    answer = gest.revoke(token)
    assert answer.error == ("W", "05", "ID-SESSIONE da revocare risulta già revocato.")
    assert answer.info == ("lastRevokePreviousDate", f"{at:%d/%m/%Y %H:%M:%S}")


def test_an_expired_id_is_07_and_revoking_it_is_05_without_a_date(gest, time_machine) -> None:
    token = gest.create().token
    time_machine.move_to(timezone.now() + timedelta(hours=16))
    checked, revoked = gest.check(token), gest.revoke(token)
    assert checked.error == ("W", "07", "ID-SESSIONE richiesto in consultazione risulta non più valido")
    assert (dict(checked.leaves)["stato"], dict(checked.leaves)["descrizione"]) == ("2", "Scaduto")
    assert (revoked.code, revoked.info) == ("05", None)


def test_an_id_dies_with_the_certified_address(gest, certified, anna) -> None:
    token = gest.create().token
    certified.revoke(anna, timezone.now())
    assert gest.check(token).code == "06"


def test_a_new_create_replaces_the_waiting_id_and_leaves_the_one_in_use(gest) -> None:
    in_use = gest.create().token
    using.use(row_of(in_use), timezone.now())
    waiting = gest.create().token
    newest = gest.create().token
    assert [state_of(token) for token in (in_use, waiting, newest)] == [State.ATTIVO, State.REVOCATO, State.VALIDATO]


def test_policy_replace_revokes_every_earlier_id(gest) -> None:
    Context.objects.update(policy="replace")
    first = gest.create().token
    using.use(row_of(first), timezone.now())
    second = gest.create().token
    assert gest.check(first).code == "06"
    assert gest.check(second).done


def test_applicazione_may_be_absent_or_empty_where_a_row_has_none(gest) -> None:
    Context.objects.create(contesto="RICETTA-NERA", applicazione="")
    assert gest.create(contesto="RICETTA-NERA", applicazione="").done
    assert gest.create(contesto="RICETTA-NERA", applicazione=None).done


def test_check_token_writes_nothing(gest) -> None:
    token = gest.create().token
    gest.check(token)  # the certificates are cached for a while
    with CaptureQueriesContext(connection) as queries:
        assert gest.check(token).done
    assert all(query["sql"].lstrip().upper().startswith("SELECT") for query in queries)
    assert len(queries) == 1  # the id with its related rows, its context too


def test_a_live_id_spares_both_slow_hashes(gest, utenza, settings) -> None:
    token = gest.create().token
    # an MD5 hash can no longer be checked
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    assert gest.check(token).done
    assert gest.check(token, identificativo={"tipo": "P", "valore": encrypted("1729594276")}).done


def test_a_client_that_repeats_the_ciphertext_of_its_create_is_not_deciphered_again(gest, certificate) -> None:
    token = gest.create().token
    certificates.make(timezone.now())
    certificates.retire(certificate.serial, timezone.now())
    assert gest.check(token).done
    assert gest.check(token, identificativo={"tipo": "P", "valore": "A" * 256}).code == "302"
    assert gest.create().code == "302"


def test_the_row_remembers_where_the_request_came_from(gest) -> None:
    assert row_of(gest.create().token).requested_from == "127.0.0.1"


def test_requests_from_too_many_addresses_block_the_utenza(gest, settings) -> None:
    settings.A2F_MAX_ADDRESSES_A_DAY = 2
    answers = [gest.post(gest.message("create"), REMOTE_ADDR=f"192.0.2.{n}") for n in (1, 2, 3)]
    assert [answer.status for answer in answers] == [200, 200, 500]
    assert answers[2].fault == "Errore generico di autenticazione"
    assert gest.create().status == 500


def test_another_utenza_reads_its_own_ids_only(gest, utenza, al_redentore) -> None:
    token = gest.create().token
    other = make_utenza("UVBRUNO1", al_redentore)
    other.set_password("SALVE", timezone.now())
    other.set_pincode("1729594276")
    other.save()
    stranger = gestionale(other)
    unknown = stranger.check("00000000-0000-4000-8000-000000000000")
    assert stranger.check(token).timeless == unknown.timeless
    assert stranger.revoke(token).code == "603"
    assert gest.check(token).done


def test_a_program_in_a_loop_gets_no_more_ids_and_the_last_one_stays_good(gest, utenza, context, caplog) -> None:
    now = timezone.now()
    for _ in range(MANY - 1):
        issuing.issue(utenza, context, now - timedelta(minutes=50))
    last = gest.create().token
    letters = OutgoingMail.objects.count()
    assert gest.create().error == ("F", "9999", "Errore di sistema.")
    assert "in a loop" in caplog.text
    assert OutgoingMail.objects.count() == letters
    assert gest.check(last).done
    assert gest.create(contesto="RICETTA-BIANCA").done
    with time_machine.travel(now + timedelta(minutes=11), tick=False):
        assert gest.create().done


@pytest.mark.parametrize("outcome", [ResultCode("12345", "E", "Cinque cifre"), ResultCode("01", "EE", "Due lettere")])
def test_a_reply_that_the_schema_does_not_know_is_not_sent(outcome) -> None:
    with pytest.raises(reply.NotOfTheSchema):
        reply.checked(reply.written(Operation.CHECK, reply.SoapReply(outcome), []))
