"""A file that is made once and then only read: whole or not there, whatever happens while it is written."""

import fcntl
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def kept_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """What the file holds; made at the first call, readable by its owner only. Of two processes at their first start, one
    makes it and both read the same. Raises OSError: no room, no permission.

    It is written beside and renamed, so that a full disk or a kill leaves nothing that looks like a key. No hard links: some
    file systems have none.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / f".{path.name}.lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                _write(path, make())
    return path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    beside = path.parent / f".{path.name}.{secrets.token_hex(8)}"
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)
