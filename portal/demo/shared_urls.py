"""The URLs under /prova/ that the demonstration shares with a test environment: the clock and the stub identity providers."""

from django.urls import include, path

from portal.demo.clock import views as clock_views

urlpatterns = [
    path("orologio/", clock_views.clock, name="clock"),
    path("orologio/avanti/", clock_views.forward, name="clock_forward"),
    path("", include("portal.demo.identity_urls")),
]
