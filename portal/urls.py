"""The URLs of the portal, by app. Slugs are Italian."""

from django.conf import settings
from django.urls import include, path

from pharmacies.copies.leave_views import leave
from sessions.preferences.calendar_views import feed
from sessions.semaforo.views import screen
from sessions.staff.archive.site import site as archive

urlpatterns = [
    path("", include("portal.information")),
    path("", include("portal.identity.urls")),
    path("", include("portal.outbox.bounces.urls")),
    path("servizi/", include("pharmacies.urls")),
    path("servizi/<str:code>/sicurezza/certifica-mail/", include("pharmacies.wizard.urls")),
    path("servizi/<str:code>/sicurezza/utenze/", include("sessions.utenze.urls")),
    path("servizi/<str:code>/", include("sessions.urls")),
    path("operatori/archivio/", archive.urls),
    path("operatori/", include("sessions.staff.urls")),
    path("copie/<str:token>/", leave, name="leave_copies"),
    path("calendario/<str:token>.ics", feed, name="calendar"),
    path("semaforo/<str:token>/", screen, name="semaforo"),
    path("", include("sessions.a2f_urls")),
]
if settings.DEMO:
    urlpatterns.append(path("prova/", include("portal.demo.urls")))
elif settings.COLLAUDO:
    urlpatterns.append(path("prova/", include("portal.demo.collaudo_urls")))

handler400 = "portal.web.errors.bad_request"
handler403 = "portal.web.errors.forbidden"
handler404 = "portal.web.errors.not_found"
handler500 = "portal.web.errors.server_error"
