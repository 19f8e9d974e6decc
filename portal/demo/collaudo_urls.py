"""The URLs under /prova/ of a test environment. No mailbox and no authenticator app: several software houses share it."""

from django.urls import include, path

app_name = "demo"
urlpatterns = [path("", include("portal.demo.shared_urls"))]
