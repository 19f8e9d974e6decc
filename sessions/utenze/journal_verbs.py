"""The timeline's sentences about the acts on an utenza, by journal verb."""

WORDS = {
    "utenza.file_read": "ha letto l’elenco delle utenze {file}: {created} nuove, {changed} cambiate, {broken} righe non lette",
    "utenza.imported": "ha registrato l’utenza del gestionale {user_id}, da un elenco dell’amministrazione",
    "utenza.updated": "ha aggiornato l’utenza {user_id} da un elenco dell’amministrazione: {what}",
    "utenza.opened": "ha creato l’utenza del gestionale {user_id}",
    "utenza.password": "ha cambiato la password dell’utenza {user_id}",
    "utenza.pincode": "ha cambiato il pincode dell’utenza {user_id}",
    "utenza.disabled": "ha disabilitato l’utenza {user_id} (ID SESSIONE revocati: {revoked})",
    "utenza.enabled": "ha riattivato l’utenza {user_id}",
    "utenza.blocked": "ha bloccato l’utenza {user_id} (ID SESSIONE revocati: {revoked}). Motivo: {because}",
    "utenza.anomaly": "ha bloccato l’utenza {user_id} per un’anomalia (ID SESSIONE revocati: {revoked}): {because}",
    "utenza.unblocked": "ha sbloccato l’utenza {user_id}. Motivo: {because}",
}
