from django.urls import include, path

from sessions.staff import contexts, desk

app_name = "staff"
urlpatterns = [
    path("stato-sessioni/", desk.status, name="status"),
    path("stato-sessioni/cerca/", desk.look_for, name="search"),
    path("stato-sessioni/<str:code>/", include("sessions.staff.pharmacy_urls")),
    path("contesti/", contexts.every_context, name="contexts"),
    path("contesti/nuovo/", contexts.add_context, name="add_context"),
    path("contesti/<int:pk>/", contexts.context, name="context"),
]
