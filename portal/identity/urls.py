from django.urls import path

from portal.identity import federation_views
from portal.identity.people import card_views, own_sessions, views
from portal.identity.staff import account_views as operators
from portal.identity.staff import mailbox_views, passkey_views, step_up_views
from portal.identity.staff import own_views as own
from portal.identity.staff import views as staff_views
from portal.identity.staff.login_search import login_search

app_name = "identity"
urlpatterns = [
    path("accesso/", views.choose, name="choose"),
    path("accesso/ts-cns/carta/", card_views.card, name="card"),  # answered on the host of the cards only
    path(".well-known/openid-federation", federation_views.entity_configuration, name="entity_configuration"),
    path(
        "accesso/cie/resolve", federation_views.resolve, name="resolve"
    ),  # the federation fixes the last segment, `resolve`
    path("accesso/<slug:provider>/avvia/", views.start, name="start"),
    path("accesso/<slug:provider>/professionale/avvia/", views.start_professional, name="start_professional"),
    path("accesso/<slug:provider>/ritorno/", views.answer, name="answer"),
    path("accesso/<slug:provider>/metadata/", views.metadata, name="metadata"),
    path("accesso/<slug:provider>/uscita/", views.gone_out, name="gone_out"),
    path("miei-accessi/", own_sessions.own_sessions, name="own_sessions"),
    path("miei-accessi/<int:pk>/chiudi/", own_sessions.close, name="own_session_close"),
    path("miei-accessi/esci-da-tutti/", own_sessions.close_all, name="own_sessions_close"),
    path("miei-accessi/avvisi/", own_sessions.choose_letters, name="login_letters"),
    path("collegamento/", views.keep, name="keep"),
    path("uscita/", views.sign_out, name="sign_out"),
    path("operatori/accesso/", staff_views.staff_login, name="staff_login"),
    path("operatori/accesso/codice/", staff_views.staff_code, name="staff_code"),
    path("operatori/accesso/recupero/", staff_views.staff_recovery, name="staff_recovery"),
    path("operatori/accesso/attiva/", staff_views.staff_enrol, name="staff_enrol"),
    path("operatori/accesso/conferma/", step_up_views.step_up, name="staff_step_up"),
    path("operatori/mio-accesso/", own.own, name="staff_own"),
    path("operatori/mio-accesso/password/", own.change_password, name="staff_password"),
    path("operatori/accesso/passkey/", passkey_views.staff_passkey, name="staff_passkey"),
    path("operatori/mio-accesso/passkey/", passkey_views.staff_passkeys, name="staff_passkeys"),
    path("operatori/mio-accesso/passkey/<int:pk>/togli/", passkey_views.remove_passkey, name="staff_passkey_remove"),
    path("operatori/mio-accesso/email/", mailbox_views.staff_mailbox, name="staff_mailbox"),
    path("operatori/mio-accesso/codici/", own.new_codes, name="staff_new_codes"),
    path("operatori/mio-accesso/collegamenti/<int:pk>/chiudi/", own.close, name="staff_close"),
    path("operatori/accessi/", login_search, name="login_search"),
    path("operatori/utenti/", operators.everybody, name="operators"),
    path("operatori/utenti/nuovo/", operators.new, name="operator_new"),
    path("operatori/utenti/<int:pk>/", operators.change, name="operator"),
    path("operatori/utenti/<int:pk>/disabilita/", operators.act, {"name": "disable"}, name="operator_disable"),
    path("operatori/utenti/<int:pk>/riabilita/", operators.act, {"name": "enable"}, name="operator_enable"),
    path("operatori/utenti/<int:pk>/azzera/", operators.act, {"name": "reset"}, name="operator_reset"),
]
