"""Reads the environment of the process: each value may come from a file (`NAME_FILE`), each mistake raises a sentence."""

import base64
import os
import re
import warnings
from collections.abc import Callable
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from portal.secrets.kept import kept_once

_Made = TypeVar("_Made")
DEMO, TEST, PRODUCTION = "demo", "test", "production"
SHORTEST_SECRET = 50  # characters
LARGEST_NUMBER = 1_000_000_000  # seconds: 31 years
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # a PEM has line ends
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?)+\Z", re.ASCII | re.IGNORECASE)
_SMTP_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465, "smtps": 465}


def value_of(name: str) -> str:
    """The value of `NAME`, or the content of the file that `NAME_FILE` names; "" when neither is set.

    Strips a byte order mark and surrounding white space. Expands nothing: a `$` is a `$`. Raises ImproperlyConfigured with a
    sentence.
    """
    file = os.environ.get(f"{name}_FILE", "").strip()
    try:
        # UTF-8, whatever the locale
        read = (Path(file).read_bytes() if file else os.fsencode(os.environ.get(name, ""))).decode()
    except UnicodeError as error:
        raise ImproperlyConfigured(f"{name} is not UTF-8 text.") from error
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read.") from error
    value = read.strip().removeprefix("\ufeff").strip()
    if file and not value:
        raise ImproperlyConfigured(f"{name}_FILE names an empty file.")
    if _CONTROL.search(value):
        raise ImproperlyConfigured(f"{name} holds a control character.")
    return value


def var_dir(base_dir: Path) -> Path:
    """The folder for files of the portal outside the database (`PORTAL_VAR`)."""
    return Path(os.fsdecode(value_of("PORTAL_VAR").encode()) or base_dir / "var")


