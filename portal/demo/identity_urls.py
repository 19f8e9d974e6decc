"""The addresses of the stub providers and of the stub authenticator app, under /prova/."""

from django.urls import path

from portal.demo.identity import authenticator, views

urlpatterns = [
    path("identita/<slug:method>/", views.identity_provider, name="identity_provider"),
    path("identita/<slug:method>/metadata/", views.metadata, name="identity_provider_metadata"),
    path("app/", authenticator.authenticator, name="authenticator"),
]
