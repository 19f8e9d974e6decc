"""The folder of one run of a download: its own while it runs, left to the next run when it fails, locked by its process."""

import fcntl
import os
import shutil
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

ABANDONED_AFTER = 24 * 60 * 60  # seconds until the folder of a run that nobody resumed is removed


class RunFolder:
    """A folder under `parent` for one run that downloads `url`.

    Each run has a folder of its own, so two runs never write to one file. A run that fails renames its folder to `unfinished`,
    where the next run finds it. A killed run cannot rename: its lock ended with the process, and the next run takes it over.
    """

    def __init__(self, parent: Path, url: str) -> None:
        self.unfinished = parent / f"register-{sha256(url.encode()).hexdigest()[:16]}"
        self.path = parent / f"{self.unfinished.name}-{uuid4().hex}"
        self._lock: int | None = None

    def begin(self) -> None:
        """Takes over the folder of a failed or killed run (by rename, so only one run gets it), else creates an empty one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for other in self.path.parent.glob("register-*-*"):
            with suppress(OSError):
                if other.stat().st_mtime < time.time() - ABANDONED_AFTER:
                    shutil.rmtree(other, ignore_errors=True)
        for left in (self.unfinished, *self.path.parent.glob(f"{self.unfinished.name}-*")):
            if self._take_over(left):
                return
        self.make()

    def make(self) -> None:
        """Creates the folder, unless it is there."""
        self.path.mkdir(exist_ok=True)
        if self._lock is None:
            self._take_lock(self.path)

    def leave(self) -> bool:
        """Leaves the folder to the next run; False when another failed run left one before."""
        try:
            self.path.rename(self.unfinished)
        except OSError:
            self.forget()
            return False
        self._end_lock()
        return True

    def forget(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._end_lock()

    def _take_over(self, left: Path) -> bool:
        """True when no running process holds the folder and it is this run's now."""
        if not self._take_lock(left):
            return False
        try:
            left.rename(self.path)
        except OSError:
            self._end_lock()
            return False
        return True

    def _take_lock(self, folder: Path) -> bool:
        """Locks a folder until the process ends; False when it is locked, or does not exist."""
        try:
            opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            return False
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(opened)
            return False
        self._lock = opened
        return True

    def _end_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
