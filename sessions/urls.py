from django.urls import path

from sessions import preferences, views
from sessions.hours import views as hours

app_name = "sessions"
urlpatterns = [
    path("id-sessione/", views.manage, name="manage"),
    path("id-sessione/richiedi/", views.request_id, name="request"),
    path("id-sessione/<int:pk>/mostra/", views.show, name="show"),
    path("id-sessione/<int:pk>/reinvia/", views.resend, name="resend"),
    path("id-sessione/<int:pk>/revoca/", views.revoke, name="revoke"),
    path("avvisi/", preferences.reminders, name="reminders"),
    path("avvisi/orari/", hours.hours, name="hours"),
    path("avvisi/turni/", hours.nights, name="nights"),
]
