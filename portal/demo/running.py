"""Shares the settings of a running `manage.py up` with other commands, so that they use the same broker and mailbox."""

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

SHARED = ("PORTAL_URL", "EMAIL_URL", "REDIS_URL")
LOCK = "up.lock"  # `up` holds it while it runs
OWN_SETTINGS = ("up", "test")  # commands that do not use the shared settings


def write(var: Path, env: Mapping[str, str]) -> None:
    """Stores the addresses; `up` calls it once it knows them."""
    (var / "running.json").write_text(json.dumps({name: env[name] for name in SHARED if name in env}), encoding="utf-8")


def forget(var: Path) -> None:
    """Removes the stored addresses; `up` calls it at the end."""
    (var / "running.json").unlink(missing_ok=True)


def join(argv: list[str], var: Path) -> None:
    """Sets missing environment variables from a running `up`, if there is one; runs before the settings are read."""
    if os.environ.get("PORTAL_MODE", "demo") != "demo" or argv[1:2] in [[name] for name in OWN_SETTINGS]:
        return
    with suppress(OSError, ValueError):
        if _has_died(var):
            return
        for name, value in json.loads((var / "running.json").read_text(encoding="utf-8")).items():
            os.environ.setdefault(name, value)


def _has_died(var: Path) -> bool:
    """True when `up` was killed before forget(): no process holds its lock."""
    lock = var / LOCK
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
    return True
