"""Parses a report that a server wrote for people: which mailbox it is about, and the server's answer.

flufl.bounce (Mailman's parser) knows qmail, Exim, Exchange 5 and thirty old programs; the patterns here add Microsoft 365 and
prose in Italian, German, French and Spanish. flufl.bounce is fenced: it sees one message, its exceptions are caught, and only
the letter's own address is taken from its result.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from flufl.bounce import all_failures

from portal.outbox.bounces.elsewhere import ADDRESS, fails_elsewhere
from portal.outbox.bounces.mail_text import header, parameter, parts, text_of
from portal.outbox.bounces.other_mail import is_robot
from portal.outbox.reasons import read as reason_of
from portal.values.mail_address import key

logging.getLogger("flufl.bounce").disabled = True  # its tracebacks would repeat addresses

_DAEMON = re.compile(
    r"mailer-?daemon|mail-?daemon|post_?master|mdaemon|mail delivery|delivery (sub)?system|mail ?administrator|system administrator"
    r"|mailsystem|smtp server|bounces?[@+-]|microsoft ?outlook|microsoftexchange|internet mail|amministratore",
    re.IGNORECASE,
)
_ANSWERED = re.compile(r"\s*(re|r|fw|fwd|i|aw|wg|rif|tr)\s*:", re.IGNORECASE)
_FAILED = re.compile(
    r"undeliver|(not|n't|never) (been )?(be |been )?(delivered|deliverable|reach)|deliver\w*( \S+){0,6} fail|fail\w*( \S+){0,3} deliver"
    r"|(unable|not able|impossible|cannot|could not|can't|couldn't|wasn't able|failed) (to )?(be )?(deliver|send|reach)|failure notice"
    r"|permanent( \S+)? (error|failure)|permanently (fail|reject)|delivery (status notification|failure|error|problem)|(mail|message) (was )?returned"
    r"|(trouble|error)( \S+)? (delivering|sending)|delivery errors|returned (mail|to sender)|did(n't| not) reach|user unknown|unknown user|no such user|could(n't| not) be found|wasn't found|bounced"
    r"|non ha(nno)? raggiunto|mancat[oa] (recapito|consegna)|(non|impossibile)( \S+){0,4} (recapit|consegn|inoltr|invia)\w*|(recapito|consegna|invio)( \S+){0,3} (fallit|non riuscit|impossibil)\w*"
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
    r"controll(a|are|i)\b|contatt|riprova|prova a|bitte|veuillez|póngase|compruebe|how to fix|more info|for more|to fix|questions|message again|feedback|this error occurs|\b((?<!\d )may(?! \d)|might|possibl\w+|perhaps|usually|probabl\w+|potrebbe|forse|if)\b",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"\b((generated|expanded|forwarded|redirected|derived|aliased) (from|by|for)|originally (to|for|sent to)|on behalf of|alias of"
    r"|inoltrat\w{1,3} (da|per conto di)|weitergeleitet von|transféré de|reenviado (de|desde))[\s:<(\[\x22\x27-]{0,20}(mailto:)?$",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"^[ \t>*-]*(?:(?:(?:failed|intended|final)[ -]?)?(?:address(?:es)?|recipients?|to|rcpt to)(?:\(s\))?[ \t]*:[ \t]*)?"
    r"[<\[\"']{0,2}(?:mailto:|smtp:)?"
    rf"(?P<address>{ADDRESS.pattern})",
    re.IGNORECASE,
)
# the answer of another server, between sentences that would give other reasons: «it was rejected by the recipient domain»
_QUOTED = re.compile(
    r"(?:(?:other|remote)(?: smtp)? server returned(?: was)?|responded as follows|failed with|error message below)\s*:?\s*['\"\[]?(?=[45]\d\d\b)",
    re.IGNORECASE,
)
# the line before an answer, when it names a step of the conversation at which no recipient was named yet
_BEFORE_RCPT = re.compile(r"after (?:initial connection|mail from|ehlo|helo|starttls|auth)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n\s*\n")
MOST_LINES = 4000  # the time of flufl.bounce grows with their square
MOST_ANSWERS = 3
LONGEST_ANSWER = 600  # characters after the number of an answer


@dataclass(frozen=True)
class Prose:
    """The result of a report in prose for one mailbox."""

    is_failed: bool  # False: a delay, the server still tries
    status: str  # RFC 3463; when the report names none, `5.0.0`, or `4.0.0` for a delay
    answer: str  # the server's answer, or the sentences about the mailbox
    is_about: bool = True  # False: the letter failed at another mailbox, to which this one had forwarded it


def is_from_server(message: Message, about: str = "") -> bool:
    """True when the sender or the form shows that a mail server wrote it, not the mailbox `about` or a robot of it."""
    if _is_from(message, about):
        return False
    if parameter(message, "report-type") or message.get("X-Failed-Recipients"):
        return True
    return _DAEMON.search(header(message, "From")) is not None


def is_answer(message: Message) -> bool:
    """True for an automatic reply by Auto-Submitted (RFC 3834), whatever its sender.

    Postfix and Exim set the same header on reports, which differ by their subject or have fields.
    """
    if not header(message, "Auto-Submitted").lower().startswith("auto-replied"):
        return False
    if parameter(message, "report-type") or message.get("X-Failed-Recipients"):
        return False
    subject = header(message, "Subject")
    return _ANSWERED.match(subject) is not None or _FAILED.search(subject) is None


def may_be_from_server(message: Message, about: str) -> bool:
    """True for an empty envelope sender, which robots use too, or a subject about a failure: an operator must look."""
    subject = header(message, "Subject")
    is_failure = _FAILED.search(subject) is not None and not _ANSWERED.match(subject)
    return not _is_from(message, about) and (is_failure or header(message, "Return-Path") in ("<>", "< >"))


def _is_from(message: Message, about: str) -> bool:
    return any(key(found[0].rstrip(".")) == key(about) for found in ADDRESS.finditer(header(message, "From")))


def read(message: Message, about: str) -> Prose | None:
    """Parses the report for the mailbox `about`; None when it shows no failure or delay of it. Raises nothing."""
    if is_robot(message) or is_answer(message) or not is_from_server(message, about):
        return None
    text = without_original(text_of(message))
    known = _known_to_flufl(message, key(about))
    if _is_forwarded(text, key(about)) or fails_elsewhere(text, about):
        return Prose(_NOT_YET.search(text) is None, "5.0.0", _answer(text, text), is_about=False)
    text = _without_others(text, key(about))
    named = _first_of(text, key(about))
    if named is None and known is None:
        return None
    is_late = known is False or (_NOT_YET.search(text) is not None and not _GIVEN_UP.search(text))
    if not is_late and known is None and not _FAILED.search(f"{header(message, 'Subject')}\n{text}"):
        return None
    answer = _answer(text[named or 0 :], text)
    status = re.search(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)", answer)
    return Prose(not is_late, status[0] if status else "4.0.0" if is_late else "5.0.0", answer)


def words_about(message: Message, about: str) -> str:
    """The part of a report's text about one mailbox, to complete its fields; "" when the text does not name it."""
    text = _without_others(without_original(text_of(message)), key(about))
    named = _first_of(text, key(about))
    return "" if named is None else _answer(text[named:], text[named:])


