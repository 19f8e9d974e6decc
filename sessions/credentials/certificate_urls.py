"""URLs of the public page of the certificates that encrypt the pincode."""

from django.urls import path

from sessions.credentials import certificate_views as views

urlpatterns = [
    path("a2f/certificato/", views.certificate, name="certificate"),
    path("a2f/certificato/<str:serial>.pem", views.pem, name="certificate_pem"),
    path("a2f/certificato/<str:serial>.cer", views.der, name="certificate_der"),
]
