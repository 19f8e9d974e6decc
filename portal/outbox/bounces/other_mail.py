"""Recognises mail at a bounce address that does not report a failure: automatic replies, read receipts, complaints (ARF) and
receipts of certified mail. Such mail never marks an address, whatever it quotes.
"""

import re
from email.message import Message

from portal.outbox.bounces.mail_text import filename, header, parameter, parts

_PEC_HEADERS = ("X-Ricevuta", "X-Trasporto", "X-TipoRicevuta", "X-VerificaSicurezza", "X-Riferimento-Message-ID")
_PEC_SUBJECT = re.compile(
    r"\s*(accettazione|consegna|avvenuta consegna|presa in carico|anomalia messaggio|posta certificata"
    r"|(pre)?avviso di (mancata consegna|non accettazione)|rilevazione virus|mancata consegna)\s*:",
    re.IGNORECASE,
)
_PEC_FILES = re.compile(r"daticert\.xml|postacert\.eml", re.IGNORECASE)
_ROBOT_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Autoresponse", "X-Vacation", "X-AutoReply-From")
_ROBOT_SUBJECT = re.compile(
    r"out of (the )?office|auto(matic|mated)?[ -]?(repl|respon|answer)|\bvacation\b|on holiday|on leave|away from|"
    r"fuori (sede|ufficio)|risposta automatica|autorisponditore|\bferie\b|assen(te|za)\b|chiusur[ae] (estiva|uffici)|"
    r"abwesen|automatische antwort|réponse automatique|absence du bureau|respuesta autom|ausente|ticket (received|created)",
    re.IGNORECASE,
)
_RECEIPT_SUBJECT = re.compile(
    r"\s*(read|letto|letta|gelesen|lu|leído|not read|non letto|deleted|eliminato|read receipt|ricevuta di lettura"
    r"|conferma di lettura|lesebestätigung|accusé de lecture|disposition notification|return receipt)\b\s*[:(-]",
    re.IGNORECASE,
)


_GOOD_NEWS = re.compile(
    r"success|delivery receipt|\brelayed\b|ricevuta di (ritorno|consegna)|zustellung erfolgreich", re.IGNORECASE
)


def is_complaint(message: Message) -> bool:
    """True for an abuse report (RFC 5965): the reader pressed «spam»."""
    return parameter(message, "report-type") == "feedback-report" or _has(message, "message/feedback-report")


def is_receipt(message: Message) -> bool:
    """True for a receipt of certified mail or a read receipt (RFC 8098): no failure, even with a report inside."""
    if any(message.get(name) for name in _PEC_HEADERS) or _PEC_SUBJECT.match(header(message, "Subject")):
        return True
    if any(_PEC_FILES.search(filename(part)) for part in parts(message)):
        return True
    return parameter(message, "report-type") == "disposition-notification" or _has(
        message, "message/disposition-notification"
    )


def is_robot(message: Message) -> bool:
    """True when the headers or the subject show an automatic reply, a read receipt or a report of success."""
    if any(message.get(name) for name in _ROBOT_HEADERS) or "auto_reply" in header(message, "Precedence").lower():
        return True
    subject = header(message, "Subject")
    return bool(_ROBOT_SUBJECT.search(subject) or _RECEIPT_SUBJECT.match(subject) or _GOOD_NEWS.search(subject))


def _has(message: Message, content_type: str) -> bool:
    return any(part.get_content_type() == content_type for part in parts(message))