def without_original(text: str) -> str:
    """The text before the letter that a report returns."""
    original = _ORIGINAL.search(text)
    return text[: original.start()] if original else text


def _known_to_flufl(message: Message, mailbox: str) -> bool | None:
    """The result of flufl.bounce. True: a permanent failure of this mailbox; False: a delay; None: nothing about it."""
    try:
        if sum(str(part.get_payload()).count("\n") for part in parts(message) if not part.is_multipart()) > MOST_LINES:
            return None
        late, failed = all_failures(message)
    except Exception:  # IndexError without From, other errors on non-ASCII text
        return None
    for found, is_permanent in ((failed, True), (late, False)):
        if any(key(address.decode("ascii", "replace").strip("<> ")) == mailbox for address in found):
            return is_permanent
    return None


def _first_of(text: str, mailbox: str) -> int | None:
    """The position where the text first names the mailbox, other than as the forwarder of the letter."""
    return next((at for at in _named(text, mailbox) if not _FORWARDED.search(text[max(0, at - 60) : at])), None)


def _is_forwarded(text: str, mailbox: str) -> bool:
    """True when the text names the mailbox only as the forwarder of the letter."""
    return _first_of(text, mailbox) is None and next(_named(text, mailbox), None) is not None


def _named(text: str, mailbox: str) -> Iterator[int]:
    for found in ADDRESS.finditer(text):
        if key(found[0].rstrip(".").removeprefix("mailto")) == mailbox:
            yield found.start()


def _without_others(text: str, mailbox: str) -> str:
    """Blanks the lines about other mailboxes.

    They go from a line that begins with another mailbox to the next line that names `mailbox`; lines of a transcript that name
    another mailbox go too.
    """
    lines = text.split("\n")
    others = {
        found["address"].lower()
        for line in lines
        if (found := _BEGINS.match(line)) and key(found["address"].rstrip(".")) != mailbox
    }
    if not others:
        return text
    kept, is_others = [], False
    for line in lines:
        named = {found[0].lower() for found in ADDRESS.finditer(line)}
        if any(key(name.rstrip(".").removeprefix("mailto")) == mailbox for name in named):
            is_others = False
        elif named & others:
            is_others = True
        kept.append("" if is_others else line)
    return "\n".join(kept)


def _answer(after: str, text: str) -> str:
    """The answer of another server that the report quotes, else the numbered answers after the address, else those of the whole
    text; plus the sentences when these give no reason.
    """
    quoted = _QUOTED.search(after) or _QUOTED.search(text)
    answers = _answers(quoted.string[quoted.end() :]) if quoted else ""
    if answers and reason_of(answers).is_explicit:
        return answers
    answers = _answers(after) or _answers(text)
    if answers and reason_of(answers).is_explicit:
        return answers
    return " ".join(filter(None, (answers, _sentences(text))))


def _answers(text: str) -> str:
    """Each line with a number, up to the end of its paragraph."""
    found: list[str] = []
    for number in _NUMBERED.finditer(text):
        begin = text.rfind("\n", 0, number.start()) + 1
        rest = text[begin : number.start() + LONGEST_ANSWER]
        answer = " ".join(
            re.split(r"\n\s*\n|\n\s*(?:<<<|>>>|-->|<--)|(?<=\S)'\s*(?:\n|$)", rest, maxsplit=1)[0].split()
        ).lstrip("#<> ")
        if answer and (stage := _BEFORE_RCPT.search(text[text.rfind("\n", 0, max(begin - 1, 0)) + 1 : begin])):
            answer = f"{answer} ({stage[0]})"
        # a 503 after a refusal only means that the conversation had no recipient left
        if answer and not (found and "503" in number[0]) and not any(answer in other for other in found):
            found.append(answer)
        if len(found) == MOST_ANSWERS:
            break
    return " / ".join(found)


def _sentences(text: str) -> str:
    """The sentences without advice: «please try again later» is no reason."""
    kept = [" ".join(sentence.split()) for sentence in _SENTENCE.split(text) if not _ADVICE.search(sentence)]
    return " ".join(sentence for sentence in kept if sentence)
