"""A rate limit for pages without login, kept in the memory of the process: no query, no cache. Each worker counts for itself."""

from datetime import datetime
from threading import Lock

MANY_KEYS = 50_000  # of one window; beyond it nothing is counted, so that a flood cannot fill the memory


class RateLimit:
    """At most `times` requests of one key in each window of `seconds`, counted from the full minute (or hour ...)."""

    def __init__(self, times: int, seconds: int) -> None:
        self.times, self.seconds = times, seconds
        self._lock, self._window, self._counts = Lock(), 0, dict[str, int]()

    def wait(self, key: str, now: datetime) -> int:
        """Counts one request. Returns 0 when it may pass, else the seconds until the next window."""
        window, into = divmod(int(now.timestamp()), self.seconds)
        with self._lock:
            if window != self._window:
                self._window, self._counts = window, {}
            if key not in self._counts and len(self._counts) >= MANY_KEYS:
                return 0
            self._counts[key] = count = self._counts.get(key, 0) + 1
        return self.seconds - into if count > self.times else 0

    def forget(self) -> None:
        """Begins anew, for a test."""
        with self._lock:
            self._counts = {}
