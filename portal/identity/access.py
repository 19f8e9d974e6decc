"""Access decorators of the views: a person with a digital identity, a fresh authentication, a member of the staff."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial, wraps
from typing import Concatenate, ParamSpec, overload
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from portal.identity import session_ends, staff_step_up
from portal.identity.identity import Identity
from portal.identity.models import PersonSession, StaffMailbox, StaffPasskey, User
from portal.identity.roles import StaffRole
from portal.identity.staff_step_up import StepUp
from portal.time.clock import real_now_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

# Form fields kept in the session across a fresh authentication. Never a code.
KEPT = ("indirizzo", "copia")
_TYPED = "typed_before"
_HAS_MAILBOX = "staff_has_mailbox"
_AT, _WITH, _NAMES = "identity_authenticated_at", "identity_with", "identity_sign_out_names"


def remember(request: HttpRequest, user: User, identity: Identity) -> PersonSession:
    """Opens the portal session of this person under a new session key; stores when and how they authenticated.

    Returns the row of the session.
    """
    session_ends.written_as_closed(request, real_now_of(request))
    login(request, user, backend="portal.identity.backends.DigitalIdentityBackend")
    row = session_ends.begin_of_person(request, user, identity.described, real_now_of(request))
    request.session[_AT] = identity.authenticated_at.timestamp()
    request.session[_WITH] = identity.described
    request.session[_NAMES] = identity.sign_out_names
    return row


def is_called(request: HttpRequest, names: Iterable[str]) -> bool:
    """True when one of these names refers to the session of this browser (Identity.sign_out_names)."""
    return not set(names).isdisjoint(request.session.get(_NAMES, ()))


def authenticated_at(request: HttpRequest) -> datetime | None:
    """The last authentication with a digital identity (UTC); None for staff and for anonymous users."""
    stamp = request.session.get(_AT)
    return datetime.fromtimestamp(stamp, UTC) if isinstance(stamp, (int, float)) else None


def authenticated_with(request: HttpRequest) -> str:
    """The method and level stored on the certification, for instance `SPID livello 2`."""
    return str(request.session.get(_WITH, ""))


def is_fresh(request: HttpRequest) -> bool:
    """True when the last authentication is at most FRESH_AUTHENTICATION_FOR (10 minutes) old."""
    at = authenticated_at(request)
    return at is not None and real_now_of(request) - at <= settings.FRESH_AUTHENTICATION_FOR


def person_required(view: View[P]) -> View[P]:
    """Lets in a person signed in with SPID, CIE or TS-CNS. Anonymous users are sent to the chooser and back; staff get 403."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_the_chooser(request)
        if request.user.codice_fiscale is None:
            raise PermissionDenied("Questa parte del portale è per chi entra con la propria identità digitale.")
        return _not_kept(view(request, *args, **kwargs))

    return guarded


