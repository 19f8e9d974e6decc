"""The gate's URL inside Django, where nothing stands in front of it: gunicorn serves sessions.gate.views.GateInFront."""

from django.urls import path

from sessions.gate import views

urlpatterns = [path("a2f/gate", views.ask, name="gate"), path("a2f/assertion", views.ask, name="assertion")]
