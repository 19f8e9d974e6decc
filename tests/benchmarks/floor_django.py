"""(a): a bare Django view, no middleware, one indexed ORM read by the hash of the id. Served as this module's `application`."""

import os
from hashlib import sha256

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.floor_settings"

from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

application = get_wsgi_application()

from sessions.models import IdSessione  # noqa: E402  the apps are there only now


def view(request: HttpRequest) -> HttpResponse:
    plain = request.headers["Authorization2F"].partition(" ")[2]
    row = IdSessione.objects.only("pk", "expires_at").get(digest=sha256(plain.encode()).digest())
    return HttpResponse(status=204, headers={"X-A2F-Expires-At": row.expires_at.isoformat()})


urlpatterns = [path("floor", view)]
