"""The transport options of Celery for the two brokers: Redis, and the embedded one, which is a folder."""

from collections.abc import Callable
from pathlib import Path


def of_redis() -> dict[str, object]:
    """Returns the options for Redis; times in seconds."""
    return {
        "visibility_timeout": 300,  # until a killed worker's message is redelivered; more than task_time_limit
        "unacked_restore_interval": 10,  # between two searches for such messages
        "unacked_restore_throttle": 1,  # every search is done; by default only one in ten
        "max_retries": 0,  # waking a worker is optional: a broker that is down must not delay a page
        "socket_connect_timeout": 1,
        # for a broker that accepts connections but does not answer; a worker's BRPOP waits one second at a time
        "socket_timeout": 5,
    }


def of_a_folder(folder: Callable[..., Path]) -> dict[str, object]:
    """Returns the options for the embedded broker. `folder` makes a folder under PORTAL_VAR and returns it."""
    queue = str(folder("queue"))
    return {
        "data_folder_in": queue,
        "data_folder_out": queue,
        "control_folder": str(folder("queue", "control")),
        "polling_interval": 0.1,  # seconds
    }
