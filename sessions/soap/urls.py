"""The URL that every gestionale calls. Source: docs/contract.md, section 1."""

from django.urls import path

from sessions.soap import views

urlpatterns = [path("a2f-auth-ws/soap/v1/authentication-service", views.ask, name="service")]
