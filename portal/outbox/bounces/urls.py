from django.urls import path

from portal.outbox.bounces import views

app_name = "outbox"
urlpatterns = [
    path("posta/rimbalzi/", views.bounce, name="bounce"),
]
