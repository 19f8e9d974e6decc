"""The till's sentences: the answers of the service and of the gate in the words of a pharmacist."""

from dataclasses import dataclass

from portal.a2f_client import A2fReply, Exchange

OK, WAIT, BAD = "ok", "warn", "bad"


@dataclass(frozen=True)
class TillOutcome:
    """The outcome of the last act: `kind` (OK, WAIT, BAD), a title and a sentence."""

    kind: str
    title: str
    words: str


EMPTIED = TillOutcome(
    WAIT, "Riquadro vuoto", "Nel riquadro rosso non c’è nessun ID SESSIONE: incolla quello arrivato per e-mail."
)
NO_CERTIFICATE = TillOutcome(
    BAD,
    "Manca il certificato per cifrare il pincode",
    "Il gestionale lo scarica dalla pagina pubblica del portale, che adesso non ne offre uno adatto.",
)

# error 9101, by X-A2F-Reason (docs/contract.md, section 7)
GATE_REASONS = {
    "missing": "La ricetta è partita senza ID SESSIONE. Incollalo nel riquadro rosso e riprova.",
    "malformed": "Quello nel riquadro rosso non è un ID SESSIONE: deve avere 36 caratteri, trattini compresi. Copialo di nuovo, tutto intero.",
    "unknown": "Nessuno ha mai emesso questo ID SESSIONE. Forse manca un carattere: copialo di nuovo dall’e-mail.",
    "expired": "Le ore di questo ID SESSIONE sono finite. Generane uno nuovo: arriva per e-mail in pochi istanti.",
    "revoked": "Questo ID SESSIONE è stato revocato, oppure uno più recente ha preso il suo posto. Usa l’ultimo arrivato per e-mail, o generane uno nuovo.",
    "other-utenza": "Questo ID SESSIONE è di un’altra utenza: forse di un’altra farmacia. Usa quello chiesto con l’utenza di questa cassa.",
    "other-context": "Questo ID SESSIONE serve per un altro tipo di ricetta. Generane uno per quello che stai erogando.",
}  # fmt: skip
REASON_OF_CODE = {"05": "revoked", "06": "revoked", "07": "expired", "603": "unknown"}

_OPTIONS = "Il gestionale ha mandato un’opzione che il servizio non accetta: lo deve correggere chi lo ha scritto."
SERVICE_CODES = {
    "01": "Nel riquadro rosso non c’è nessun ID SESSIONE: incolla quello arrivato per e-mail.",
    "02": "Un dato dell’utenza è troppo lungo.",
    "05": "Era già revocato, o le sue ore erano finite.",
    "06": "È stato revocato, oppure uno più recente ha preso il suo posto.",
    "07": "Le sue ore sono finite.",
    **dict.fromkeys(("08", "09", "10", "15", "18"), _OPTIONS),
    "21": "Il gestionale non ha detto con che cosa si identifica l’utenza: lo deve correggere chi lo ha scritto.",
    "22": "Per questo tipo di ricetta il servizio vuole altre informazioni, che questa cassa non manda.",
    "100": "L’indirizzo certificato della farmacia rifiuta i messaggi: il titolare deve cambiarlo sul portale.",
    "200": "La farmacia non ha un indirizzo e-mail certificato: il titolare lo certifica sul portale, in «Sicurezza».",
    "300": "Manca il dato scritto qui sopra. Se è dell’utenza, si completa nelle impostazioni della cassa.",
    "301": "Il pincode è arrivato illeggibile: il certificato con cui è cifrato non è quello del portale.",
    "302": "Il pincode non è quello dell’utenza. Il titolare può generarne uno nuovo sul portale.",
    "303": "Per questo tipo di ricetta il servizio non accetta il pincode: avvisa chi gestisce il portale.",
    "306": "Il codice fiscale non è quello abbinato all’utenza.",
    "307": "I codici regione, ASL o SSA non sono quelli dell’utenza.",
    "602": "Lo userId non è quello con cui ci si è autenticati.",
    "603": "Nessun ID SESSIONE così per questa utenza e questo tipo di ricetta.",
    "9998": "Il servizio non conosce questo tipo di ricetta, o chi la eroga non può chiederne gli ID: una parafarmacia, per esempio, non eroga ricette SSN.",
    "9999": "Il servizio ha avuto un problema: riprova tra qualche minuto.",
}
UNEXPLAINED = "La cassa non conosce questo errore: il significato è nel titolo, come lo scrive il servizio."


def no_answer(why: str) -> TillOutcome:
    return TillOutcome(
        BAD, "Il portale non risponde", f"{why} La ricetta non è partita: riprova tra poco, l’ID SESSIONE non si perde."
    )


def of_create(exchange: Exchange) -> TillOutcome:
    """Returns the outcome of a request for an id that succeeded."""
    words = "È partito verso l’indirizzo certificato della farmacia. Aprilo, copia il codice e incollalo nel riquadro rosso."
    return TillOutcome(OK, "ID SESSIONE generato", words)


def of_check(exchange: Exchange) -> TillOutcome:
    if exchange.reply.is_done:
        return TillOutcome(OK, "ID SESSIONE valido", "Il servizio lo riconosce: puoi erogare fino alla scadenza.")
    return of_service(exchange)


def of_revoke(exchange: Exchange) -> TillOutcome:
    if exchange.reply.is_done:
        return TillOutcome(OK, "ID SESSIONE revocato", "Da adesso nessuna cassa può usarlo.")
    return of_service(exchange)


def of_service(exchange: Exchange) -> TillOutcome:
    """Returns the outcome of a refusal by the web service: 401, a fault, or its first error."""
    reply = exchange.reply
    if exchange.status == 401:
        words = (
            "UserId o password dell’utenza non sono giusti. Dopo molti tentativi sbagliati il servizio fa aspettare."
        )
        return TillOutcome(BAD, "Autenticazione rifiutata (401)", words)
    if reply.fault == "Errore generico di autenticazione":
        words = "L’utenza è disabilitata o bloccata: il titolare lo vede sul portale, in «Utenze del gestionale»."
        return TillOutcome(BAD, "Utenza non utilizzabile", words)
    if not reply.errors:
        return TillOutcome(
            BAD, f"Risposta non prevista ({exchange.status})", reply.fault or "Il servizio non ha detto altro."
        )
    error = reply.errors[0]
    return TillOutcome(BAD, f"Errore {error.code}: {error.words}", SERVICE_CODES.get(error.code, UNEXPLAINED))


def of_gate(exchange: Exchange) -> TillOutcome:
    if exchange.status == 204:
        return TillOutcome(OK, "Ricetta bianca erogata", "L’ID SESSIONE è stato accettato.")
    if exchange.status == 403:
        reason = exchange.headers.get("X-A2F-Reason", "")
        title = f"Errore {exchange.headers.get('X-A2F-Error', '9101')}: id-sessione non presente o non valido"
        return TillOutcome(BAD, title, GATE_REASONS.get(reason, "L’ID SESSIONE non è stato accettato."))
    if exchange.status == 401:
        words = "L’ID SESSIONE va bene, ma la password dell’utenza di questa cassa no."
        return TillOutcome(BAD, "Autenticazione rifiutata (401)", words)
    return TillOutcome(
        BAD, "Il portale non risponde come dovrebbe", f"Stato {exchange.status}: la ricetta non è stata erogata."
    )


def reason_of(reply: A2fReply) -> str:
    """Returns the gate's reason for the same refusal; "" when the id is valid or the error concerns something else."""
    return next((REASON_OF_CODE[error.code] for error in reply.errors if error.code in REASON_OF_CODE), "")
