"""The outcome of a letter, in the words of the box «Dove si trova il messaggio»."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from portal.outbox.line_trouble import OUR_SERVER
from portal.outbox.reasons import Reason, read
from portal.secrets.masking import domain_of
from portal.time.clock import ROME
from portal.values.mail_address import readable

if TYPE_CHECKING:
    from portal.outbox.models import OutgoingMail

# How last_answer begins when it is no answer of a server:
TOO_LATE = "Non inviato in tempo"  # no server accepted the letter before give_up_at
NO_ANSWER = "Il server di posta non risponde"  # the server gave no answer
CANNOT_LEAVE = "Il messaggio non può partire: il suo indirizzo non si può scrivere"  # SMTP cannot express the address
UNREADABLE = "Il contenuto non si apre"  # none of SEALING_KEYS opens the text

# RFC 3463: the last two numbers of the enhanced code give the reason, whether the first is 4 (later) or 5 (never).
BY_DETAIL = {
    "1.1": "casella inesistente",
    "1.2": "dominio inesistente",
    "1.3": "indirizzo non valido",
    "1.6": "casella spostata",
    "1.10": "il dominio non riceve posta",
    "2.1": "casella disattivata",
    "2.2": "casella piena",
    "2.3": "messaggio troppo grande per la casella",
    "3.4": "messaggio troppo grande per il server",
    "4.1": "il server del destinatario non risponde",
    "4.4": "dominio inesistente",
}
NOT_FROM_US = "il server non accetta messaggi dal portale"
ONLY_PEC = "la casella riceve solo posta certificata"
_PEC = re.compile(r"posta certificata|certified (?:e-?)?mail|\bpec\b", re.IGNORECASE)
NOT_SAID = "il server non dice perché"
BY_CODE = {
    "421": "il server di posta è occupato",
    "450": "la casella è occupata, il server chiede di riprovare",
    "451": "il server chiede di riprovare più tardi",
    "452": "casella piena",
}
_ANSWER = re.compile(r"(?P<code>[245]\d\d)(?:[ -]+[245]\.(?P<detail>(?P<subject>\d{1,3})\.\d{1,3}))?")


@dataclass(frozen=True)
class LetterStep:
    """One line of the box: an icon of the sprite, ok|warn|bad, the words, and the instant (UTC; None when it has none)."""

    icon: str
    kind: str
    text: str
    at: datetime | None = None


def reason(answer: str, known: str = "") -> str:
    """The reason of a refusal, in plain Italian, from the server's answer; "" when no server answered.

    `known`: the reason stored with the letter, read from the whole answer (`answer` may be cut); "" reads it from `answer`.
    """
    if answer.startswith(OUR_SERVER):
        return "un guasto del portale, non della casella"
    if answer.startswith((NO_ANSWER, UNREADABLE, CANNOT_LEAVE)):
        return answer[0].lower() + answer[1:]
    reading = Reason(known) if known else read(answer).reason
    if reading is Reason.RULE or "posta certificata" in answer.lower():  # the 5.0.0 of the PEC providers
        return ONLY_PEC if _PEC.search(answer) else "la casella ha una regola che rifiuta i nostri messaggi"
    if reading is Reason.ABOUT_US:
        return NOT_FROM_US
    if reading is Reason.FULL:
        return "casella piena"
    found = _ANSWER.match(answer)
    if not found:
        return ""
    detail = BY_DETAIL.get(found["detail"] or "")
    if reading is Reason.LATER and found["code"][0] == "5":
        return "il server chiede di riprovare più tardi"
    if found["code"][0] == "4":  # 4.7.1 is greylisting, not a refusal
        return detail or BY_CODE.get(found["code"], "il server chiede di riprovare più tardi")
    return detail or "casella inesistente" if reading is Reason.DEAD else NOT_SAID


def is_about_mailbox(answer: str) -> bool:
    """True for a 4xx about the mailbox or its address (RFC 3463: 4.1.x, 4.2.x), which says nothing about its domain."""
    found = _ANSWER.match(answer)
    return found is not None and found["code"][0] == "4" and found["subject"] in ("1", "2")


def outcome_of(letter: "OutgoingMail") -> str:
    """A few words for a pill: `Accettato dal server`, `In attesa`, `Rifiutato: casella piena`, `Non inviato in tempo`."""
    if letter.failed_at and letter.last_answer.startswith(TOO_LATE):
        return TOO_LATE
    if letter.failed_at:
        why = reason(letter.last_answer, letter.reason)
        return f"Rifiutato: {why}" if why else "Rifiutato"
    if letter.accepted_at:
        return "Accettato dal server"
    return "Ritirato: non serviva più" if letter.withdrawn_at else "In attesa"


def steps_of(letter: "OutgoingMail") -> list[LetterStep]:
    """The lines from «Preparato» to the letter's present state."""
    steps = [LetterStep("it-check-circle", "ok", "Preparato", letter.created_at)]
    if letter.accepted_at:
        accepted = f"Accettato dal server di {domain_of(readable(letter.recipient))}"
        steps.append(LetterStep("it-check-circle", "ok", accepted, letter.accepted_at))
    return steps if letter.accepted_at and not letter.failed_at else [*steps, _last_step(letter)]


def _last_step(letter: "OutgoingMail") -> LetterStep:
    domain = domain_of(readable(letter.recipient))
    if letter.failed_at:
        return LetterStep("it-close-circle", "bad", outcome_of(letter), letter.failed_at)
    if letter.withdrawn_at:
        return LetterStep("it-close-circle", "warn", outcome_of(letter), letter.withdrawn_at)
    if letter.leased_until:
        return LetterStep("it-clock", "warn", f"In consegna al server di {domain}")
    if letter.attempts == 0 and letter.next_attempt_at <= letter.created_at:
        return LetterStep("it-clock", "warn", "In attesa: parte tra pochi secondi")
    why = reason(letter.last_answer, letter.reason) or (
        "" if letter.attempts else f"il server di {domain} non accetta posta adesso"
    )
    again = f"In attesa, riproviamo alle {letter.next_attempt_at.astimezone(ROME):%H:%M:%S}"
    return LetterStep("it-clock", "warn", f"{again}: {why}" if why else again)
