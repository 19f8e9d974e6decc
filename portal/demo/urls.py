from django.urls import include, path

from portal.demo import gestionale_views, mailbox_views
from portal.demo.clock import views as clock_views
from portal.demo.identity import authenticator
from portal.demo.till import views as till_views

app_name = "demo"
urlpatterns = [
    path("", mailbox_views.home, name="home"),
    path("posta/", mailbox_views.mailbox, name="mailbox"),
    path("posta/<int:pk>/", mailbox_views.letter, name="letter"),
    path("posta/<int:pk>/html/", mailbox_views.letter_html, name="letter_html"),
    path("app/", authenticator.authenticator, name="authenticator"),
    path("orologio/ricomincia/", clock_views.again, name="clock_again"),
    path("gestionale/", gestionale_views.heard, name="gestionale"),
    path("gestionale/<slug:how>/", gestionale_views.hear, name="hear"),
    path("cassa/", till_views.till, name="till"),
    path("cassa/utenza/", till_views.till_settings, name="till_settings"),
    path("", include("portal.demo.shared_urls")),
]
