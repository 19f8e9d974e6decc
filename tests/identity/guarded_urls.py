"""The portal's addresses, and one page behind each access decorator."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from portal.identity.access import fresh_authentication_required, person_required, staff_required
from portal.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("dentro")


urlpatterns = [
    *urlpatterns,
    path("guarded/person/", person_required(page)),
    path("guarded/fresh/", person_required(fresh_authentication_required(page))),
    path("guarded/staff/", staff_required(page)),
    path("guarded/sicurezza/", staff_required("sicurezza")(page)),
]
