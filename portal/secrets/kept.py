"""Creates a file once, atomically, and reads it from then on."""

import fcntl
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def kept_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """Returns the content of the file; the first call creates it with `make()`, readable by its owner only.

    Of two processes that start at once, one creates the file and both read the same content. Raises OSError (no room, no
    permission). It writes a temporary file and renames it, so that a full disk or a kill leaves no partial key. It uses no hard
    links, because some file systems have none.
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
