"""Reads what the gate and checkToken need: one id and the rows that decide about it, in one query written by hand."""

import re
from datetime import date, datetime, time
from typing import Any, NamedTuple

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from portal.time.clock import ROME
from sessions.models import State

# One text for SQLite and PostgreSQL. By hand, because the ORM's `get` costs five times as much.
_READ = """
select i.id, i.utenza_id, u.user_id, u.codice_fiscale, u.password, p.code, x.contesto, x.applicazione,
    i.requested_at, i.expires_at, i.first_used_at, i.revoked_at, m.revoked_at, u.disabled_at, u.blocked_at, p.closed_on,
    i.fingerprint{more}
from pharmacy_sessions_idsessione i
join pharmacies_utenza u on u.id = i.utenza_id
join pharmacies_mailcertification m on m.id = i.certification_id
join pharmacy_sessions_context x on x.id = i.context_id
left join pharmacies_pharmacy p on p.id = i.pharmacy_id
where i.digest = %s
"""
_FOR_THE_SERVICE = """, u.pincode, i.service_fingerprint, i.pincode_fingerprint, i.ciphertext_fingerprint,
    cast(x.required_fields as text), x.allowed_tipo"""
READ, READ_FOR_THE_SERVICE = (_READ.format(more=more) for more in ("", _FOR_THE_SERVICE))


def _for_sqlite(statement: str) -> str:
    """Appends the UTC offset that SQLite does not store: Python's C code then parses the text, past Django's converters."""
    return re.sub(r"\b\w\.\w+_at\b", r"\g<0> || '+00:00'", statement)


# sqlite3 writes a parameter as `?`, and caches prepared statements by itself
_PREPARED_SQLITE = {statement: _for_sqlite(statement).replace("%s", "?") for statement in (READ, READ_FOR_THE_SERVICE)}


class GateRow(NamedTuple):
    """One id and the rows that decide about it, in the column order of READ. Instants are UTC."""

    pk: int
    utenza_id: int
    user_id: str
    codice_fiscale: str
    password: str  # the slow hash
    pharmacy: str | None  # its code; None: a doctor
    contesto: str
    applicazione: str
    requested_at: datetime
    expires_at: datetime
    first_used_at: datetime | None
    revoked_at: datetime | None
    address_revoked_at: datetime | None
    disabled_at: datetime | None
    blocked_at: datetime | None
    closed_on: date | None
    fingerprint: bytes | None
    pincode: str = ""  # the slow hash; the gate does not read this column nor the following ones
    service_fingerprint: bytes | None = None
    pincode_fingerprint: bytes | None = None
    ciphertext_fingerprint: bytes | None = None
    required_fields: str = "[]"  # JSON; this and the next are columns of the context
    allowed_tipo: str = "P"

    def ended_early_at(self, now: datetime) -> datetime | None:
        """Same rule as IdSessione.ended_early_at."""
        facts = [self.revoked_at, self.address_revoked_at, self.disabled_at, self.blocked_at]
        if self.closed_on is not None and self.closed_on <= now.astimezone(ROME).date():
            facts.append(datetime.combine(self.closed_on, time(), ROME))
        return min((fact for fact in facts if fact is not None), default=None)

    def state(self, now: datetime) -> State:
        """Same rule as IdSessione.state: a test compares the two."""
        ended, expired = self.ended_early_at(now), self.expires_at <= now
        if ended is not None and not (expired and ended >= self.expires_at):
            return State.REVOCATO
        if expired:
            return State.SCADUTO
        return State.VALIDATO if self.first_used_at is None else State.ATTIVO

    def is_live(self, now: datetime) -> bool:
        """Same rule as IdSessione.is_live."""
        return self.state(now) in (State.VALIDATO, State.ATTIVO)


_INSTANTS = slice(GateRow._fields.index("requested_at"), GateRow._fields.index("closed_on"))


def read(id_digest: bytes, statement: str = READ) -> GateRow | None:
    """Reads the id with this SHA-256 digest, in whatever state; None when there is none.

    One query. The web service passes READ_FOR_THE_SERVICE, which has a few columns more.
    """
    database = connections[DEFAULT_DB_ALIAS]
    is_postgres = database.vendor == "postgresql"
    if database.queries_logged:  # only Django's cursor logs queries
        with database.cursor() as cursor:
            cursor.execute(statement if is_postgres else _for_sqlite(statement), [id_digest])
            found = cursor.fetchone()
    elif is_postgres:
        found = _read_prepared(database, statement, id_digest)
    else:
        database.ensure_connection()
        with database.wrap_database_errors:
            found = database.connection.execute(_PREPARED_SQLITE[statement], (id_digest,)).fetchone()
    if found is None:
        return None
    return GateRow(*(found if is_postgres else _from_text(found)))


def _read_prepared(database: BaseDatabaseWrapper, statement: str, id_digest: bytes) -> tuple[Any, ...] | None:
    """Runs a prepared statement on Django's connection, past Django's cursor, which binds parameters in the client.

    On an error outside a transaction it runs once more, on a new connection and not prepared. So no connection is tested
    beforehand: the server may have closed it, a column may have changed its type since the statement was prepared, or a pooler may
    have handed over a connection that does not know it.
    """
    database.ensure_connection()
    try:
        return _execute(database, statement, id_digest, prepare=True)
    except psycopg.Error:
        if database.in_atomic_block:
            raise
    database.close()
    database.ensure_connection()
    with database.wrap_database_errors:
        return _execute(database, statement, id_digest, prepare=False)


def _execute(
    database: BaseDatabaseWrapper, statement: str, id_digest: bytes, *, prepare: bool
) -> tuple[Any, ...] | None:
    # In the binary format psycopg's C code parses instants; as text they would pass through Django's Python.
    cursor = psycopg.Cursor(database.connection)
    return cursor.execute(statement, (id_digest,), prepare=prepare, binary=True).fetchone()


def _from_text(found: tuple[Any, ...]) -> list[Any]:
    """The columns of a row of SQLite, with its instants parsed (UTC)."""
    values = list(found)
    values[_INSTANTS] = [at and datetime.fromisoformat(at) for at in found[_INSTANTS]]
    return values
