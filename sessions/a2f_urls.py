"""What programs call: the web service and the gate; and the certificate they encrypt the pincode with."""

from django.urls import include, path

app_name = "a2f"
urlpatterns = [
    path("", include("sessions.soap.urls")),
    path("", include("sessions.gate.urls")),
    path("", include("sessions.credentials.certificate_urls")),
]
