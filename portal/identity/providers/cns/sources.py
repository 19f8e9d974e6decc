"""Reads documents from a URL or file; replaces atomically the files that nginx reads."""

import os
import secrets
from pathlib import Path

import httpx

from portal import tls

LARGEST = 64 * 1024 * 1024  # bytes; the CRL of a large region has some megabytes
TIMEOUT = httpx.Timeout(30, connect=10)  # seconds


class RefreshFailed(Exception):
    """The fetched document cannot be trusted or used; the present file stays."""


def fetched(source: str) -> bytes:
    """The document at this URL or path. Raises RefreshFailed."""
    try:
        if not source.startswith(("http://", "https://")):
            return Path(source).read_bytes()
        return _downloaded(source)
    except (OSError, httpx.HTTPError, httpx.InvalidURL) as error:
        raise RefreshFailed(f"{source} cannot be read: {type(error).__name__}.") from error


def _downloaded(address: str) -> bytes:
    body = bytearray()
    with httpx.stream("GET", address, timeout=TIMEOUT, follow_redirects=True, verify=tls.of_the_web()) as response:
        response.raise_for_status()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > LARGEST:
                raise RefreshFailed(f"{address} is larger than {LARGEST // 1024 // 1024} MiB.")
    return bytes(body)


def replace(path: Path, content: bytes) -> None:
    """Replaces the file atomically (write, fsync, rename): a reader sees either version, complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new_file = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with new_file.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new_file.chmod(0o644)  # authorities and revocations are public, and nginx must read them
        new_file.replace(path)
    finally:
        new_file.unlink(missing_ok=True)
