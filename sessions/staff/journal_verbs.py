"""Italian sentences of the journal for the acts of the staff."""

WORDS = {
    "journal.exported": "ha esportato il registro attività ({filters})",
    "letter.retried": "ha fatto ripartire un messaggio ({kind}): {reason}",
    "report.decided": "ha letto un rapporto di un server di posta ({decision}): {reason}",
    "letter.cancelled": "ha annullato l’invio di un messaggio ({kind}): {reason}",
    "mailboxes.confirmed": "ha segnato come non raggiungibili le caselle di {domain} ({letters} messaggi rifiutati): {reason}",
    "mailboxes.dismissed": "ha lasciato in uso le caselle di {domain} ({letters} messaggi rifiutati): {reason}",
    "note.opened": "ha aperto una nota di assistenza",
    "note.closed": "ha chiuso una nota di assistenza",
    "bulk.revoke": "ha fatto revocare gli ID SESSIONE di {pharmacies} farmacie ({asked_for}). Motivo: {because}",
    "bulk.block": "ha fatto bloccare le utenze di {pharmacies} farmacie ({asked_for}). Motivo: {because}",
    "bulk.renew": "ha fatto togliere password e pincode alle utenze di {pharmacies} farmacie ({asked_for}). Motivo: {because}",
    "bulk.stopped": "ha fermato un lavoro su più farmacie ({act})",
    "archive.opened": "ha aperto una riga dell’archivio ({what})",
    "list.exported": "ha scaricato un elenco di {pharmacies} farmacie ({asked_for})",
    "list.utenze": "ha scaricato l’elenco delle utenze di {pharmacies} farmacie ({asked_for})",
    "list.letters": "ha scaricato l’elenco dei messaggi in uscita ({asked_for})",
    "context.added": "ha aggiunto il contesto {context}: {rules}",
    "context.types": "ha deciso chi può chiedere ID per il contesto {context}: prima {before}; adesso {after}",
    "context.changed": "ha modificato il contesto {context}: {changes}",
}
