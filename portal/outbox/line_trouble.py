"""Sentences for the staff about a failed conversation with the portal's own mail server: certificate, TLS, login.

They never hold an address, a password or the name of a class.
"""

import socket
import ssl
from smtplib import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPHeloError,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)

OUR_SERVER = "Guasto del nostro server di posta"  # begins last_answer when the server answers but cannot be used
# X509_V_ERR_… of OpenSSL, x509_vfy.h
BY_VERIFY_CODE = {
    9: "Il certificato del server di posta non è ancora valido",
    10: "Il certificato del server di posta è scaduto",
    18: "Il certificato del server di posta è firmato da sé stesso, non da un’autorità riconosciuta",
    19: "Il certificato del server di posta è firmato da un’autorità che il portale non conosce",
    20: "Il certificato del server di posta è firmato da un’autorità che il portale non conosce",
    21: "Il certificato del server di posta è firmato da un’autorità che il portale non conosce",
    23: "Il certificato del server di posta è stato revocato",
    62: "Il certificato del server di posta è di un altro nome, non di quello scritto in EMAIL_URL",
    64: "Il certificato del server di posta è di un altro nome, non di quello scritto in EMAIL_URL",
}
_NOT_VERIFIED = "Il certificato del server di posta non si può verificare"
_NO_TLS_HERE = "Il server di posta non parla TLS su questa porta"
_TLS_FAILED = "La connessione cifrata con il server di posta non riesce"
_NO_STARTTLS = "Il server di posta non offre STARTTLS, che EMAIL_URL chiede"
_NO_LOGIN = "Il server di posta non offre un accesso con nome e password, che EMAIL_URL chiede"
_LOGIN_REFUSED = "Il server di posta rifiuta il nome o la password del portale"
_NO_SUCH_HOST = "Il nome del server di posta non si trova"


class UnexpectedAnswer(SMTPException):
    """The server answered with a code that is not valid at this point (RFC 5321, 4.3.2): nothing was delivered."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def setup_trouble(error: OSError) -> str | None:
    """The sentence for a configuration error, here or at the server; None for a server that is away, slow or busy."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return BY_VERIFY_CODE.get(error.verify_code, _NOT_VERIFIED)
    if isinstance(error, ssl.SSLError):
        return _NO_TLS_HERE if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE") else _TLS_FAILED
    if isinstance(error, SMTPAuthenticationError):
        return f"{_LOGIN_REFUSED} (risposta {error.smtp_code})" if error.smtp_code >= 500 else None
    if isinstance(error, SMTPNotSupportedError):
        return _NO_STARTTLS if "STARTTLS" in str(error) else _NO_LOGIN
    if isinstance(error, socket.gaierror):
        return _NO_SUCH_HOST if error.errno == socket.EAI_NONAME else None
    return _NO_LOGIN if type(error) is SMTPException else None


def words_of(error: OSError) -> str:
    """A description of a broken conversation that is safe for pages and logs."""
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):  # smtplib wraps it
        return "nessuna risposta in tempo"
    if isinstance(error, UnexpectedAnswer):
        return f"risposta inattesa ({error.code})" if error.code > 0 else "risposta incomprensibile"
    if isinstance(error, SMTPServerDisconnected):
        return "ha chiuso la connessione"
    if isinstance(error, SMTPResponseException | SMTPHeloError):
        return f"risposta {error.smtp_code}"
    if isinstance(error, SMTPRecipientsRefused):
        return "destinatario rifiutato"
    return setup_trouble(error) or "connessione non riuscita"


def answer_of(error: OSError, no_answer: str) -> str:
    """The text for a letter's last_answer after a broken conversation: the setup trouble, or `no_answer` and the cause."""
    trouble = setup_trouble(error)
    return f"{OUR_SERVER}: {trouble}" if trouble else f"{no_answer}: {words_of(error)}"