class Environment:
    """Reads and checks `NAME`, or the file named by `NAME_FILE` (Docker and systemd credentials).

    Raises ImproperlyConfigured with a sentence that names the variable and never repeats its value.
    """

    def __init__(self, base_dir: Path) -> None:
        self.mode = self.choice("PORTAL_MODE", [DEMO, TEST, PRODUCTION], default=DEMO)
        self.production = self.mode == PRODUCTION
        self.on_the_network = self.mode != DEMO  # a variable has no default that only this machine could use
        self.var_dir = var_dir(base_dir)

    def text(self, name: str, *, default: str | None = None) -> str:
        """The value as text; without a default the variable must be set and not empty."""
        value = value_of(name)
        if value or default is not None:
            return value or (default or "")
        raise ImproperlyConfigured(
            f"{name} is missing: set {name}, or {name}_FILE with the path of a file that holds it."
        )

    def choice(self, name: str, allowed: list[str], *, default: str) -> str:
        value = self.text(name, default=default)
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} must be one of: {', '.join(allowed)}.")
        return value

    def number(self, name: str, *, default: int, least: int = 0) -> int:
        value = self.text(name, default=str(default))
        if not (value.isascii() and value.isdigit() and len(value) < 20 and least <= int(value) <= LARGEST_NUMBER):
            raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {LARGEST_NUMBER}.")
        return int(value)

    def flag(self, name: str, *, default: bool) -> bool:
        return self.choice(name, ["0", "1"], default="1" if default else "0") == "1"

    def names(self, name: str, *, default: list[str] | None = None) -> list[str]:
        """A comma-separated list; without a default the variable must be set. Refuses a value of commas alone."""
        value = self.text(name, default=None if default is None else ",".join(default))
        found = [part.strip() for part in value.split(",") if part.strip()]
        if value and not found:
            raise ImproperlyConfigured(f"{name} holds commas and nothing between them.")
        return found

    def address(self, name: str, *, default: str | None = None, schemes: tuple[str, ...] = ("https", "http")) -> str:
        """An http(s) address; empty only by default."""
        value = self.text(name, default=default)
        parsed = _split(value)
        if value and (parsed is None or parsed.scheme not in schemes or not parsed.hostname or " " in value):
            raise ImproperlyConfigured(f"{name} must be an address: {schemes[0]}://name.example.org.")
        return value

    def domain(self, name: str, *, default: str | None = None) -> str:
        """A domain in ASCII letters (an accented one as xn--…); empty only by default."""
        value = self.text(name, default=default)
        if value and not _DOMAIN.match(value):
            raise ImproperlyConfigured(f"{name} must be a domain: portale.example.org.")
        return value

    def mailbox(self, name: str, *, default: str) -> str:
        """An e-mail address, with or without a name before it."""
        value = self.text(name, default=default)
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(value)[1]) or len(value.splitlines()) > 1:
            raise ImproperlyConfigured(f"{name} must be an e-mail address: Name <name@example.org>.")
        return value

    def folder(self, *parts: str) -> Path:
        """A folder under PORTAL_VAR, created if missing."""
        path = self.var_dir.joinpath(*parts)
        _written(lambda: path.mkdir(parents=True, exist_ok=True))
        return path

    def networks(self, name: str, *, default: list[str]) -> list[IPv4Network | IPv6Network]:
        try:
            return [ip_network(part) for part in self.names(name, default=default)]
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be a list of networks: 10.0.0.0/8,192.168.1.0/24.") from error

    def secret(self, name: str) -> str:
        """A secret of at least 50 characters. The demonstration generates one and keeps it under var/."""
        if not self.on_the_network and not self.text(name, default=""):
            return self._kept(name.lower())
        value = self.text(name)
        if len(value) < SHORTEST_SECRET:
            raise ImproperlyConfigured(f"{name} is too short: {SHORTEST_SECRET} characters or more, random.")
        return value

    def sealing_keys(self) -> list[str]:
        """Fernet keys: the first encrypts, all of them decrypt (`python manage.py new_sealing_key` makes one)."""
        if not self.on_the_network and not self.text("SEALING_KEYS", default=""):
            derived = self._kept("sealing_key").encode()[:32]
            return [base64.urlsafe_b64encode(derived).decode()]
        keys = self.names("SEALING_KEYS")
        for key in keys:
            try:
                Fernet(key)
            except ValueError as error:
                raise ImproperlyConfigured(
                    "SEALING_KEYS must hold Fernet keys (32 bytes, base64), separated by commas."
                ) from error
        return keys

    def webhook_secret(self, name: str) -> bytes:
        """`whsec_` and base64 of 24 to 64 bytes (Standard Webhooks); empty when it is not set."""
        value = self.text(name, default="")
        try:
            secret = base64.b64decode(value.removeprefix("whsec_"), validate=True)
        except ValueError:
            secret = b""
        if value and not 24 <= len(secret) <= 64:
            raise ImproperlyConfigured(f"{name} must be whsec_ and 24 to 64 random bytes in base64.")
        return secret

    def database(self) -> dict[str, object]:
        """`DATABASE_URL`: a PostgreSQL address; without it the demonstration uses an embedded SQLite file."""
        url = self.text("DATABASE_URL", default=None if self.on_the_network else "sqlite")
        if url == "sqlite":
            return sqlite(self.folder() / "portal.sqlite3")
        try:
            with warnings.catch_warnings():  # an address of another database is refused below
                warnings.simplefilter("ignore")
                parsed = environ.Env.db_url_config(url)
        except Exception as error:
            raise ImproperlyConfigured(
                "DATABASE_URL cannot be read: postgres://user:password@host:5432/name."
            ) from error
        if parsed.get("ENGINE") != "django.db.backends.postgresql" or not parsed.get("NAME"):
            raise ImproperlyConfigured(
                "DATABASE_URL must be a PostgreSQL address: postgres://user:password@host:5432/name."
            )
        # Only the gate's read uses prepared statements: the ORM binds parameters in the client. 0 is for a pooler that shares
        # connections between transactions and does not support them (PgBouncer before 1.21).
        prepare = self.flag("DATABASE_PREPARE", default=True)
        options = {**parsed.get("OPTIONS", {}), "prepare_threshold": 5 if prepare else None}
        kept_for = self.number("DATABASE_CONN_MAX_AGE", default=600)
        own = {"OPTIONS": options, "CONN_MAX_AGE": kept_for, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}
        # such a pooler cuts a cursor on the server in its middle; long results are read by portal/database/paging.py
        return {**parsed, **own, "DISABLE_SERVER_SIDE_CURSORS": True}

    def redis_url(self) -> str:
        """`REDIS_URL`, for broker and cache: redis://host:6379/0 or unix:///path?db=0; "" only in the demonstration.

        broker_url() and cache_url() convert the address of a socket to the form of each library.
        """
        url = self.text("REDIS_URL", default=None if self.on_the_network else "")
        parsed = _split(url)
        if url and (parsed is None or not _is_redis(parsed)):
            raise ImproperlyConfigured(
                "REDIS_URL must be a Redis address: redis://host:6379/0 or unix:///path/of/socket."
            )
        return url

    def email(self) -> dict[str, object]:
        """`EMAIL_URL`, the SMTP server for outgoing letters: smtp+tls://user:password@host:587 (STARTTLS), smtp+ssl:// or
        smtps:// (TLS from the first byte, port 465).
        """
        parsed = _split(self.text("EMAIL_URL", default=None if self.on_the_network else "smtp://127.0.0.1:8025"))
        if parsed is None or parsed.scheme not in _SMTP_PORTS or not parsed.hostname:
            raise ImproperlyConfigured("EMAIL_URL must be an SMTP address: smtp+tls://user:password@host:587.")
        if parsed.path.strip("/") or parsed.query or parsed.fragment:
            raise ImproperlyConfigured(
                "EMAIL_URL has something after the port: write / ? # of a password as %2F %3F %23; the scheme says how TLS is"
                " spoken (smtp+tls, smtp+ssl)."
            )
        port = parsed.port or _SMTP_PORTS[parsed.scheme]
        if parsed.scheme == "smtps" and port == _SMTP_PORTS["smtp+tls"]:
            raise ImproperlyConfigured(
                "EMAIL_URL: port 587 speaks STARTTLS, write smtp+tls://; smtps:// is for port 465."
            )
        return {
            "EMAIL_HOST": parsed.hostname,
            "EMAIL_PORT": port,
            "EMAIL_HOST_USER": unquote(parsed.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parsed.password or ""),
            "EMAIL_USE_TLS": parsed.scheme == "smtp+tls",
            "EMAIL_USE_SSL": parsed.scheme in ("smtps", "smtp+ssl"),
        }

    def _kept(self, name: str) -> str:
        """A random text, generated at the first start of the demonstration and kept under var/, readable by its owner only."""
        path = self.var_dir / name
        kept = _written(lambda: kept_once(path, lambda: base64.urlsafe_b64encode(os.urandom(48))))
        if len(kept.strip()) < SHORTEST_SECRET or not kept.isascii():
            raise ImproperlyConfigured(
                f"The file {name} in PORTAL_VAR (var/) is empty or damaged. If it cannot be restored, delete it: the next start"
                " makes another, and what was sealed or signed with the old one is lost."
            )
        return kept.decode().strip()


