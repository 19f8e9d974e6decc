"""The URL that every gestionale calls. Source: docs/contract.md, section 1."""

from django.urls import path, re_path

from sessions.soap import views

urlpatterns = [
    path("a2f-auth-ws/soap/v1/authentication-service", views.ask, name="service"),
    re_path(r"^(?:/*)a2f-auth-ws(?:/.*)?$", views.nearby, name="nearby_service"),
]