def fresh_authentication_required(view: View[P]) -> View[P]:
    """Requires a new authentication when the last one is more than 10 minutes old.

    A POST changes nothing: after the login the person returns to the page that held the form, and typed_before() restores
    the fields in KEPT.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not is_fresh(request):
            if request.method == "POST":
                typed = {name: request.POST[name][:254] for name in KEPT if name in request.POST}
                request.session[_TYPED] = [_page_of(request), typed]
            return _to_the_chooser(request, again=True)
        return view(request, *args, **kwargs)

    return guarded


def typed_before(request: HttpRequest) -> dict[str, str] | None:
    """Returns, once, the form fields saved on this page before a fresh authentication; None when there are none."""
    page, typed = request.session.get(_TYPED, (None, None))
    if page != request.path:
        return None
    del request.session[_TYPED]
    return dict(typed)


@overload
def staff_required(role: View[P], /) -> View[P]: ...
@overload
def staff_required(
    role: str, /, *, whole_nation: bool = False, step_up: StepUp | None = None
) -> Callable[[View[P]], View[P]]: ...


def staff_required(
    role: View[P] | str, /, *, whole_nation: bool = False, step_up: StepUp | None = None
) -> View[P] | Callable[[View[P]], View[P]]:
    """Lets in staff with the second factor and the role: `@staff_required("sicurezza")`; bare, the role is «lettura».

    An anonymous user is sent to the staff login; a person of a pharmacy, or an operator without the role, gets 403 with the
    reason. `whole_nation`: the page changes something for all of Italy, so an operator with a territory gets 403.
    `step_up`: the page asks for the second factor again when the last is older than STEP_UP_FOR. Role and step-up are stored in
    `view.staff_role` and `view.staff_step_up`, where the tests of the staff pages read them.
    """
    if callable(role):
        return _staff_only(role, StaffRole.LETTURA)
    # an unknown role raises ValueError at import
    return partial(_staff_only, role=StaffRole(role), whole_nation=whole_nation, step_up=step_up)


def _staff_only(
    view: View[P], role: StaffRole | None, *, whole_nation: bool = False, step_up: StepUp | None = None
) -> View[P]:
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return redirect(f"{reverse('identity:staff_login')}?{urlencode({'next': request.get_full_path()})}")
        if not (user.is_staff and user.is_verified()):  # type: ignore[attr-defined]
            raise PermissionDenied("Questa pagina è riservata agli operatori.")
        if role is not None and role not in user.roles:
            raise PermissionDenied(
                f"Per questa pagina serve il ruolo «{role.value}»: lo assegna chi amministra gli operatori."
            )
        if whole_nation and not user.territory.is_whole_nation:
            raise PermissionDenied(
                _("Questa pagina vale per tutta l’Italia: la apre chi amministra senza limiti di territorio.")
            )
        if role is not None and (page := _lacks(request, user)):
            messages.warning(request, _("L’amministrazione lo chiede a ogni operatore: completa prima questa pagina."))
            return redirect(page)
        if step_up is not None and not staff_step_up.is_recent(request):
            return _not_kept(staff_step_up.asked_again(request, step_up))
        return _not_kept(view(request, *args, **kwargs))

    guarded.staff_step_up = step_up  # type: ignore[attr-defined]
    guarded.staff_role = role.value if role else "qualunque"  # type: ignore[attr-defined]
    return guarded


def any_staff(view: View[P], *, step_up: StepUp | None = None) -> View[P]:
    """Lets in every member of the staff with the second factor, whatever the role: for the pages of their own account."""
    return _staff_only(view, None, step_up=step_up)


def _lacks(request: HttpRequest, user: User) -> str:
    """The name of the page that an operator must complete first, where the administration demands it; "" when there is none."""
    if settings.STAFF_REQUIRE_EMAIL and not request.session.get(_HAS_MAILBOX):
        if not StaffMailbox.objects.filter(user=user, confirmed_at__isnull=False).exists():
            return "identity:staff_mailbox"
        request.session[_HAS_MAILBOX] = True
    if settings.STAFF_REQUIRE_PASSKEY and not StaffPasskey.objects.filter(user=user).exists():
        return "identity:staff_passkeys"
    return ""


def staff_of(request: HttpRequest) -> User:
    """The signed-in member of the staff. Only for views behind staff_required or any_staff."""
    assert request.user.is_authenticated  # noqa: S101  staff_required let in only staff
    return request.user


def _not_kept(response: HttpResponse) -> HttpResponse:
    """Forbids browsers and proxies to store the page: after «Esci» the back button shows nothing."""
    patch_cache_control(response, no_store=True, private=True)
    return response


def _to_the_chooser(request: HttpRequest, *, again: bool = False) -> HttpResponse:
    query = {"next": _page_of(request)}
    if again:
        query["di-nuovo"] = "1"
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode(query)}")


def _page_of(request: HttpRequest) -> str:
    """The path to return to: the requested page, or for a POST (which cannot be repeated) the portal page with the form."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    form_page = urlsplit(request.META.get("HTTP_REFERER", ""))
    return form_page.path if form_page.netloc == request.get_host() else request.get_full_path()
