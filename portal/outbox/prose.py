"""Reads a report that a server wrote for people: which mailbox it is about, and what the server said of it.

flufl.bounce (Mailman's own reader) knows qmail, Exim, Exchange 5 and thirty old programs; the patterns here add what it misses:
Microsoft 365, and prose in Italian, German, French and Spanish. It is fenced: it sees one message, it may fail, and only an
address that we wrote to is taken from it.
"""

import logging
import re
from dataclasses import dataclass
from email.message import Message

from flufl.bounce import all_failures

from portal.mail_address import key
from portal.outbox.mail_text import header, parameter, parts, text_of
from portal.outbox.other_mail import is_robot
from portal.outbox.reasons import read as reason_of

logging.getLogger("flufl.bounce").disabled = True  # its tracebacks would repeat addresses

_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"'=@|]{1,200}@[^\s<>()\[\]:;,\"'=@|]{1,255}")
_DAEMON = re.compile(
    r"mailer-?daemon|mail-?daemon|postmaster|mdaemon|mail delivery|delivery (sub)?system|mail ?administrator|system administrator"
    r"|mailsystem|smtp server|bounces?[@+-]|microsoft ?outlook|microsoftexchange|internet mail|amministratore",
    re.IGNORECASE,
)
_ANSWERED = re.compile(r"\s*(re|r|fw|fwd|i|aw|wg|rif|tr)\s*:", re.IGNORECASE)
_FAILED = re.compile(
    r"undeliver|(not|n't|never) (been )?(be |been )?(delivered|deliverable|reach)|deliver\w*( \S+){0,6} fail|fail\w*( \S+){0,3} deliver"
    r"|(unable|not able|impossible|cannot|could not|can't|couldn't|wasn't able|failed) (to )?(be )?(deliver|send|reach)|failure notice"
    r"|permanent( \S+)? (error|failure)|permanently (fail|reject)|delivery (status notification|failure|error|problem)|(mail|message) (was )?returned"
    r"|returned (mail|to sender)|did(n't| not) reach|user unknown|unknown user|no such user|could(n't| not) be found|wasn't found|bounced"
    r"|mancata consegna|(non|impossibile)( \S+){0,4} (recapit|consegn|inoltr|invia)\w*|(recapito|consegna|invio)( \S+){0,3} (fallit|non riuscit|impossibil)\w*"
    r"|errore (permanente|fatale|definitivo)|rimandat\w+ al mittente|respint|utente sconosciuto|casella( \S+){0,3} inesistente"
    r"|unzustellbar|nicht( \S+){0,3} (zugestellt|zustell|ausgeliefert)|zustellung( \S+){0,3} fehlgeschlagen"
    r"|(n'a|n'ont) pas (pu )?(être )?(remis|délivr|distribu|achemin)|non[ -]remis|échec( \S+){0,3} (remise|distribution|envoi|livraison)"
    r"|no( \S+){0,4} (entregar|entregado)|imposible entregar|entrega( \S+){0,3} (fallid|fallad)|não( \S+){0,4} entreg",
    re.IGNORECASE,
)
_NOT_YET = re.compile(
    r"(this is a |a )?warning (message )?only|do(es)? not need to (re-?send|do anything)|not yet been delivered|has been delayed|delivery (is )?delayed|"
    r"(will|to) (be |keep |continue |still )*(retr(y|ied|ying)|try(ing)?)|(attempts?|delivery) will (continue|be)|still being (tried|retried)|"
    r"temporarily (unable|suspended|undeliver)|delayed mail|delivery delay|in ritardo|(continuer|tenter|riprover)(à|a'|anno|emo)|"
    r"verzögert|weiterhin versucht|retardé|nouvelle tentative|se (seguirá|intentará)|avviso di ritardo",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"giv(en|ing) up|no (further|more) (attempts|delivery)|has been (returned|bounced)|permanent", re.IGNORECASE
)
_ORIGINAL = re.compile(
    r"^[ \t>*-]*(-{2,}.{0,60}(original|copy of|below this line|enclosed|unsent|headers?|messaggio|nachricht|message d'origine).*"
    r"|this is a copy of .*|original message( headers)?( follows)?:?.*|message headers follow.*|(return-path|received|dkim-signature):.*"
    r"|intestazioni (originali|del messaggio).*|il messaggio originale.*|messaggio originale.*|ursprüngliche nachricht.*|en-têtes.*d'origine.*"
    r"|encabezados de mensajes originales.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_NUMBERED = re.compile(
    r"(?<![\w.])#?(?:[45]\d\d(?:[ -]#?[45]\.\d{1,3}\.\d{1,3})?|[45]\.\d{1,3}\.\d{1,3})(?![\w.]*\d)[ :;,)#-]"
)
_ADVICE = re.compile(
    r"try (re-?)?send|re-?send|helpdesk|contact|please (check|try|verify|send|note)|further assistance|administrat|verific(a|are|hi)\b|"
    r"controll(a|are|i)\b|contatt|riprova|prova a|bitte|veuillez|póngase|compruebe|how to fix|more info|for more|to fix|questions|message again|feedback|this error occurs|\b(may|might|possibl\w+|perhaps|usually|probabl\w+|potrebbe|forse|if)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n\s*\n")
