"""Copies of reminders that were chosen before each mailbox was confirmed by a code go on after the upgrade."""

from tests.upgrade.test_squash import load, make, vendor  # noqa: F401  fixtures

BEFORE = """
insert into pharmacy_sessions_remindersettings
  (pharmacy_id, minutes_before, tell_when_expired, copy_to, copy_named_by_id, copy_named_at)
  select id, '[60]', false, 'An.Na+x@gmail.com', (select min(id) from identity_user), '2026-11-30 08:00:00+00:00'
  from pharmacies_pharmacy;
insert into pharmacy_sessions_reminder (id_sessione_id, minutes_before, due_at, skipped_because, copy_id)
  select min(i.id), 44, '2026-11-30 08:00:00+00:00', '', min(m.id) from pharmacy_sessions_idsessione i, outbox_outgoingmail m;
"""


def test_a_named_address_keeps_its_copies_and_a_copy_its_reminder(load):  # noqa: F811
    database = load("copies")
    done = database.manage("migrate", "pharmacy_sessions", "0005_bulk_of_a_supplier", "--verbosity", "0")
    assert done.returncode == 0, done.stderr
    database.run(BEFORE)
    done = database.manage("migrate", "--verbosity", "0")
    assert done.returncode == 0, done.stderr
    named = "select address, mailbox, is_older, confirmed_at, person_id is null from pharmacies_copymailbox"
    assert database.rows(named) == [("An.Na+x@gmail.com", "anna@gmail.com", True, None, False)]
    expected = "select r.id, r.copy_id from pharmacy_sessions_reminder r where r.copy_id is not null"
    assert database.rows("select reminder_id, letter_id from pharmacy_sessions_remindercopy") == database.rows(expected)
    assert len(database.rows(expected)) == 1
