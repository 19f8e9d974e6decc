"""A database of the last commit before the squash (b0a6e99) migrates forward: its data is there, its schema is that of today.

The dumps in data/ hold one pharmacy with two ids, a line of each important table, and two chains sealed with the key below.
The tests make databases of their own: the migrations run in processes of their own, as an operator runs them.
"""

import base64
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.db import connection

pytestmark = pytest.mark.processes
HERE = Path(__file__).parent
ROOT = HERE.parent.parent
AT = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)  # the dump's ids were issued an hour before, for 16 hours
KEY = base64.urlsafe_b64encode(b"0" * 32).decode()

LOOK = f"""
import json
from datetime import datetime
from django.apps import apps
from portal.identity.models.login import LOGINS
from portal.journal.models import CHAIN
from sessions.models import IdSessione
now = datetime.fromisoformat({AT.isoformat()!r})
ids = IdSessione.objects.with_facts().order_by("pk")
counts = {{m._meta.db_table: m._base_manager.count() for m in apps.get_models()}}
print(json.dumps({{
    "states": [row.state(now).value for row in ids],
    "live": IdSessione.objects.live(now).count(),
    "journal": [CHAIN.verify(now).holds, CHAIN.verify(now).checked],
    "logins": [LOGINS.verify(now).holds, LOGINS.verify(now).checked],
    "counts": counts,
}}))
"""
FILLED = {
    "pharmacies_pharmacy": 1, "pharmacies_office": 1, "pharmacies_mailcertification": 1, "pharmacies_utenza": 1,
    "identity_user": 2, "identity_logintransaction": 1, "identity_loginrecord": 1, "identity_passwordfailure": 1,
    "auth_group": 5, "pharmacy_sessions_context": 4, "pharmacy_sessions_idsessione": 2,
    "pharmacy_sessions_supportnote": 1, "pharmacy_sessions_webhookcall": 1, "pharmacy_sessions_bulkitem": 1,
    "outbox_outgoingmail": 2, "outbox_maildomain": 1, "outbox_bounce": 1, "outbox_unreadreport": 1, "journal_entry": 4,
}  # fmt: skip


class Database:
    """One empty database, and the commands of the portal on it."""

    def __init__(self, folder: Path, url: str = "") -> None:
        folder.mkdir(exist_ok=True)
        self.url, self.file = url, folder / "portal.sqlite3"
        self.environment = {**os.environ, "PORTAL_VAR": str(folder), "SEALING_KEYS": KEY, "DATABASE_URL": url}
        if not url:
            del self.environment["DATABASE_URL"]

    def run(self, statements: str) -> None:
        if self.url:
            with psycopg.connect(self.url, autocommit=True) as database:
                database.execute(statements)
        else:
            with closing(sqlite3.connect(self.file)) as database:
                database.executescript(statements)

    def rows(self, query: str) -> list[tuple]:
        connect = psycopg.connect(self.url) if self.url else sqlite3.connect(self.file)
        with closing(connect) as database:
            return database.execute(query).fetchall()

    def manage(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=self.environment, capture_output=True, text=True, encoding="utf-8",
            check=False,
        )  # fmt: skip

    def schema(self) -> set[str]:
        """Tables with their columns in any order, indexes, constraints, triggers and functions."""
        if not self.url:
            return {_any_order(sql) for (sql,) in self.rows("select sql from sqlite_master where sql is not null")}
        # PostgreSQL keeps the old key name of the one renamed table. Casts and parentheses change when a dump is restored.
        found = [line for (line,) in self.rows(PG_SCHEMA)]
        plain = [re.sub(r"::(character varying|text)(\[\])?|[()]", "", line) for line in found]
        return {line.replace("identity_staffloginfailure_pkey", "identity_passwordfailure_pkey") for line in plain}


def _any_order(sql: str) -> str:
    """An SQLite statement with its columns and constraints sorted."""
    head, _, body = sql.partition(" (")
    if not head.startswith("CREATE TABLE"):
        return sql
    parts = re.split(r', (?=["C])', body[:-1])
    return f"{head} {sorted(parts)}"


PG_SCHEMA = """
select concat_ws(' ', table_name, column_name, data_type, character_maximum_length, is_nullable, column_default, is_identity)
  from information_schema.columns where table_schema = 'public'
union all select indexdef from pg_indexes where schemaname = 'public'
union all select concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint
  where connamespace = 'public'::regnamespace
union all select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
union all select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace"""


@pytest.fixture
def vendor() -> str:
    return connection.vendor


@pytest.fixture
def make(tmp_path, vendor):
    """`make("name")`: an empty database of the kind that the suite runs on; PostgreSQL's are dropped at the end."""
    if vendor == "sqlite":
        yield lambda name: Database(tmp_path / name)
        return
    settings = connection.settings_dict
    server = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/".format(**{**settings, "PORT": settings["PORT"] or 5432})
    made = []

    def create(name: str) -> Database:
        full = f"test_squash_{os.getpid()}_{name}"
        made.append(full)
        Database(tmp_path / name, f"{server}postgres").run(f"create database {full}")
        return Database(tmp_path / name, f"{server}{full}")

    yield create
    for full in made:
        Database(tmp_path, f"{server}postgres").run(f"drop database if exists {full} with (force)")


@pytest.fixture
def load(make, vendor) -> Callable[[str], Database]:
    def load(name: str) -> Database:
        database = make(name)
        database.run((HERE / "data" / f"before_the_squash.{vendor}.sql").read_text(encoding="utf-8"))
        return database

    return load


def test_a_database_of_before_migrates_forward(make, load):
    old, new = load("old"), make("new")
    for database in (old, new):
        done = database.manage("migrate", "--verbosity", "0")
        assert done.returncode == 0, done.stderr
    assert old.manage("makemigrations", "--check", "--dry-run").returncode == 0
    assert old.schema() == new.schema()
    assert len(old.schema()) > 100

    seen = json.loads(old.manage("shell", "--verbosity", "0", "-c", LOOK).stdout)
    assert seen["states"] == ["Attivo", "Validato"]
    assert seen["live"] == 2
    assert (seen["journal"], seen["logins"]) == ([True, 4], [True, 1])
    assert {table: seen["counts"][table] for table in FILLED} == FILLED

    applied = {name for _, name in old.rows("select app, name from django_migrations")}
    assert {"0001_squashed", "0002_contexts", "0002_journal_is_append_only", "0002_roles_of_staff"} <= applied


def test_a_database_in_between_is_told_which_commit_it_must_pass_through(load):
    database = load("between")
    database.run("delete from django_migrations where app = 'demo' and name = '0003_seed_mark'")
    done = database.manage("migrate")
    assert done.returncode != 0
    assert "b0a6e99" in done.stderr
    assert "demo" in done.stderr
