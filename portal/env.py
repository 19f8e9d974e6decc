"""The environment of the process, read once: every value also from a file (`NAME_FILE`), every mistake a sentence."""

import base64
import os
import warnings
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

DEMO, PRODUCTION = "demo", "production"


class Environment:
    """Reads `NAME`, or the file named by `NAME_FILE` (Docker and systemd credentials), and says what is wrong with it.

    Raises ImproperlyConfigured with a sentence that names the variable and never repeats its value.
    """

    def __init__(self, base_dir: Path) -> None:
        self._env = environ.FileAwareEnv()
        self.mode = self.choice("PORTAL_MODE", [DEMO, PRODUCTION], default=DEMO)
        self.var_dir = Path(self.text("PORTAL_VAR", default=str(base_dir / "var")))

    @property
    def production(self) -> bool:
        return self.mode == PRODUCTION

    def text(self, name: str, *, default: str | None = None) -> str:
        """The value as text; without a default the variable must be there and not empty."""
        try:
            value = str(self._env.str(name, default="")).strip()
        except (OSError, ImproperlyConfigured) as error:
            raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read.") from error
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

    def number(self, name: str, *, default: int) -> int:
        value = self.text(name, default=str(default))
        if not value.isdigit():
            raise ImproperlyConfigured(f"{name} must be a whole number.")
        return int(value)

    def flag(self, name: str, *, default: bool) -> bool:
        return self.choice(name, ["0", "1"], default="1" if default else "0") == "1"

    def names(self, name: str, *, default: list[str] | None = None) -> list[str]:
        """A comma-separated list; without a default the variable must be there."""
        value = self.text(name, default=None if default is None else ",".join(default))
        return [part.strip() for part in value.split(",") if part.strip()]

    def networks(self, name: str, *, default: list[str]) -> list[IPv4Network | IPv6Network]:
        try:
            return [ip_network(part) for part in self.names(name, default=default)]
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be a list of networks: 10.0.0.0/8,192.168.1.0/24.") from error

    def secret(self, name: str) -> str:
        """A secret of at least 50 characters. The demonstration makes its own and keeps it under var/."""
        if not self.production and not self.text(name, default=""):
            return self._kept(name.lower())
        value = self.text(name)
        if len(value) < 50:
            raise ImproperlyConfigured(f"{name} is too short: 50 characters or more, random.")
        return value

    def sealing_keys(self) -> list[str]:
        """Fernet keys, the first one seals, all of them open (`python manage.py new_sealing_key` makes one)."""
        if not self.production and not self.text("SEALING_KEYS", default=""):
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
        """`DATABASE_URL`: PostgreSQL, or the embedded SQLite file when the demonstration has none."""
        url = self.text("DATABASE_URL", default=None if self.production else "sqlite")
        if url == "sqlite":
            return sqlite(self.var_dir / "portal.sqlite3")
        try:
            with warnings.catch_warnings():  # an address of another kind is refused below, with our sentence
                warnings.simplefilter("ignore")
                parsed = self._env.db_url_config(url)
        except Exception as error:
            raise ImproperlyConfigured(
                "DATABASE_URL cannot be read: postgres://user:password@host:5432/name."
            ) from error
        if parsed.get("ENGINE") != "django.db.backends.postgresql":
            raise ImproperlyConfigured(
                "DATABASE_URL must be a PostgreSQL address: postgres://user:password@host:5432/name."
            )
        # Only what asks for it is prepared (the read of the gate): the ORM binds in the client. 0: a pooler that shares
        # connections between transactions and knows no prepared statements (PgBouncer before 1.22).
        prepare = self.flag("DATABASE_PREPARE", default=True)
        return {
            **parsed,
            "OPTIONS": {**parsed.get("OPTIONS", {}), "prepare_threshold": 5 if prepare else None},
            "CONN_MAX_AGE": self.number("DATABASE_CONN_MAX_AGE", default=600),
            "CONN_HEALTH_CHECKS": True,
            "ATOMIC_REQUESTS": False,
        }

    def redis_url(self) -> str:
        """`REDIS_URL`: broker and cache. Empty only in the demonstration without a broker server."""
        url = self.text("REDIS_URL", default=None if self.production else "")
        if url and not url.startswith(("redis://", "rediss://", "redis+socket://", "unix://")):
            raise ImproperlyConfigured("REDIS_URL must be a Redis address: redis://host:6379/0.")
        return url

    def email(self) -> dict[str, object]:
        """`EMAIL_URL`: where letters are handed over, by SMTP: smtp+tls://user:password@host:587."""
        url = self.text("EMAIL_URL", default=None if self.production else "smtp://127.0.0.1:8025")
        try:
            parsed: dict[str, object] = dict(self._env.email_url_config(url))
        except Exception as error:
            raise ImproperlyConfigured("EMAIL_URL cannot be read: smtp+tls://user:password@host:587.") from error
        if "smtp" not in str(parsed["EMAIL_BACKEND"]):
            raise ImproperlyConfigured("EMAIL_URL must be an SMTP address: smtp+tls://user:password@host:587.")
        return parsed

    def _kept(self, name: str) -> str:
        """A random text made at the first start of the demonstration and kept under var/, readable by its owner only."""
        self.var_dir.mkdir(parents=True, exist_ok=True)
        path = self.var_dir / name
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text()
        value = base64.urlsafe_b64encode(os.urandom(48)).decode()
        with os.fdopen(descriptor, "w") as file:
            file.write(value)
        return value


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
