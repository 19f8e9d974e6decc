"""On PostgreSQL the journal refuses UPDATE and DELETE. Only forget() may delete lines, by a setting of its transaction; no
statement may change the links. The owner of the tables can remove the trigger: the chain makes that evident.
"""

from django.db import migrations

MAKE = """
create function journal_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and tg_table_name = 'journal_entry' and current_setting('portal.forgetting', true) = 'on' then
    return old;
  end if;
  raise exception 'The journal is append-only.' using errcode = 'integrity_constraint_violation';
end $$;
create trigger journal_entry_append_only before update or delete on journal_entry
  for each row execute function journal_is_append_only();
create trigger journal_entrylink_append_only before update or delete on journal_entrylink
  for each row execute function journal_is_append_only();
"""
REMOVE = """
drop trigger journal_entrylink_append_only on journal_entrylink;
drop trigger journal_entry_append_only on journal_entry;
drop function journal_is_append_only();
"""


def on_postgresql(statements):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(statements)

    return run


class Migration(migrations.Migration):
    replaces = [("journal", "0003_append_only")]
    dependencies = [("journal", "0001_squashed")]

    operations = [migrations.RunPython(on_postgresql(MAKE), on_postgresql(REMOVE))]
