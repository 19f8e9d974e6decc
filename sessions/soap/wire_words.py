"""Names, codes and sentences of the protocol (docs/contract.md, sections 1 to 4). No other module spells them."""

from dataclasses import dataclass
from enum import Enum

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = "http://wsdl.auth.a2f.sts.sanita.finanze.it"
MESSAGES = "http://authservice.xsd.wsdl.auth.a2f.sts.sanita.finanze.it"
TYPES = "http://datatype.xsd.wsdl.auth.a2f.sts.sanita.finanze.it"


class Operation(Enum):
    """The operations of the service; the value is the name in the SOAPAction."""

    CREATE = "create"
    REVOKE = "revoke"
    CHECK = "checkToken"

    @property
    def action(self) -> str:
        return f"{SERVICE}/{self.value}"

    @property
    def request(self) -> str:
        """The local name of the request element."""
        return {"create": "CreateAuthReq", "revoke": "RevokeAuthReq", "checkToken": "CheckTokenReq"}[self.value]

    @property
    def reply(self) -> str:
        return self.request.removesuffix("Req") + "Res"


BY_REQUEST = {f"{{{MESSAGES}}}{operation.request}": operation for operation in Operation}
BY_ACTION = {operation.action: operation for operation in Operation}

PLACE_CODES = ("codRegione", "codAslAo", "codSsa", "codiceStruttura")  # sent on create only
_COMMON = ("contesto", "applicazione", "opzioni", "infoAggiuntive")
_IDENTITY = ("userId", "identificativo", "cfUtente")
FIELDS = {
    Operation.CREATE: (*_IDENTITY, *PLACE_CODES, *_COMMON),
    Operation.REVOKE: (*_IDENTITY, "token", *_COMMON),
    Operation.CHECK: (*_IDENTITY, "token", *_COMMON),
}
INNER = {
    "identificativo": ("tipo", "valore"),
    "opzioni": ("opzione",),
    "infoAggiuntive": ("opzione",),
    "opzione": ("chiave", "valore"),
}
PINCODE = "P"  # the only tipo that can be proved; a context's row may allow "I" (id inviante), which no utenza has
OPTIONS_AT_MOST = 10

# optional elements that a context may require: a missing one is code 22
OF_THE_CONTEXT = ("infoAggiuntive",)
MAY_BE_EMPTY = ("applicazione", "codiceStruttura")  # when required they must be present, but may be empty


@dataclass(frozen=True)
class ResultCode:
    """One line of the table of result codes."""

    code: str
    type: str  # W, E or F
    sentence: str


MISSING = ResultCode("01", "E", "Parametro di INPUT obbligatorio")  # required by the service: the token
TOO_LONG = ResultCode("02", "E", "Lunghezza Parametro INPUT superiore al consentito")
ALREADY_REVOKED = ResultCode("05", "W", "ID-SESSIONE da revocare risulta già revocato.")
REVOKED = ResultCode("06", "W", "ID-SESSIONE richiesto in consultazione risulta già revocato")
EXPIRED = ResultCode("07", "W", "ID-SESSIONE richiesto in consultazione risulta non più valido")
OPTION_WITHOUT_VALUE = ResultCode("08", "E", "OPZIONI: trovata opzione con valore nullo")
OPTION_WITHOUT_KEY = ResultCode("09", "E", "OPZIONI: trovata opzione con chiave nulla")
OPTION_NOT_ALLOWED = ResultCode("10", "E", "OPZIONI: chiave opzione non consentita")
# sent by no check: no column of a context lists the options that it allows
OPTION_NOT_PREDEFINED = ResultCode("15", "E", "OPZIONI: un’opzione non rispetta il dominio di valori predefiniti")
OPTION_OUT_OF_RANGE = ResultCode("18", "E", "OPZIONI: un’opzione ha un valore fuori range")
TIPO_MISSING = ResultCode("21", "E", "Tipologia Identificativo non presente")
_CONTEXT = "Errore parametri: verificare la corretta configurazione dei parametri per contesto-applicazione"
CONTEXT_NOT_RESPECTED = ResultCode("22", "E", _CONTEXT)
MAIL_REFUSED = ResultCode("100", "E", "Errore durante l'invio della mail al contatto di posta certificato.")
NO_CERTIFIED_MAIL = ResultCode(
    "200", "E", "Non è stato trovato alcun contatto email certificato per l'invio dell'ID-SESSIONE."
)
MISSING_IN_CONTEXT = ResultCode("300", "E", "Parametro di INPUT obbligatorio")  # required by the context, with its name
PINCODE_MALFORMED = ResultCode("301", "E", "Pincode formalmente errato.")
PINCODE_WRONG = ResultCode("302", "E", "Pincode non valido.")
TIPO_WRONG = ResultCode("303", "E", "Tipologia identificativo non valido per l'utente.")
CODICE_FISCALE_WRONG = ResultCode("306", "E", "Codice fiscale errato.")
PLACE_WRONG = ResultCode("307", "E", "I codici di REGIONE, ASL e SSA dell'utente sono errati.")
ANOTHER_USER = ResultCode(
    "602", "E", "Utente non autorizzato! L'utente autenticato è diverso dallo userId del servizio."
)
UNKNOWN_ID = ResultCode(
    "603", "E", "Operazione non consentita! ID-SESSIONE inesistente."
)  # the service answers this for code 04 too
CONTEXT_UNKNOWN = ResultCode("9998", "E", _CONTEXT)
UNEXPECTED = ResultCode("9999", "F", "Errore di sistema.")

MAIL_QUEUED = ("emailStatus", "Email con token inviata con successo all'indirizzo di posta certificato")
REVOCATION_DONE = ("revokeStatus", "Revoca del token eseguita correttamente")
EARLIER_REVOCATION = "lastRevokePreviousDate"

VALID, WAS_REVOKED, HAS_EXPIRED = (0, "Valido"), (1, "Revocato"), (2, "Scaduto")  # stato, descrizione

TOO_LARGE = "Il messaggio supera la dimensione massima consentita di 64 KiB."
REJECTED = "Rejected by policy. (from client)"
NOT_USABLE = "Errore generico di autenticazione"
