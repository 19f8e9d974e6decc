"""The timeline's sentences about the acts of this app, by journal verb."""

WORDS = {
    "id.issued": "ha generato l’ID SESSIONE …{last4} per {context}, chiesto {asked}",
    "id.used": "ha visto il gestionale usare per la prima volta l’ID SESSIONE …{last4}",
    "id.resent": "ha fatto reinviare l’ID SESSIONE …{last4}",
    "id.shown": "ha visto per intero l’ID SESSIONE …{last4}",
    "id.revoked": "ha revocato l’ID SESSIONE …{last4}",
    "certificate.made": "ha pubblicato il certificato per cifrare il pincode {serial}",
    "certificate.retired": "ha ritirato il certificato per cifrare il pincode {serial}",
    "reminders.chosen": "ha scelto i promemoria: {minutes}",
    "hours.set": "ha scritto gli orari di apertura: {hours}",
    "webhook.opened": "ha collegato il gestionale agli avvisi automatici",
    "webhook.kept": "ha tenuto gli avvisi automatici al gestionale, collegati da chi c’era prima",
    "calendar.kept": "ha tenuto l’indirizzo privato del calendario, creato da chi c’era prima",
    "webhook.secret": "ha creato una nuova chiave per gli avvisi al gestionale",
    "webhook.closed": "ha scollegato il gestionale dagli avvisi automatici",
    "calendar.made": "ha creato un nuovo indirizzo per il calendario delle scadenze",
    "calendar.closed": "ha disattivato il calendario delle scadenze",
    "nights.set": "ha scritto i turni di notte: {nights}",
}
