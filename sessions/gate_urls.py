"""Where the gate is when nothing stands in front of Django: gunicorn serves sessions.gate_views.GateInFront."""

from django.urls import path

from sessions import gate_views

urlpatterns = [path("a2f/gate", gate_views.ask, name="gate")]
