"""The home page and the pages of information."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from portal.identity.people import devices
from portal.identity.people.login import cookie_name
from portal.identity.providers import every_provider
from portal.outbox.models import OutgoingMail
from portal.time.clock import now_of
from portal.time.said_lengths import length_in_words

app_name = "pages"


@dataclass(frozen=True)
class Information:
    """A page of text under /informazioni/: its h1, its group on the site map, the day of its last change."""

    slug: str
    title: str
    group: str
    updated: date

    @property
    def template(self) -> str:
        return f"pages/{self.slug}.html"


SECURITY_TXT_FOR = timedelta(days=180)  # RFC 9116 recommends less than a year
LATE_AFTER = timedelta(minutes=5)  # the page of the service's state reports letters that wait longer
_FIRST = date(2026, 11, 23)
INFORMATION = {
    page.slug: page
    for page in [
        Information("assistenza", "Assistenza", "Guide e assistenza", _FIRST),
        Information("guida-certificare", "Certificare l’indirizzo e-mail", "Guide e assistenza", date(2026, 11, 30)),
        Information("guida-codice", "Non ricevo il codice", "Guide e assistenza", _FIRST),
        Information("guida-id-sessione", "Inserire l’ID SESSIONE nel gestionale", "Guide e assistenza", _FIRST),
        Information("delega", "Chiedere una delega o farsi riconoscere", "Guide e assistenza", date(2026, 11, 30)),
        Information("stato-servizio", "Stato del servizio", "Guide e assistenza", _FIRST),
        Information("privacy", "Privacy", "Informazioni legali", date(2026, 11, 30)),
        Information("note-legali", "Note legali", "Informazioni legali", _FIRST),
        Information("cookie", "Cookie tecnici", "Informazioni legali", _FIRST),
        Information("accessibilita", "Dichiarazione di accessibilità", "Informazioni legali", _FIRST),
        Information("segnala", "Segnala un problema di accessibilità", "Informazioni legali", _FIRST),
        Information("mappa", "Mappa del sito", "Informazioni legali", _FIRST),
    ]
}


def home(request: HttpRequest) -> HttpResponse:
    """Redirects staff to their desk, signed-in people to their pharmacies, and anyone else to the login."""
    if not request.user.is_authenticated:
        return redirect("identity:choose")
    return redirect("staff:status" if request.user.is_staff else "pharmacies:choose")


def information(request: HttpRequest, slug: str) -> HttpResponse:
    """One page of text; an unknown slug is 404."""
    page = INFORMATION.get(slug)
    if page is None:
        raise Http404
    facts = FACTS[slug](request) if slug in FACTS else {}
    return render(request, page.template, {"page": page, "pages": INFORMATION.values(), **facts})


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Lets search engines read the login page and the guides; in the demonstration, which is invented, nothing."""
    closed = ["/"] if settings.DEMO or settings.COLLAUDO else ["/operatori/", "/servizi/"]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Where to report a fault of security (RFC 9116)."""
    contact = settings.SECURITY_CONTACT or settings.PORTAL_URL + reverse("pages:information", args=["assistenza"])
    contact = f"mailto:{contact}" if "@" in contact and ":" not in contact else contact
    own = settings.PORTAL_URL + reverse("pages:security_txt")
    expires = (now_of(request) + SECURITY_TXT_FOR).strftime("%Y-%m-%dT00:00:00Z")
    lines = [f"Contact: {contact}", f"Expires: {expires}", "Preferred-Languages: it, en", f"Canonical: {own}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def change_password(request: HttpRequest) -> HttpResponse:
    """The address where password managers look for the page that changes a password (W3C, change-password-url): the operators'."""
    return redirect("identity:staff_password")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Redirects to the logo: browsers request this address whatever icon the page names."""
    return redirect(static("logo.svg"))


def _cookies(request: HttpRequest) -> dict[str, object]:
    return {
        "cookies": {
            "session": settings.SESSION_COOKIE_NAME,
            "csrf": settings.CSRF_COOKIE_NAME,
            "device": devices.cookie_name(),
            "login": cookie_name(),
        }
    }


def _health(request: HttpRequest) -> dict[str, object]:
    late = OutgoingMail.objects.waiting().filter(created_at__lt=now_of(request) - LATE_AFTER)
    return {"post_is_late": late.exists(), "late_after": length_in_words(LATE_AFTER)}


def _professional(request: HttpRequest) -> dict[str, object]:
    """`professional`: the login page has the second button of SPID."""
    return {"professional": any(provider.purpose for provider in every_provider())}


# Template variables of some pages.
FACTS = {"cookie": _cookies, "stato-servizio": _health} | dict.fromkeys(
    ("guida-certificare", "delega", "privacy"), _professional
)


urlpatterns = [
    path("", home, name="home"),
    path("robots.txt", robots, name="robots"),
    path(".well-known/security.txt", security_txt, name="security_txt"),
    path(".well-known/change-password", change_password, name="change_password"),
    path("favicon.ico", favicon, name="favicon"),
    path("informazioni/<slug:slug>/", information, name="information"),
]
