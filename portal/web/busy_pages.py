"""Retries a page that met a busy database, with the same clock; after the last try answers 503 with Retry-After."""

import logging
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from portal.database.contention import is_busy, tried_again
from portal.web.errors import busy

log = logging.getLogger(__name__)


class BusyPages:
    """Innermost middleware, so that it retries the view alone. `request.now` stays the same."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse:
        before = _Before(request)
        try:
            return tried_again(partial(_made, view, request, args, kwargs), before.restore)
        except (DatabaseError, BodyIsGone) as error:
            if isinstance(error, DatabaseError) and not is_busy(error):
                raise
            log.warning("The database is busy: a page was not made.")
            return busy(request)


class BodyIsGone(Exception):
    """The view read the body of the request as a stream, so it cannot be read again."""


class _Before:
    """Restores the request to the state in which the view got it. restore() raises BodyIsGone."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        session = getattr(request, "session", None)
        self._session = deepcopy(getattr(session, "_session_cache", None))
        self._modified = getattr(session, "modified", False)
        self._messages = len(getattr(getattr(request, "_messages", None), "_queued_messages", ()))

    def restore(self) -> None:
        request: Any = self._request
        if request._read_started and not hasattr(request, "_body") and not hasattr(request, "_post"):
            raise BodyIsGone
        session = getattr(request, "session", None)
        if session is not None:
            vars(session).pop("_session_cache", None)
            if self._session is not None:
                session._session_cache = deepcopy(self._session)
            session.modified = self._modified
        if hasattr(request, "_messages"):
            del request._messages._queued_messages[self._messages :]
        if hasattr(request, "_cached_user") and request.user.is_authenticated:
            request.user.refresh_from_db()


def _made(
    view: Callable[..., HttpResponse], request: HttpRequest, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> HttpResponse:
    response = view(request, *args, **kwargs)
    render = getattr(response, "render", None)
    return render() if callable(render) else response  # here, so that the queries of the template are retried too
