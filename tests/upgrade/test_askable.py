"""An existing database gets the contexts of each type of site: the ricetta bianca for parafarmacie, as its operators named it."""

from tests.upgrade.test_squash import load, make, vendor  # noqa: F401  fixtures

BEFORE = """
update pharmacy_sessions_context set contesto = 'RBE' where contesto = 'RICETTA-BIANCA';
insert into pharmacy_sessions_context (contesto, applicazione, title, hours, policy, required_fields, allowed_tipo)
  values ('RICETTA-NERA', 'EROGATORE', '', 16, 'overlap', '[]', 'P');
"""
ROWS = """
select c.contesto, c.applicazione, a.type from pharmacy_sessions_askablecontext a
join pharmacy_sessions_context c on c.id = a.context_id order by c.id, a.type
"""


def test_every_context_is_kept_for_farmacie_and_the_ricetta_bianca_is_found_for_parafarmacie(load):  # noqa: F811
    database = load("askable")
    done = database.manage("migrate", "pharmacy_sessions", "0006_reminder_copies", "--verbosity", "0")
    assert done.returncode == 0, done.stderr
    database.run(BEFORE)
    done = database.manage("migrate", "--verbosity", "0")
    assert done.returncode == 0, done.stderr
    rows = database.rows(ROWS)
    assert [row for row in rows if row[2] == 5] == [("RBE", "EROGATORE", 5)]
    contexts = {row[:2] for row in rows}
    assert ("RICETTA-NERA", "EROGATORE") in contexts
    assert all((*context, kind) in rows for context in contexts for kind in (1, 2, 3, 4))
