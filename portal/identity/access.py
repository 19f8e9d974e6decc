"""Who may come in: a person with a digital identity, a person who has just shown it again, a member of the staff."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial, wraps
from typing import Concatenate, ParamSpec, overload
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from portal.identity import session_ends
from portal.identity.identity import Identity
from portal.identity.models import User
from portal.identity.roles import StaffRole
from portal.time.clock import now_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

KEPT = ("indirizzo", "copia")  # fields that survive a fresh authentication; a code never: sessions are rows, not sealed
_TYPED = "typed_before"
_AT, _WITH, _NAMES = "identity_authenticated_at", "identity_with", "identity_sign_out_names"


def remember(request: HttpRequest, user: User, identity: Identity) -> None:
    """Opens the portal session of this person: new session key, and when and how the identity was shown."""
    session_ends.written_as_closed(request, now_of(request))
    login(request, user, backend="portal.identity.backends.DigitalIdentityBackend")
    request.session.cycle_key()
    session_ends.begin(request, now_of(request))
    request.session[_AT] = identity.authenticated_at.timestamp()
    request.session[_WITH] = identity.described
    request.session[_NAMES] = identity.sign_out_names


def is_called(request: HttpRequest, names: Iterable[str]) -> bool:
    """True when one of these names of a provider means the session of this browser (Identity.sign_out_names)."""
    return not set(names).isdisjoint(request.session.get(_NAMES, ()))


def authenticated_at(request: HttpRequest) -> datetime | None:
    """When the person showed the identity last (UTC); None for staff and for nobody."""
    stamp = request.session.get(_AT)
    return datetime.fromtimestamp(stamp, UTC) if isinstance(stamp, (int, float)) else None


def authenticated_with(request: HttpRequest) -> str:
    """`SPID livello 2`, as it is written on the certification."""
    return str(request.session.get(_WITH, ""))


def is_fresh(request: HttpRequest) -> bool:
    """True when the identity was shown in the last 10 minutes (FRESH_AUTHENTICATION_FOR)."""
    at = authenticated_at(request)
    return at is not None and now_of(request) - at <= settings.FRESH_AUTHENTICATION_FOR


def person_required(view: View[P]) -> View[P]:
    """Only a person who entered with SPID, CIE or TS-CNS; nobody goes to the chooser and comes back, staff get 403."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_the_chooser(request)
        if request.user.codice_fiscale is None:
            raise PermissionDenied("Questa parte del portale è per chi entra con la propria identità digitale.")
        return _not_kept(view(request, *args, **kwargs))

    return guarded


def fresh_authentication_required(view: View[P]) -> View[P]:
    """Asks for the identity again when it was last shown more than 10 minutes ago.

    A POST is sent back to the page that held the form, which the person reaches again after the login: nothing was done,
    and typed_before() gives back what may be kept of what was typed.
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
    """What was typed on this page when the identity had to be shown again, once; None when nothing was interrupted here."""
    page, typed = request.session.get(_TYPED, (None, None))
    if page != request.path:
        return None
    del request.session[_TYPED]
    return dict(typed)


@overload
def staff_required(role: View[P], /) -> View[P]: ...
@overload
def staff_required(role: str, /, *, whole_nation: bool = False) -> Callable[[View[P]], View[P]]: ...


def staff_required(role: View[P] | str, /, *, whole_nation: bool = False) -> View[P] | Callable[[View[P]], View[P]]:
    """Only staff with the second factor and the role: `@staff_required("sicurezza")`; `@staff_required` is whoever may look.

    Nobody goes to the staff login; a person of a pharmacy, or the wrong role, gets 403 with the reason. The view says on its
    own who may open it (`view.staff_role`): the tests hold every page of the staff to it. `whole_nation`: the page changes
    something for everybody, so an operator with a territory gets 403.
    """
    if callable(role):
        return _staff_only(role, StaffRole.LETTURA)
    # a role that does not exist fails when the module is read
    return partial(_staff_only, role=StaffRole(role), whole_nation=whole_nation)


def _staff_only(view: View[P], role: StaffRole | None, *, whole_nation: bool = False) -> View[P]:
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
        return _not_kept(view(request, *args, **kwargs))

    guarded.staff_role = role.value if role else "qualunque"  # type: ignore[attr-defined]
    return guarded


def any_staff(view: View[P]) -> View[P]:
    """For one's own account: every member of the staff with the second factor, whatever the role."""
    return _staff_only(view, None)


def staff_of(request: HttpRequest) -> User:
    """Who is at the keyboard, behind staff_required."""
    assert request.user.is_authenticated  # noqa: S101  staff_required let in only staff
    return request.user


def _not_kept(response: HttpResponse) -> HttpResponse:
    """Nothing behind a login stays in a browser or a proxy: after «Esci», going back shows nothing."""
    patch_cache_control(response, no_store=True, private=True)
    return response


def _to_the_chooser(request: HttpRequest, *, again: bool = False) -> HttpResponse:
    query = {"next": _page_of(request)}
    if again:
        query["di-nuovo"] = "1"
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode(query)}")


def _page_of(request: HttpRequest) -> str:
    """The page to come back to: itself, or for a POST (which cannot be repeated) the page of ours that held the form."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    form_page = urlsplit(request.META.get("HTTP_REFERER", ""))
    return form_page.path if form_page.netloc == request.get_host() else request.get_full_path()
