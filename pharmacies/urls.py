from django.urls import path

from pharmacies import role_request_views, views
from pharmacies.copies import views as copies
from pharmacies.delegations import views as delegations
from pharmacies.wizard.views import change

app_name = "pharmacies"
urlpatterns = [
    path("", views.choose, name="choose"),
    # before the codes: no pharmacy has this one
    path("richiesta-di-ruolo/", role_request_views.ask, name="role_request"),
    path("richiesta-di-ruolo/<int:pk>/ritira/", role_request_views.withdraw, name="role_request_withdraw"),
    path("<str:code>/", views.overview, name="overview"),
    path("<str:code>/sicurezza/", views.security, name="security"),
    path("<str:code>/sicurezza/gestione-mail/", views.mail, name="mail"),
    path("<str:code>/sicurezza/gestione-mail/modifica/", change, name="mail_change"),
    path("<str:code>/sicurezza/gestione-mail/modifica/annulla/", views.cancel_change, name="mail_change_cancel"),
    path("<str:code>/sicurezza/gestione-mail/prova/", views.trial, name="mail_trial"),
    path("<str:code>/sicurezza/gestione-mail/revoca/", views.revoke, name="mail_revoke"),
    path("<str:code>/sicurezza/gestione-mail/conferma/", views.confirm, name="mail_confirm"),
    path("<str:code>/avvisi/copie/", copies.copies, name="copies"),
    path("<str:code>/avvisi/copie/codice/", copies.code, name="copies_code"),
    path("<str:code>/avvisi/copie/nuovo-codice/", copies.new_code, name="copies_new_code"),
    path("<str:code>/avvisi/copie/<int:pk>/togli/", copies.stop, name="copies_stop"),
    path("<str:code>/persone/", delegations.people, name="people"),
    path("<str:code>/persone/nuova-delega/", delegations.give, name="delegation_give"),
    path("<str:code>/persone/<int:pk>/modifica/", delegations.change, name="delegation_change"),
    path("<str:code>/persone/<int:pk>/togli/", delegations.take_back, name="delegation_take_back"),
    path("<str:code>/registro/", views.journal, name="journal"),
]
