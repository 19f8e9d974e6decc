"""The timeline's sentences about the acts on an utenza, by journal verb."""

WORDS = {
    "utenza.file_read": "ha letto l’elenco delle utenze {file}: {created} nuove, {changed} cambiate, {broken} righe non lette",
    "utenza.imported": "ha registrato l’utenza del gestionale {user_id}, da un elenco dell’amministrazione",
    "utenza.updated": "ha aggiornato l’utenza {user_id} da un elenco dell’amministrazione: {what}",
    "utenza.opened": "ha creato l’utenza del gestionale {user_id}",
    "utenza.opened_by_desk": "ha creato l’utenza del gestionale {user_id}. Motivo: {because}",
    "utenza.reset": "ha tolto password e pincode all’utenza {user_id}: il titolare ritira quelli nuovi. Motivo: {because}",
    "utenza.renewal": "ha preparato nuove credenziali per l’utenza {user_id}: valgono quando il titolare le ritira. Motivo: {because}",
    "utenza.collected": "ha ritirato le nuove credenziali dell’utenza {user_id}",
    "utenza.handed_away": "ha passato l’utenza {user_id} alla {noun|farmacia} {to} (ID SESSIONE revocati: {revoked}). Motivo: {because}",
    "utenza.handed_over": "ha passato qui l’utenza {user_id}, che era della {noun|farmacia} {former}. Motivo: {because}",
    "utenza.supplier": "ha scritto il fornitore dell’utenza {user_id}: {supplier}",
    "utenza.password": "ha cambiato la password dell’utenza {user_id}",
    "utenza.pincode": "ha cambiato il pincode dell’utenza {user_id}",
    "utenza.disabled": "ha disabilitato l’utenza {user_id} (ID SESSIONE revocati: {revoked})",
    "utenza.enabled": "ha riattivato l’utenza {user_id}",
    "utenza.blocked": "ha bloccato l’utenza {user_id} (ID SESSIONE revocati: {revoked}). Motivo: {because}",
    "utenza.anomaly": "ha bloccato l’utenza {user_id} per un’anomalia (ID SESSIONE revocati: {revoked}): {because}",
    "utenza.unblocked": "ha sbloccato l’utenza {user_id}. Motivo: {because}",
}
