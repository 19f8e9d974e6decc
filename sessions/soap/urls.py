"""The URL that every gestionale calls (docs/contract.md, section 1), and the page for its developers."""

from django.urls import path, re_path

from sessions.soap import guide, views

urlpatterns = [
    path("a2f-auth-ws/soap/v1/authentication-service", views.ask, name="service"),
    path("a2f/gestionali/", guide.developers, name="developers"),
    re_path(r"^(?:/*)a2f-auth-ws(?:/.*)?$", views.nearby, name="nearby_service"),
]
