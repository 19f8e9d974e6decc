"""The browsers from which a person came in before: a signed cookie that names them by keyed hash and survives «Esci».

It gives access to nothing. A browser without it, or with a changed one, counts as new.
"""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from portal.identity.models import User
from portal.secrets.codes import keyed_hash

KEPT_FOR = timedelta(days=395)
PEOPLE_OF_A_BROWSER = 8  # people share the computer at the counter; the newest stay
_SALT = "portal.identity.devices"


def cookie_name() -> str:
    """The name of the cookie. With `__Host-` browsers refuse one set by a sibling domain or without https."""
    return "__Host-dispositivo" if settings.SECURE_COOKIES else "dispositivo"


def knows(request: HttpRequest, user: User) -> bool:
    """True when this person came in from this browser before."""
    return _name_of(user) in _people_of(request)


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Adds the person to the cookie of this browser."""
    name = _name_of(user)
    people = [name, *(other for other in _people_of(request) if other != name)][:PEOPLE_OF_A_BROWSER]
    response.set_cookie(
        cookie_name(), signing.dumps(people, salt=_SALT), max_age=KEPT_FOR, secure=settings.SECURE_COOKIES, httponly=True,
        # the answer of the provider may be a POST from its site: it carries no Lax cookie
        samesite="None" if settings.SECURE_COOKIES else "Lax",
    )  # fmt: skip


def _people_of(request: HttpRequest) -> list[str]:
    try:
        people = signing.loads(request.COOKIES.get(cookie_name(), ""), salt=_SALT, max_age=KEPT_FOR)
    except signing.BadSignature:
        return []
    return [str(name) for name in people] if isinstance(people, list) else []


def _name_of(user: User) -> str:
    return keyed_hash("device", str(user.pk))[:24]
