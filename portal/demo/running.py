"""What the processes of `manage.py up` were told, so that a command given beside them talks to the same broker and mailbox."""

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

TOLD = ("PORTAL_URL", "EMAIL_URL", "REDIS_URL")
LOCK = "up.lock"  # held by `up` as long as it lives
OWN_WAY = ("up", "test")  # commands that make their own arrangements


def write(var: Path, env: Mapping[str, str]) -> None:
    """Called by `up` once it knows the addresses."""
    (var / "running.json").write_text(json.dumps({name: env[name] for name in TOLD if name in env}), encoding="utf-8")


def forget(var: Path) -> None:
    """Called by `up` at the end."""
    (var / "running.json").unlink(missing_ok=True)


def join(argv: list[str], var: Path) -> None:
    """Before the settings are read: what is not set in the environment comes from the `up` that runs, if one does."""
    if os.environ.get("PORTAL_MODE", "demo") != "demo" or argv[1:2] in [[name] for name in OWN_WAY]:
        return
    with suppress(OSError, ValueError):
        if _has_died(var):
            return
        for name, value in json.loads((var / "running.json").read_text(encoding="utf-8")).items():
            os.environ.setdefault(name, value)


def _has_died(var: Path) -> bool:
    """`up` was killed before it could forget: nobody holds its lock."""
    lock = var / LOCK
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
    return True
