"""gunicorn -c deploy/gunicorn.conf.py portal.wsgi: listens on systemd/portale-web.socket, without it on 127.0.0.1:8000.

Threads instead of `sync` workers: a slow client holds one thread, not a whole worker. One worker for each core with three threads:
a gate call costs 0.1 ms of processor, and more workers or threads only contend (docs/performance.md). So few are enough behind
a proxy only: a direct browser opens spare connections, and each holds a thread for 5 seconds.
"""

import ctypes
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from time import sleep


def _number(name: str, default: int) -> int:
    """A whole number from 1 to 999; any other value stops the start with a sentence."""
    value = os.environ.get(name, "").strip() or str(default)
    if not (value.isascii() and value.isdigit() and 0 < int(value[:9]) < 1000):
        sys.exit(f"gunicorn cannot start: {name} must be a whole number from 1 to 999.")
    return int(value)


workers = _number("WEB_CONCURRENCY", os.cpu_count() or 2)
worker_class = "gthread"
threads = _number("WEB_THREADS", 3)
keepalive = 15  # seconds: the proxy reuses its connections
graceful_timeout = 10  # seconds: enough to write the uses counted so far
preload_app = False  # two processes must not share a database connection

# structlog loads rich when it is there: 4 MB of each worker for nothing. Production has none; the development tools bring it.
sys.modules.setdefault("rich", None)  # type: ignore[arg-type]

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_GIVE_BACK_EVERY = 30.0  # seconds

# /metrics sums the counts of all workers, kept in files of this folder (portal/measures.py), emptied at every start.
_counts = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
_own_folder = not _counts
_counts = os.environ["PROMETHEUS_MULTIPROC_DIR"] = _counts or tempfile.mkdtemp(prefix="portal-metrics-")


def on_starting(server: object) -> None:
    Path(_counts).mkdir(parents=True, exist_ok=True)
    for file in Path(_counts).glob("*.db"):
        file.unlink()


def on_exit(server: object) -> None:
    if _own_folder:
        shutil.rmtree(_counts, ignore_errors=True)


def post_worker_init(worker: object) -> None:
    """Returns unused memory to the system (glibc only): after the imports (5 MB), then every 30 seconds (13 MB after the first
    letter).
    """
    gc.collect()
    gc.freeze()  # these objects live as long as the worker: collections skip them
    with suppress(OSError, AttributeError):
        Thread(target=_give_back, args=(ctypes.CDLL("libc.so.6").malloc_trim,), name="give back", daemon=True).start()


def _give_back(malloc_trim: Callable[[int], int]) -> None:
    while True:
        malloc_trim(0)
        sleep(_GIVE_BACK_EVERY)


def post_fork(server: object, worker: object) -> None:
    """Returns a slow hash's memory (19 MiB) to the system after each hash, and makes threads share heaps (glibc only)."""
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_M_MMAP_THRESHOLD, 1024 * 1024)
        libc.mallopt(_M_ARENA_MAX, 2)
    except (OSError, AttributeError):
        server.log.info("No mallopt here: a worker may keep the memory of its slow hashes.")  # type: ignore[attr-defined]
