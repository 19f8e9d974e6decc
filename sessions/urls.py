from django.urls import path

from sessions.ids import till_check_views, today_views, views
from sessions.preferences import calendar_views as expiries
from sessions.preferences import days_views, handover_views, opening_views, reminder_views
from sessions.preferences import hours_views as hours
from sessions.preferences import webhook_views as webhooks
from sessions.semaforo import views as semaforo

app_name = "sessions"
urlpatterns = [
    path("id-sessione/", views.manage, name="manage"),
    path("id-sessione/richiedi/", views.request_id, name="request"),
    path("id-sessione/oggi/", today_views.ask_for_today, name="today"),
    path("id-sessione/errore-9101/", till_check_views.till_check_page, name="till_check"),
    path("id-sessione/<int:pk>/mostra/", views.show, name="show"),
    path("id-sessione/<int:pk>/reinvia/", views.resend, name="resend"),
    path("id-sessione/<int:pk>/revoca/", views.revoke, name="revoke"),
    path("passaggio/", handover_views.handover, name="handover"),
    path("avvisi/", reminder_views.reminders, name="reminders"),
    path("avvisi/orari/", hours.hours, name="hours"),
    path("avvisi/giorni/", days_views.days, name="days"),
    path("avvisi/turni/", hours.nights, name="nights"),
    path("avvisi/calendario/", expiries.panel, name="calendar"),
    path("avvisi/calendario/crea/", expiries.make, name="calendar_make"),
    path("avvisi/calendario/indirizzo/", expiries.shown, name="calendar_shown"),
    path("avvisi/calendario/disattiva/", expiries.close, name="calendar_close"),
    path("avvisi/apertura/", opening_views.opening, name="opening"),
    path("avvisi/semaforo/", semaforo.panel, name="semaforo"),
    path("avvisi/semaforo/crea/", semaforo.make, name="semaforo_make"),
    path("avvisi/semaforo/indirizzo/", semaforo.shown, name="semaforo_shown"),
    path("avvisi/semaforo/continua/", semaforo.keep, name="semaforo_keep"),
    path("avvisi/semaforo/spegni/", semaforo.close, name="semaforo_close"),
    path("avvisi/gestionale/", webhooks.panel, name="webhook"),
    path("avvisi/gestionale/collega/", webhooks.open_at, name="webhook_open"),
    path("avvisi/gestionale/chiave/", webhooks.secret, name="webhook_secret"),
    path("avvisi/gestionale/nuova-chiave/", webhooks.renew, name="webhook_renew"),
    path("avvisi/gestionale/scollega/", webhooks.close, name="webhook_close"),
    path("avvisi/gestionale/prova/", webhooks.test, name="webhook_test"),
    path("avvisi/gestionale/<int:pk>/riprova/", webhooks.retry, name="webhook_retry"),
]
