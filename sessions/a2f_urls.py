"""The URLs that programs call: the web service, the gate, and the certificate that encrypts the pincode."""

from django.urls import include, path

app_name = "a2f"
urlpatterns = [
    path("", include("sessions.soap.urls")),
    path("", include("sessions.gate.urls")),
    path("", include("sessions.credentials.certificate_urls")),
]
