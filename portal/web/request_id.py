"""The id of a request: the proxy's if it is well formed, else a new one.

It stands in the answer (X-Request-ID), in every log line of the request, and in those of the tasks that it wakes
(portal/watch/tasks.py).
"""

import re
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from random import getrandbits
from typing import Any

WELL_FORMED = re.compile(
    r"[A-Za-z0-9-]{8,64}\Z"
)  # nginx's $request_id or a UUID; nothing that could begin a new log line
# "": neither a request nor a task yet; a thread keeps the last one
current: ContextVar[str] = ContextVar("request_id", default="")


def taken_or_made(given: str) -> str:
    """`given` if it is well formed, else 32 random hexadecimal digits.

    The digits need not be secret, so they do not come from the operating system: that call would release the GIL, for which
    the other threads of the gate wait.
    """
    return given if WELL_FORMED.match(given) else f"{getrandbits(128):032x}"


class RequestIds:
    """WSGI middleware in front of everything but the gate, which sets its own (sessions/gate/views.py)."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        number = environ["HTTP_X_REQUEST_ID"] = taken_or_made(environ.get("HTTP_X_REQUEST_ID", ""))
        current.set(number)

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            if not any(name.lower() == "x-request-id" for name, _ in headers):
                headers = [*headers, ("X-Request-ID", number)]
            return start_response(status, headers, *error)

        return self.application(environ, start)
