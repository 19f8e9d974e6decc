"""Sentences of the journal about the accounts of the staff."""

WORDS = {
    "staff.created": "ha creato l’operatore {name} ({rights})",
    "staff.changed": "ha cambiato l’operatore {name}: da ({was}) a ({rights})",
    "staff.disabled": "ha disabilitato l’operatore {name}",
    "staff.enabled": "ha riabilitato l’operatore {name}",
    "staff.reset": "ha azzerato password e app dell’operatore {name}",
    "staff.enrolled": "ha registrato la propria app di autenticazione ({name})",
    "staff.recovered": "è entrato con un codice di recupero ({name})",
    "staff.mailbox_confirmed": "ha confermato la casella {address} per i propri avvisi ({name})",
    "staff.locked_out": "ha bloccato per un quarto d’ora l’accesso di {name}: troppe password sbagliate",
    "staff.codes_guessed": "ha rifiutato cinque codici sbagliati di seguito dopo la password giusta di {name}",
    "staff.app_renewed": "ha dato da terminale una nuova app di autenticazione all’operatore {name}",
    "staff.codes_renewed": "ha generato nuovi codici di recupero ({name})",
    "staff.password_changed": "ha cambiato la propria password ({name})",
    "staff.session_closed": "ha chiuso un proprio collegamento ({origin})",
    "person.sessions_ended": "ha chiuso gli accessi di {name} al portale",
    "person.stopped": "ha fermato l’accesso di {name} al portale",
    "person.readmitted": "ha riammesso {name} al portale",
    "person.sessions_closed": "ha chiuso {closed} al portale",
    "logins.searched": "ha cercato gli accessi con identità digitale di {name}",
}