def broker_url(redis_url: str) -> str:
    """The address in Celery's form: a socket is redis+socket:///path?virtual_host=0."""
    return redis_url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)


def cache_url(redis_url: str) -> str:
    """The address in redis-py's form: a socket is unix:///path?db=0."""
    return redis_url.replace("redis+socket://", "unix://", 1).replace("?virtual_host=", "?db=", 1)


def sqlite(path: Path) -> dict[str, object]:
    """The embedded database: WAL, and every transaction takes the write lock at its start (no deadlock on upgrade)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        },
        "CONN_MAX_AGE": 600,
    }


def _split(url: str) -> SplitResult | None:
    """Parses an address; None when it cannot be parsed, or its port is no valid number."""
    try:
        parsed = urlsplit(url)
        return parsed if parsed.port is None or 0 < parsed.port < 65536 else None
    except ValueError:
        return None


def _is_redis(parsed: SplitResult) -> bool:
    if parsed.scheme in ("unix", "redis+socket"):
        return parsed.path.startswith("/") and len(parsed.path) > 1
    database = parsed.path.strip("/")
    return (
        parsed.scheme in ("redis", "rediss")
        and bool(parsed.hostname)
        and re.fullmatch(r"[0-9]{0,5}", database) is not None
    )


def _written(act: Callable[[], _Made]) -> _Made:
    """Calls `act`, which writes under PORTAL_VAR. Raises ImproperlyConfigured with the system's reason when that fails."""
    try:
        return act()
    except OSError as error:
        raise ImproperlyConfigured(
            f"PORTAL_VAR (var/) is a folder where nothing can be written: {error.strerror or 'no reason given'}."
        ) from error