MOST_LINES = 4000  # its time grows with their square
MOST_ANSWERS = 3
LONGEST_ANSWER = 600  # characters from a number to where a server surely has ended


@dataclass(frozen=True)
class Prose:
    """What a report for people says of one mailbox."""

    is_failed: bool  # False: it is late, the server still tries
    status: str  # RFC 3463; `5.0.0` when the report names none
    said: str  # the server's answer, or the sentences about the mailbox


def is_from_server(message: Message) -> bool:
    """By its sender or its form a mail server wrote it, not a person."""
    if parameter(message, "report-type") or message.get("X-Failed-Recipients"):
        return True
    if header(message, "Return-Path") in ("<>", "< >") or _DAEMON.search(header(message, "From")):
        return True
    subject = header(message, "Subject")
    return bool(_FAILED.search(subject)) and not _ANSWERED.match(subject)


def read(message: Message, about: str) -> Prose | None:
    """None: no failure and no delay of this mailbox that can be read. Raises nothing, whatever the message is."""
    if is_robot(message) or not is_from_server(message):
        return None
    text = without_original(text_of(message))
    known = _known_to_flufl(message, key(about))
    named = _first_of(text, key(about))
    if named is None and known is None:
        return None
    is_late = known is False or (_NOT_YET.search(text) is not None and not _GIVEN_UP.search(text))
    if not is_late and known is None and not _FAILED.search(f"{header(message, 'Subject')}\n{text}"):
        return None
    said = _said(text[named or 0 :], text)
    status = re.search(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)", said)
    return Prose(not is_late, status[0] if status else "4.0.0" if is_late else "5.0.0", said)


def words_about(message: Message, about: str) -> str:
    """What the text of a report says of one mailbox, beside its fields; blank: it does not name it."""
    text = without_original(text_of(message))
    named = _first_of(text, key(about))
    return "" if named is None else _said(text[named:], text[named:])


def without_original(text: str) -> str:
    """What stands before the letter that a report returns."""
    original = _ORIGINAL.search(text)
    return text[: original.start()] if original else text


def _known_to_flufl(message: Message, ours: str) -> bool | None:
    """True: it reads a permanent failure of this mailbox; False: a delay; None: nothing about it."""
    try:
        if sum(str(part.get_payload()).count("\n") for part in parts(message) if not part.is_multipart()) > MOST_LINES:
            return None
        late, failed = all_failures(message)
    except Exception:  # IndexError without From, others on what is not ASCII
        return None
    for found, is_permanent in ((failed, True), (late, False)):
        if any(key(address.decode("ascii", "replace").strip("<> ")) == ours for address in found):
            return is_permanent
    return None


def _first_of(text: str, ours: str) -> int | None:
    """Where our mailbox is first named."""
    for found in _ADDRESS.finditer(text):
        if key(found[0].rstrip(".").removeprefix("mailto")) == ours:
            return found.start()
    return None


def _said(after: str, text: str) -> str:
    """The answers with a number that follow the address, or stand anywhere; the sentences too when those have no words."""
    answers = _answers(after) or _answers(text)
    if answers and reason_of(answers).is_explicit:
        return answers
    return " ".join(filter(None, (answers, _sentences(text))))


def _answers(text: str) -> str:
    """The lines with a number and what follows of their paragraph."""
    found: list[str] = []
    for number in _NUMBERED.finditer(text):
        begin = text.rfind("\n", 0, number.start()) + 1
        rest = text[begin : number.start() + LONGEST_ANSWER]
        answer = " ".join(
            re.split(r"\n\s*\n|\n\s*(?:<<<|>>>|-->|<--)|(?<=\S)'\s*(?:\n|$)", rest, maxsplit=1)[0].split()
        ).lstrip("#<> ")
        # 503 after a refusal only says that the conversation had no recipient left
        if answer and not (found and "503" in number[0]) and not any(answer in other for other in found):
            found.append(answer)
        if len(found) == MOST_ANSWERS:
            break
    return " / ".join(found)


def _sentences(text: str) -> str:
    """The prose without its advice: «please try again later» is no reason."""
    kept = [" ".join(sentence.split()) for sentence in _SENTENCE.split(text) if not _ADVICE.search(sentence)]
    return " ".join(sentence for sentence in kept if sentence)
