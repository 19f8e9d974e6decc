"""The URLs of the stub identity providers, under /prova/."""

from django.urls import path

from portal.demo.identity import openid_views, views

urlpatterns = [
    path("identita/cie-oidc/token", openid_views.token, name="openid_token"),
    path("identita/cie-oidc/userinfo", openid_views.userinfo, name="openid_userinfo"),
    path("identita/cie-oidc/revocation", openid_views.revocation, name="openid_revocation"),
    path(
        "identita/cie-oidc/.well-known/openid-federation",
        openid_views.provider_configuration,
        name="openid_configuration",
    ),
    path(
        "identita/federazione/.well-known/openid-federation",
        openid_views.anchor_configuration,
        name="anchor_configuration",
    ),
    path("identita/federazione/fetch", openid_views.anchor_fetch, name="anchor_fetch"),
    path("identita/<slug:method>/", views.identity_provider, name="identity_provider"),
    path("identita/<slug:method>/metadata/", views.metadata, name="identity_provider_metadata"),
]
