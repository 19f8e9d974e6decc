"""Changes to the journal are detected."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from portal.journal.models import CHAIN, Entry, EntryLink, record
from portal.journal.retention import ACTS_KEPT_FOR, DAILY_KEPT_FOR
from tests.parallel import in_parallel

NOW = datetime(2026, 11, 23, 13, 32, 10, 123456, tzinfo=UTC)
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="the trigger is PostgreSQL's")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def lines(anna) -> list[Entry]:
    """Five lines, sealed."""
    made = [
        record("utenza.blocked", now=NOW, actor=anna, about="4512", user_id=f"UV{number}", revoked=number)
        for number in range(4)
    ] + [record("id.issued", now=NOW, about="4512", last4="4hwd", context="SSN", asked="dal gestionale")]
    assert CHAIN.seal(NOW) == 5
    return made


def verify(*arguments: str) -> tuple[int, str]:
    """Exit code and output of `verify_journal`."""
    said = StringIO()
    try:
        call_command("verify_journal", *arguments, stdout=said, stderr=StringIO())
    except SystemExit as stopped:
        return int(stopped.code), said.getvalue()
    return 0, said.getvalue()


def tamper(sql: str, *values: object) -> None:
    """Changes rows as the owner of the database could: by SQL, with the trigger disabled."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # the deferred foreign keys must be checked before their triggers are disabled
            cursor.execute("set constraints all immediate")
            cursor.execute("set local session_replication_role = replica")
        cursor.execute(sql, values)
        if connection.vendor == "postgresql":
            cursor.execute("set local session_replication_role = origin")


def test_an_untouched_journal_holds(lines):
    code, said = verify()
    assert code == 0
    assert "5 links: 5 lines as they were written, 0 forgotten in time; 0 lines not sealed yet." in said
    assert said.endswith("The journal holds.\n")


def test_an_empty_journal_holds():
    assert verify()[0] == 0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor_name", "Bruno Bianchi"), ("verb", "utenza.unblocked"), ("about", "1877"), ("origin", "10.0.0.1"),
        ("detail", '{"user_id": "UV2", "revoked": 0}'), ("actor_id", None), ("at", "2026-11-22 13:32:10.123456+00:00"),
    ],
)  # fmt: skip
def test_a_line_that_was_changed_is_named(lines, column, value):
    tamper(f"update journal_entry set {column} = %s where id = %s", value, lines[2].pk)  # noqa: S608
    code, said = verify()
    assert code == 1
    assert f"BREAK at position 3, line {lines[2].pk}: the row was changed." in said
    assert said.count("BREAK") == 1


def test_a_line_that_was_deleted_before_its_time_is_named(lines):
    tamper("delete from journal_entry where id = %s", lines[1].pk)
    code, said = verify()
    assert code == 1
    assert f"BREAK at position 2, line {lines[1].pk}: the row is gone before its time (2036-11-23)." in said


def test_a_link_that_was_changed_is_named(lines):
    tamper("update journal_entrylink set keep_until = %s where position = 4", "2020-01-01 00:00:00+00:00")
    code, said = verify()
    assert (code, said.count("BREAK at position 4")) == (1, 1)


def test_a_link_that_was_taken_out_leaves_a_hole(lines):
    tamper("delete from journal_entrylink where position = 3")
    code, said = verify()
    assert code == 1
    assert "BREAK at position 3, line ?: the link is missing." in said


def test_a_link_made_by_somebody_without_the_key_does_not_hold(lines, settings):
    """A link can be recomputed only with the key."""
    keys = settings.SEALING_KEYS
    tamper("update journal_entry set actor_name = %s where id = %s", "Bruno Bianchi", lines[3].pk)
    tamper("delete from journal_entrylink where position > 3")
    settings.SEALING_KEYS = [Fernet.generate_key().decode()]
    CHAIN.seal(NOW)
    settings.SEALING_KEYS = keys
    code, said = verify()
    assert code == 1
    assert "BREAK at position 4" in said


def test_a_tail_that_was_cut_off_is_seen_by_who_kept_the_newest_link(lines):
    kept = CHAIN.head()
    assert verify("--expect", kept)[0] == 0
    tamper("delete from journal_entrylink where position = 5")
    tamper("delete from journal_entry where id = %s", lines[4].pk)
    assert verify()[0] == 0
    code, said = verify("--expect", kept)
    assert code == 1
    assert "the chain ends before the link that was expected" in said


def test_a_new_sealing_key_does_not_break_what_the_old_one_sealed(lines, settings):
    settings.SEALING_KEYS = [Fernet.generate_key().decode(), *settings.SEALING_KEYS]
    record("context.changed", now=NOW)
    assert CHAIN.seal(NOW) == 1
    assert verify()[0] == 0


def test_a_line_that_was_never_sealed_is_seen_after_an_hour(lines, clock):
    tamper("delete from journal_entrylink where position = 5")
    clock.shift(timedelta(hours=2))
    record("context.changed", now=NOW)
    code, said = verify()
    assert code == 0
    assert "2 lines not sealed yet" in said
    CHAIN.seal(datetime.now(UTC))
    tamper("delete from journal_entrylink where position = 3")
    assert "the row was never sealed" in verify()[1]


