"""A refusal as a SOAP 1.1 Fault, for a till that shows only the body of the answer. Source: docs/contract.md, section 7.

The sentences are Italian, as all of the protocol; each ends with the word of X-A2F-Reason, for the support of the gestionale.
"""

from functools import lru_cache
from xml.sax.saxutils import escape

from sessions.gate.decision import RefusalReason

CONTENT_TYPE = "text/xml; charset=utf-8"
BASIC_SENTENCE = "Utente o password del gestionale non riconosciuti: controllali e riprova."
_SENTENCES = {
    RefusalReason.MISSING: "la chiamata non porta l’ID-SESSIONE nell’intestazione Authorization2F. Inseriscilo nel gestionale",
    RefusalReason.MALFORMED: "l’ID-SESSIONE non ha la forma prevista. Copialo di nuovo, per intero, nel gestionale",
    RefusalReason.UNKNOWN: "questo ID-SESSIONE non esiste. Copia nel gestionale quello dell’ultima e-mail",
    RefusalReason.EXPIRED: "l’ID-SESSIONE è scaduto. Chiedine uno nuovo e inseriscilo nel gestionale",
    RefusalReason.REVOKED: "l’ID-SESSIONE è stato revocato. Inserisci nel gestionale quello più recente, o chiedine uno nuovo",
    RefusalReason.OTHER_UTENZA: "l’ID-SESSIONE appartiene a un’altra utenza. Inserisci nel gestionale quello di questa utenza",
    RefusalReason.OTHER_CONTEXT: "l’ID-SESSIONE vale per un altro servizio. Chiedine uno per questo servizio",
}  # fmt: skip
_FAULT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body><env:Fault>'
    "<faultcode>env:Client</faultcode><faultstring>{}</faultstring></env:Fault></env:Body></env:Envelope>"
)


def sentence(reason: RefusalReason | None) -> str:
    """The sentence of a refused id; None: Basic was refused, which has no code."""
    if reason is None:
        return BASIC_SENTENCE
    return f"9101 - ID-SESSIONE mancante o non valido: {_SENTENCES[reason]} ({reason.value})."


def in_a_header(reason: RefusalReason | None) -> str:
    """The sentence escaped for XML in ASCII: nginx, which drops the body of a refusal, puts it into a body of its own."""
    return escape(sentence(reason)).encode("ascii", "xmlcharrefreplace").decode()


@lru_cache(maxsize=16)
def fault(reason: RefusalReason | None) -> bytes:
    """The Fault of a refused id, or of a refused Basic (None): UTF-8."""
    return _FAULT.format(escape(sentence(reason))).encode()
