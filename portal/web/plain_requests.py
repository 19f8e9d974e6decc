"""Refuses requests that no browser sends, before a session, a form or a query has to parse them."""

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from portal.web.errors import bad_request, forbidden

_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\";]*)\"?", re.IGNORECASE)
_KNOWN_CHARSETS = {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "windows-1252", "utf-16"}
_FORWARDED = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST")


class PlainRequests:
    """Reads forms and addresses as UTF-8 whatever the Content-Type claims, and answers 400 to a NUL, which PostgreSQL cannot store.

    The demonstration answers on loopback only, so it answers 403 to a request that came through a proxy.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.encoding = settings.DEFAULT_CHARSET
        if self._has_nul(request):
            return bad_request(request)
        if settings.DEMO and not settings.SECURE_PROXY_SSL_HEADER and any(name in request.META for name in _FORWARDED):
            return forbidden(request, PermissionError("L’ambiente di prova risponde solo a questo computer."))
        return self.get_response(request)

    @staticmethod
    def _has_nul(request: HttpRequest) -> bool:
        query = request.META.get("QUERY_STRING", "")
        return (
            "\0" in request.path
            or "%00" in query
            or "\0" in query
            or any("\0" in value for value in request.COOKIES.values())
        )


def with_known_charset(application: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a WSGI application: removes a charset of Content-Type that is no text encoding (`hex`, `idna`, …) and would crash Django."""

    def plain(environ: dict[str, Any], start_response: Any) -> Any:
        found = _CHARSET.search(environ.get("CONTENT_TYPE", ""))
        if found and found[1].strip().lower() not in _KNOWN_CHARSETS:
            environ["CONTENT_TYPE"] = _CHARSET.sub("", environ["CONTENT_TYPE"])
        return application(environ, start_response)

    return plain


def with_host(application: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a WSGI application: answers 400 to an HTTP/1.1 request without Host (RFC 9112, section 3.2)."""

    def hosted(environ: dict[str, Any], start_response: Any) -> Any:
        if "HTTP_HOST" in environ or environ.get("SERVER_PROTOCOL") != "HTTP/1.1":
            return application(environ, start_response)
        body = gettext("Manca l’intestazione Host, obbligatoria in HTTP/1.1.").encode()
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response("400 Bad Request", headers)
        return [body]

    return hosted
