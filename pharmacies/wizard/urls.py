from django.urls import path

from pharmacies.wizard import views

app_name = "wizard"
urlpatterns = [
    path("", views.resume, name="resume"),
    path("indirizzo/", views.address, name="address"),
    path("codice/", views.code, name="code"),
    path("nuovo-codice/", views.new_code, name="new_code"),
    path("esito/", views.done, name="done"),
]
