from django.urls import path

from portal.identity import staff_views, views

app_name = "identity"
urlpatterns = [
    path("accesso/", views.choose, name="choose"),
    path("accesso/<slug:provider>/avvia/", views.start, name="start"),
    path("accesso/<slug:provider>/ritorno/", views.answer, name="answer"),
    path("accesso/<slug:provider>/metadata/", views.metadata, name="metadata"),
    path("uscita/", views.sign_out, name="sign_out"),
    path("operatori/accesso/", staff_views.staff_login, name="staff_login"),
    path("operatori/accesso/codice/", staff_views.staff_code, name="staff_code"),
]
