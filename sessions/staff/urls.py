from django.urls import include, path
from django.views.generic import RedirectView

from sessions.staff import (
    certificates,
    closings,
    context_dates,
    context_types,
    contexts,
    duties,
    endings,
    journal,
    register_nights,
    role_requests,
)
from sessions.staff.desk import bulk_views, invite_views, sheet_views, status_views, utenze_sheet, without_id_views
from sessions.staff.mail import mailboxes, outbox_views, unread_reports
from sessions.staff.pharmacy import place_acts

app_name = "staff"
urlpatterns = [
    # the address that an administration tells its operators: the list, which sends an anonymous caller to the staff's login
    path("", RedirectView.as_view(pattern_name="staff:status"), name="door"),
    path("da-invitare/", invite_views.to_invite, name="to_invite"),
    path("da-invitare/elenco.<slug:kind>", invite_views.invite_sheet, name="invite_sheet"),
    path("senza-id/", without_id_views.list_without_id, name="without_id"),
    path("senza-id/elenco.<slug:kind>", without_id_views.sheet_without_id, name="without_id_sheet"),
    path("senza-id/avvisa/", without_id_views.warn_without_id, name="without_id_warn"),
    path("stato-sessioni/", status_views.status, name="status"),
    path("stato-sessioni/cerca/", status_views.look_for, name="search"),
    path("stato-sessioni/scarica/utenze.<slug:kind>", utenze_sheet.utenze_sheet, name="utenze_sheet"),
    path("stato-sessioni/scarica/<slug:slug>.<slug:kind>", sheet_views.sheet, name="sheet"),
    path("stato-sessioni/agisci/", bulk_views.act_on_all, name="bulk"),
    path("stato-sessioni/lavori/", bulk_views.jobs, name="jobs"),
    path("stato-sessioni/lavori/<int:pk>/", bulk_views.job, name="job"),
    path("stato-sessioni/lavori/<int:pk>/ferma/", bulk_views.stop, name="stop_job"),
    path("stato-sessioni/lavori/<int:pk>/riprova/", bulk_views.retry, name="retry_job"),
    path("stato-sessioni/lavori/<int:pk>/farmacie.<slug:kind>", sheet_views.job_sheet, name="job_sheet"),
    path("chiusure/", closings.closings, name="closings"),
    path("registro-nazionale/", register_nights.register_nights, name="register_nights"),
    path("turni/", duties.duties, name="duties"),
    path("incarichi/", endings.endings, name="endings"),
    path("richieste/", role_requests.every_request, name="role_requests"),
    path("richieste/<int:pk>/", role_requests.one_request, name="role_request"),
    path("stato-sessioni/luogo/<slug:slug>/", place_acts.next_place, name="next_place"),
    path("stato-sessioni/<str:code>/", include("sessions.staff.pharmacy_urls")),
    path("posta/", outbox_views.outbox, name="outbox"),
    path("posta/caselle/", mailboxes.held_mailboxes, name="held_mailboxes"),
    path("posta/caselle/<str:domain>/<slug:verdict>/", mailboxes.decide, name="decide_mailboxes"),
    path("posta/csv/", outbox_views.export, name="outbox_csv"),
    path("posta/rapporti/", unread_reports.every_report, name="reports"),
    path("posta/rapporti/<int:pk>/", unread_reports.decide, name="report"),
    path("registro/", journal.journal, name="journal"),
    path("registro/csv/", journal.export, name="journal_csv"),
    path("contesti/", contexts.every_context, name="contexts"),
    path("contesti/nuovo/", contexts.add_context, name="add_context"),
    path("contesti/<int:pk>/", contexts.context, name="context"),
    path("contesti/<int:pk>/obbligo/", context_dates.context_date, name="context_date"),
    path("contesti/<int:pk>/tipologie/", context_types.context_types, name="context_types"),
    path("certificati/", certificates.every_certificate, name="certificates"),
    path("certificati/nuovo/", certificates.new_certificate, name="new_certificate"),
    path("certificati/<int:pk>/ritira/", certificates.retire_certificate, name="retire_certificate"),
]
