"""The sentences of the timeline for the journal verbs of this app."""

WORDS = {
    "register.imported": "ha letto il registro nazionale {file}: {created} farmacie nuove, {changed} cambiate, {closed} chiuse",
    "register.in_part": "ha letto una parte del registro nazionale {file}, che {why}: {created} farmacie nuove, {changed} cambiate, nessuna chiusa",
    "register.accepted": "ha preso per intero il registro nazionale {file}, che {why} ({because}): {created} farmacie nuove, {changed} cambiate, {closed} chiuse",
    "register.closed": "ha chiuso la farmacia dal {since}: {why}",
    "register.reopened": "ha riaperto la farmacia: il registro nazionale la dà di nuovo aperta",
    "pec.added": "ha aggiunto {domain} ai domini PEC",
    "pec.removed": "ha tolto {domain} dai domini PEC",
    "certification.requested": "ha indicato l’indirizzo {address} da certificare",
    "code.sent": "ha preparato un codice di validazione per {address}",
    "code.wrong": "ha scritto un codice di validazione errato (tentativi rimasti: {left})",
    "certification.certified": "ha certificato l’indirizzo {address} con {with}",
    "certification.changed": "ha cambiato l’indirizzo certificato da {old} a {new} con {with}",
    "certification.withdrawn": "ha annullato la certificazione dell’indirizzo {address}",
    "certification.undeliverable": "ha segnato l’indirizzo {address} come non raggiungibile: {why}",
    "certification.reachable_again": "ha segnato l’indirizzo {address} come di nuovo raggiungibile: {reason}",
    "certification.mark_held": "ha tolto il segno «non raggiungibile» da {address}: troppe caselle insieme sembravano inesistenti, decide l’assistenza",
    "certification.reached": "ha tolto il segno «non raggiungibile» da {address}: un messaggio è stato consegnato",
    "certification.trial": "ha inviato un messaggio di prova a {address}",
    "certification.revoked": "ha revocato l’indirizzo certificato {address}",
}
