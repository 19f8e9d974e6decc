"""The command lines of the demonstration: web, worker, timetable, mailbox. Production runs the first three (docs/production.md)."""

import sys
from pathlib import Path

PYTHON = sys.executable
ROOT = Path(__file__).resolve().parents[2]
MANAGE = [PYTHON, str(ROOT / "manage.py")]
GUNICORN = ["-c", str(ROOT / "deploy" / "gunicorn.conf.py")]
CELERY = [PYTHON, "-m", "celery", "-A", "portal"]


def web(port: int, threads: int = 8) -> list[str]:
    """As in production, but two workers on any machine, which stop before STOP_WITHIN of the supervisor, and more threads: here
    no proxy stands between them and the connections that a browser opens ahead.
    """
    return [
        PYTHON, "-m", "gunicorn", "portal.wsgi", *GUNICORN, "--bind", f"127.0.0.1:{port}", "--workers", "2",
        "--threads", str(threads), "--graceful-timeout", "3", "--no-control-socket",
    ]  # fmt: skip


def worker(name: str = "worker", queues: str = "urgent,timetable,bulk") -> list[str]:
    """Two processes for all queues. Gossip and mingle are for clusters and cost a second at the start."""
    return [
        *CELERY, "worker", "-n", f"{name}@%h", "-Q", queues, "-c", "2", "-l", "WARNING",
        "--without-gossip", "--without-mingle",
    ]  # fmt: skip


def timetable() -> list[str]:
    return [*CELERY, "beat", "-l", "WARNING", "--pidfile="]


def mailbox(port: int) -> list[str]:
    return [*MANAGE, "demo_mailbox", "--port", str(port)]
