"""The pages of the demo mailbox: every letter as the pharmacist would see it, newest first."""

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp, csp_update
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from portal import a2f_client
from portal.demo.models import DemoLetter
from portal.demo.next_reminder import next_reminder
from portal.demo.people import OPERATORS, PEOPLE, STAFF_PASSWORD, STAFF_TOTP_SECRET
from portal.demo.public_users import PRINTED_PINCODE, PUBLIC_USERS
from portal.time.clock import now_of

PER_PAGE = 30
VIEWS = {"html": "Come appare", "testo": "Solo testo", "sorgente": "Sorgente"}
# The policy for a letter in its frame: inline styles and links to a new window; no scripts, pictures or forms.
IN_THE_FRAME = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [SELF],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The start page: what can be tried, and the people to log in as."""
    staff = {"operators": OPERATORS, "password": STAFF_PASSWORD, "totp_secret": STAFF_TOTP_SECRET}
    service = {
        "service": settings.PORTAL_URL + a2f_client.PATH, "messages_ns": a2f_client.MESSAGES,
        "types_ns": a2f_client.TYPES, "valore": PRINTED_PINCODE, "a2f_users": PUBLIC_USERS,
    }  # fmt: skip
    context = {"people": PEOPLE, "staff": staff, "next": next_reminder(now_of(request)), **service}
    return render(request, "demo/home.html", context)


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """Lists the letters; `?a=` filters by a part of the recipient's address."""
    wanted = request.GET.get("a", "").strip()
    letters = DemoLetter.objects.defer("raw")
    if wanted:
        letters = letters.filter(recipient__icontains=wanted)
    page = Paginator(letters, PER_PAGE).get_page(request.GET.get("pagina"))
    addresses = DemoLetter.objects.order_by("recipient").values_list("recipient", flat=True).distinct()[:200]
    context = {"page_obj": page, "wanted": wanted, "addresses": addresses}
    return render(request, "demo/mailbox.html", context)


@require_safe
@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]  # typed for views without arguments
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows one letter in the view `?vista=` (a key of VIEWS)."""
    row = get_object_or_404(DemoLetter, pk=pk)
    view = request.GET.get("vista", "html" if row.html else "testo")
    if view not in VIEWS:
        raise Http404
    return render(request, "demo/mailbox_letter.html", {"letter": row, "view": view, "views": VIEWS})


@require_safe
@xframe_options_sameorigin
@csp(IN_THE_FRAME)  # type: ignore[arg-type]
def letter_html(request: HttpRequest, pk: int) -> HttpResponse:
    """Returns the HTML part for the frame, under its own policy; links open in a new window."""
    row = get_object_or_404(DemoLetter, pk=pk)
    return HttpResponse(row.html.replace("<head>", '<head><base target="_blank">', 1))
