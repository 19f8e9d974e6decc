"""Where the gate is when nothing stands in front of Django: gunicorn serves sessions.gate.views.GateInFront."""

from django.urls import path

from sessions.gate import views

urlpatterns = [path("a2f/gate", views.ask, name="gate")]
