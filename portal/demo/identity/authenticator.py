"""The authenticator app of the invented operators: a page instead of a telephone."""

import base64

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_otp.oath import TOTP

from portal.demo import people
from portal.identity.models.staff import DIGITS, STEP
from portal.time.clock import real_now_of


@never_cache
@require_safe
def authenticator(request: HttpRequest) -> HttpResponse:
    """Shows the current code for the secret printed in portal/demo/people.py."""
    app = TOTP(base64.b32decode(people.STAFF_TOTP_SECRET), STEP, 0, DIGITS)
    app.time = real_now_of(request).timestamp()
    context = {
        "operators": people.OPERATORS,
        "password": people.STAFF_PASSWORD,
        "secret": people.STAFF_TOTP_SECRET,
        "code": f"{app.token():0{DIGITS}d}",
        "seconds_left": STEP - int(app.time) % STEP,
    }
    response = render(request, "demo/identity/authenticator.html", context)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
