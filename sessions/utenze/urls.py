from django.urls import path

from sessions.utenze import views

app_name = "utenze"
urlpatterns = [
    path("", views.every_utenza, name="all"),
    path("nuova/", views.new, name="new"),
    path("<int:pk>/password/", views.password, name="password"),
    path("<int:pk>/pincode/", views.pincode, name="pincode"),
    path("<int:pk>/pincode/nuovo/", views.pincode_shown, name="pincode_shown"),
    path("<int:pk>/credenziali/", views.collect, name="collect"),
    path("<int:pk>/credenziali/nuove/", views.secrets_shown, name="secrets_shown"),
    path("<int:pk>/disabilita/", views.disable, name="disable"),
    path("<int:pk>/riattiva/", views.enable, name="enable"),
]
