"""URLs of the pages about one pharmacy, relative to its code."""

from django.urls import path

from sessions.staff.mail import letter_acts, mailboxes
from sessions.staff.pharmacy import (
    acts,
    notes,
    office_acts,
    person_acts,
    place_acts,
    record_views,
    utenza_block,
    utenza_desk,
)

urlpatterns = [
    path("", record_views.page, name="pharmacy"),
    path("attivita/", record_views.timeline, name="timeline"),
    path("invia-di-nuovo/<int:pk>/", acts.resend, name="resend"),
    path("id/<int:pk>/revoca/", acts.revoke_id, name="revoke_id"),
    path("id/revoca-tutti/", acts.revoke_all, name="revoke_all"),
    path("mail/revoca/", acts.revoke_address, name="revoke_address"),
    path("mail/raggiungibile/", acts.reachable, name="reachable"),
    path("mail/prova/", mailboxes.trial, name="trial"),
    path("messaggi/<int:pk>/riprova/", letter_acts.retry, name="retry_letter"),
    path("messaggi/<int:pk>/annulla/", letter_acts.cancel, name="cancel_letter"),
    path("note/nuova/", notes.write, name="note"),
    path("note/<int:pk>/chiudi/", notes.close, name="close_note"),
    path("luogo/", place_acts.correct, name="place"),
    path("persone/", office_acts.people, name="people"),
    path("persone/nuova/", office_acts.give, name="office_give"),
    path("persone/direttore/", office_acts.direttore, name="direttore"),
    path("persone/<int:pk>/correggi/", office_acts.correct, name="office_correct"),
    path("persone/<int:pk>/chiudi/", office_acts.end, name="office_end"),
    path("persone/<int:pk>/segui/", office_acts.follow, name="office_follow"),
    path("persone/<int:pk>/tieni/", office_acts.keep, name="office_keep"),
    path("persone/<int:pk>/accessi/", person_acts.end_sessions, name="person_sessions"),
    path("persone/<int:pk>/ferma/", person_acts.stop, name="person_stop"),
    path("persone/<int:pk>/riammetti/", person_acts.readmit, name="person_readmit"),
    path("utenze/nuova/", utenza_desk.add, name="add_utenza"),
    path("utenze/<int:pk>/credenziali/", utenza_desk.renew, name="renew_utenza"),
    path("utenze/<int:pk>/passa/", utenza_desk.hand_over, name="hand_over_utenza"),
    path("utenze/<int:pk>/fornitore/", utenza_desk.supplier, name="supplier"),
    path("utenze/<int:pk>/blocca/", utenza_block.block, name="block"),
    path("utenze/<int:pk>/sblocca/", utenza_block.unblock, name="unblock"),
]