def test_a_line_committed_just_after_a_sealing_is_sealed_by_a_sealer_that_was_away(lines, clock):
    """Its id is lower than a sealed one, and the sealer runs again only hours later."""
    last = record("context.changed", now=NOW)
    tamper("update journal_entry set id = %s where id = %s", last.pk + 1000, last.pk)
    assert CHAIN.seal(NOW) == 1
    late = record("context.changed", now=NOW)
    tamper("update journal_entry set id = %s where id = %s", last.pk + 1, late.pk)
    clock.shift(timedelta(hours=2))
    assert CHAIN.seal(datetime.now(UTC)) == 1
    clock.shift(timedelta(hours=2))
    assert verify()[0] == 0


def test_sealing_again_changes_nothing(lines):
    head = CHAIN.head()
    assert CHAIN.seal(NOW) == 0
    assert CHAIN.head() == head


def test_lines_written_later_hang_on_the_ones_before(lines):
    record("context.changed", now=NOW)
    assert CHAIN.seal(NOW) == 1
    assert verify()[1].startswith("6 links")


def test_the_verdict_can_be_read_by_a_program(lines):
    tamper("update journal_entry set verb = 'x' where id = %s", lines[0].pk)
    code, said = verify("--json")
    verdict = json.loads(said)
    assert code == 1
    assert verdict["holds"] is False
    assert verdict["breaks"] == [{"position": 1, "row_id": lines[0].pk, "why": "the row was changed"}]


def test_a_line_that_is_committed_late_comes_later_in_the_chain(lines):
    """Ids are assigned before COMMIT: a lower id can become visible after a higher one was sealed."""
    Entry.objects.bulk_create([Entry(pk=lines[4].pk + 100, at=NOW, actor_name="Portale", verb="x")])
    CHAIN.seal(NOW)
    Entry.objects.bulk_create([Entry(pk=lines[4].pk + 50, at=NOW, actor_name="Portale", verb="late")])
    CHAIN.seal(NOW)
    assert list(EntryLink.objects.order_by("-position").values_list("row_id", flat=True)[:2]) == [
        lines[4].pk + 50, lines[4].pk + 100,
    ]  # fmt: skip
    assert verify()[0] == 0


@pytest.mark.django_db(transaction=True)
def test_two_sealers_at_once_make_one_chain():
    for number in range(40):
        record("context.changed", now=NOW, context=str(number))
    in_parallel([lambda: CHAIN.seal(NOW)] * 4)
    CHAIN.seal(NOW)
    assert EntryLink.objects.count() == 40
    assert verify()[0] == 0


# --- append-only


def test_no_line_is_changed_or_deleted_through_the_model(lines):
    for forbidden in (
        lines[0].save, lines[0].delete, Entry.objects.all().delete, Entry.objects.filter(pk=1).delete,
        lambda: Entry.objects.update(verb="x"), lambda: Entry.objects.bulk_update(lines, ["verb"]),
    ):  # fmt: skip
        with pytest.raises(TypeError, match="append-only"):
            forbidden()
    assert verify()[0] == 0


@on_postgresql
@pytest.mark.parametrize(
    "sql",
    [
        "update journal_entry set verb = 'x'",
        "delete from journal_entry",
        "update journal_entrylink set keep_until = now()",
        "delete from journal_entrylink",
    ],
)
def test_the_database_refuses_who_comes_without_the_application(lines, sql):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@on_postgresql
def test_what_lets_lines_be_forgotten_lets_no_line_be_changed(lines):
    both = "select set_config('portal.forgetting', 'on', true); update journal_entry set verb = 'x'"
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(both)


# --- retention


def purge(*arguments: str) -> str:
    said = StringIO()
    call_command("purge", *arguments, stdout=said)
    return said.getvalue()


def test_nothing_is_forgotten_before_its_time(lines, clock):
    clock.move_to(NOW + DAILY_KEPT_FOR - timedelta(seconds=1))
    purge()
    assert Entry.objects.count() == 5


def test_the_daily_lines_are_forgotten_after_24_months_and_the_chain_holds(lines, clock):
    clock.move_to(NOW + DAILY_KEPT_FOR)
    assert "lines of the journal           1" in purge()
    assert set(Entry.objects.values_list("verb", flat=True)) == {"utenza.blocked"}
    code, said = verify()
    assert code == 0
    assert "4 lines as they were written, 1 forgotten in time" in said


def test_the_acts_are_forgotten_after_ten_years(lines, clock):
    clock.move_to(NOW + ACTS_KEPT_FOR)
    purge()
    assert not Entry.objects.exists()
    assert EntryLink.objects.count() == 5
    assert verify()[0] == 0


def test_a_line_that_is_not_sealed_is_not_forgotten(clock):
    record("id.issued", now=NOW - timedelta(days=4000))
    purge()
    assert Entry.objects.count() == 1


def test_a_dry_run_counts_and_forgets_nothing(lines, clock):
    clock.move_to(NOW + DAILY_KEPT_FOR)
    said = purge("--dry-run")
    assert "lines of the journal           1" in said
    assert "Nothing was forgotten" in said
    assert Entry.objects.count() == 5


# --- address of origin


def test_a_line_says_from_where(anna_client, certified, san_marco):
    anna_client.post("/servizi/4512/sicurezza/gestione-mail/revoca/", REMOTE_ADDR="192.0.2.7")
    assert Entry.objects.get(verb="certification.revoked").origin == "192.0.2.7"


def test_the_background_work_comes_from_nowhere():
    assert record("context.changed", now=NOW).origin == ""
