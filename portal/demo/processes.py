"""The command lines of web, worker, timetable and mailbox. Production runs the first three (docs/production.md)."""

import sys
from pathlib import Path

PYTHON = sys.executable
ROOT = Path(__file__).resolve().parents[2]
MANAGE = [PYTHON, str(ROOT / "manage.py")]
GUNICORN = ["-c", str(ROOT / "deploy" / "gunicorn.conf.py")]
CELERY = [PYTHON, "-m", "celery", "-A", "portal"]


def web(port: int, threads: int = 8) -> list[str]:
    """As in production, with two workers on every machine and a graceful stop shorter than the supervisor's STOP_WITHIN.

    It has more threads, because no proxy absorbs the idle connections that browsers open ahead.
    """
    return [
        PYTHON, "-m", "gunicorn", "portal.wsgi", *GUNICORN, "--bind", f"127.0.0.1:{port}", "--workers", "2",
        "--threads", str(threads), "--graceful-timeout", "3", "--no-control-socket",
    ]  # fmt: skip


def worker(name: str = "worker", queues: str = "urgent,timetable,bulk") -> list[str]:
    """Two processes for these queues. Gossip and mingle serve clusters and cost a second at the start, so they are off."""
    return [
        *CELERY, "worker", "-n", f"{name}@%h", "-Q", queues, "-c", "2", "-l", "WARNING",
        "--without-gossip", "--without-mingle",
    ]  # fmt: skip


def timetable() -> list[str]:
    return [*CELERY, "beat", "-l", "WARNING", "--pidfile="]


def mailbox(port: int) -> list[str]:
    return [*MANAGE, "demo_mailbox", "--port", str(port)]
