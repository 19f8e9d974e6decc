from django.urls import path

from sessions.staff import contexts, desk, utenze, views

app_name = "staff"
urlpatterns = [
    path("stato-sessioni/", desk.status, name="status"),
    path("stato-sessioni/cerca/", desk.look_for, name="search"),
    path("stato-sessioni/<str:code>/", views.pharmacy, name="pharmacy"),
    path("stato-sessioni/<str:code>/invia-di-nuovo/<int:pk>/", views.resend, name="resend"),
    path("stato-sessioni/<str:code>/utenze/<int:pk>/blocca/", utenze.block, name="block"),
    path("stato-sessioni/<str:code>/utenze/<int:pk>/sblocca/", utenze.unblock, name="unblock"),
    path("contesti/", contexts.every_context, name="contexts"),
    path("contesti/nuovo/", contexts.add_context, name="add_context"),
    path("contesti/<int:pk>/", contexts.context, name="context"),
]
