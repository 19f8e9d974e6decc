"""The words of the wire, all of them: names, codes and sentences of docs/contract.md, sections 1 to 4. Nowhere else."""

from dataclasses import dataclass
from enum import Enum

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = "http://wsdl.auth.a2f.sts.sanita.finanze.it"
MESSAGES = "http://authservice.xsd.wsdl.auth.a2f.sts.sanita.finanze.it"
TYPES = "http://datatype.xsd.wsdl.auth.a2f.sts.sanita.finanze.it"


class Operation(Enum):
    """What may be asked; the value is the name in the SOAPAction."""

    CREATE = "create"
    REVOKE = "revoke"
    CHECK = "checkToken"

    @property
    def action(self) -> str:
        return f"{SERVICE}/{self.value}"

    @property
    def request(self) -> str:
        """The local name of the element that asks."""
        return {"create": "CreateAuthReq", "revoke": "RevokeAuthReq", "checkToken": "CheckTokenReq"}[self.value]

    @property
    def reply(self) -> str:
        return self.request.removesuffix("Req") + "Res"


BY_REQUEST = {f"{{{MESSAGES}}}{operation.request}": operation for operation in Operation}
BY_ACTION = {operation.action: operation for operation in Operation}

PLACE_CODES = ("codRegione", "codAslAo", "codSsa", "codiceStruttura")  # sent on create only
_COMMON = ("contesto", "applicazione", "opzioni", "infoAggiuntive")
_WHO = ("userId", "identificativo", "cfUtente")
FIELDS = {
    Operation.CREATE: (*_WHO, *PLACE_CODES, *_COMMON),
    Operation.REVOKE: (*_WHO, "token", *_COMMON),
    Operation.CHECK: (*_WHO, "token", *_COMMON),
}
INNER = {
    "identificativo": ("tipo", "valore"),
    "opzioni": ("opzione",),
    "infoAggiuntive": ("opzione",),
    "opzione": ("chiave", "valore"),
}
PINCODE = "P"  # the one tipo that can be proved; a row of the context may say "I", id inviante, and no utenza has one
OPTIONS_AT_MOST = 10

# what a context may add to the common parameters: required there and missing, it is 22
OF_THE_CONTEXT = ("infoAggiuntive",)
MAY_BE_EMPTY = ("applicazione", "codiceStruttura")  # required means there, not full


@dataclass(frozen=True)
class Outcome:
    """One line of the table of codes."""

    code: str
    type: str  # W, E or F
    sentence: str


MISSING = Outcome("01", "E", "Parametro di INPUT obbligatorio")  # required by the service: the token
TOO_LONG = Outcome("02", "E", "Lunghezza Parametro INPUT superiore al consentito")
ALREADY_REVOKED = Outcome("05", "W", "ID-SESSIONE da revocare risulta già revocato.")
REVOKED = Outcome("06", "W", "ID-SESSIONE richiesto in consultazione risulta già revocato")
EXPIRED = Outcome("07", "W", "ID-SESSIONE richiesto in consultazione risulta non più valido")
OPTION_WITHOUT_VALUE = Outcome("08", "E", "OPZIONI: trovata opzione con valore nullo")
OPTION_WITHOUT_KEY = Outcome("09", "E", "OPZIONI: trovata opzione con chiave nulla")
OPTION_NOT_ALLOWED = Outcome("10", "E", "OPZIONI: chiave opzione non consentita")
# 15 and 18 differ from the manual (docs/contract.md, section 9): meaning and words are ours
TOO_MANY_OPTIONS = Outcome("15", "E", "OPZIONI: numero di opzioni superiore al consentito")
OPTION_TWICE = Outcome("18", "E", "OPZIONI: chiave opzione ripetuta")
TIPO_MISSING = Outcome("21", "E", "Tipologia Identificativo non presente")
_CONTEXT = "Errore parametri: verificare la corretta configurazione dei parametri per contesto-applicazione"
CONTEXT_NOT_RESPECTED = Outcome("22", "E", _CONTEXT)
MAIL_REFUSED = Outcome("100", "E", "Errore durante l'invio della mail al contatto di posta certificato.")
NO_CERTIFIED_MAIL = Outcome(
    "200", "E", "Non è stato trovato alcun contatto email certificato per l'invio dell'ID-SESSIONE."
)
MISSING_IN_CONTEXT = Outcome("300", "E", "Parametro di INPUT obbligatorio")  # required by the context, with its name
PINCODE_MALFORMED = Outcome("301", "E", "Pincode formalmente errato.")
PINCODE_WRONG = Outcome("302", "E", "Pincode non valido.")
TIPO_WRONG = Outcome("303", "E", "Tipologia identificativo non valido per l'utente.")
CODICE_FISCALE_WRONG = Outcome("306", "E", "Codice fiscale errato.")
PLACE_WRONG = Outcome("307", "E", "I codici di REGIONE, ASL e SSA dell'utente sono errati.")
ANOTHER_USER = Outcome("602", "E", "Utente non autorizzato! L'utente autenticato è diverso dallo userId del servizio.")
UNKNOWN_ID = Outcome("603", "E", "Operazione non consentita! ID-SESSIONE inesistente.")  # 04 is answered as this one
CONTEXT_UNKNOWN = Outcome("9998", "E", _CONTEXT)
UNEXPECTED = Outcome("9999", "F", "Errore di sistema.")

MAIL_QUEUED = ("emailStatus", "Email con token inviata con successo all'indirizzo di posta certificato")
REVOCATION_DONE = ("revokeStatus", "Revoca del token eseguita correttamente")
EARLIER_REVOCATION = "lastRevokePreviousDate"

VALID, WAS_REVOKED, HAS_EXPIRED = (0, "Valido"), (1, "Revocato"), (2, "Scaduto")  # stato, descrizione

REJECTED = "Rejected by policy. (from client)"
NOT_USABLE = "Errore generico di autenticazione"
