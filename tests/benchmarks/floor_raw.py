"""(b): a WSGI function without Django: psycopg with a prepared statement (sqlite3 on SQLite), the same read as (a)."""

import os
import sqlite3
from hashlib import sha256
from threading import local

import psycopg

_thread = local()
_READ = "select id, expires_at from pharmacy_sessions_idsessione where digest = "


def _one(digest: bytes):
    """Reads the row on this thread's connection."""
    if not hasattr(_thread, "connection"):
        url = os.environ["DATABASE_URL"]
        _thread.postgres = url.startswith("postgres")
        _thread.connection = (
            psycopg.connect(url, autocommit=True)
            if _thread.postgres
            else sqlite3.connect(os.path.join(os.environ["PORTAL_VAR"], "portal.sqlite3"), isolation_level=None)
        )
    if _thread.postgres:
        return _thread.connection.execute(_READ + "%s", (digest,), prepare=True).fetchone()
    return _thread.connection.execute(_READ + "?", (digest,)).fetchone()


def application(environ, start_response):
    plain = environ["HTTP_AUTHORIZATION2F"].partition(" ")[2]
    row = _one(sha256(plain.encode()).digest())
    start_response("204 No Content", [("X-A2F-Expires-At", str(row[1])), ("Content-Length", "0")])
    return []
