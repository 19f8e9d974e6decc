"""Template variables of every page."""

from django.conf import settings
from django.http import HttpRequest

from portal.time.moved import moved


def same_on_every_page() -> dict[str, object]:
    """Variables that do not depend on the request, so that the page of a crash can use them too."""
    return {
        "demo": settings.DEMO,
        "collaudo": settings.COLLAUDO,
        "owner_name": settings.OWNER_NAME,
        "assistance_phone": settings.ASSISTANCE_PHONE,
        "assistance_hours": settings.ASSISTANCE_HOURS,
    }


def portal(request: HttpRequest) -> dict[str, object]:
    return {**same_on_every_page(), "now": getattr(request, "now", None), "ahead": moved()}
