"""Classifies the answer of a mail server by its words and its numbers. Marks nothing.

The table reasons.tsv beside this module is for operators to read; its first matching line decides. Lines with words come
first, because servers write 5.1.1 before any sentence; `dead` comes last among them, so that a mailbox counts as dead only when
no word of the answer gives another reason. `manage.py reasons ANSWER` shows which line decided.
"""

import csv
import re
import unicodedata
from dataclasses import dataclass
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail.utils import DNS_NAME
from django.db import models

TABLE = Path(__file__).with_name("reasons.tsv")
READ = 4000  # characters: a line of SMTP has 512, and the reason stands in the first lines
_CODE = re.compile(r"(?:^|[\s:;,(<\"'#\[=])(?P<code>[245]\d\d)(?=[\s\-:;,)>\"'\].#]|$)(?!\.\d)")
_STATUS = re.compile(r"(?<![\d.])(?P<status>[245]\.\d{1,3}\.\d{1,3})(?!\d|\.\d)")
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"'@]{1,320}@[^\s<>()\[\]:;,\"'@]{1,255}")
_CONTINUED = re.compile(r"(?<=\s)[245]\d\d-(?:[245]\.\d{1,3}\.\d{1,3})?\s?")
# host names and commands that relays put around the answer: `host mx.example.it[192.0.2.1] said:`
_AROUND = re.compile(
    r"\bremote (?:smtp )?(?:host|server|mta)(?: \S{1,255})? (?:said|returned|responded|replied):?"
    r"|\b(?:remote )?host [^\s\[]{1,255}(?: ?\[[^\]\s]{1,64}\](?: \(\d+\))?:?(?: (?:said|says|responded|replied):?)?| said:?)"
    r"|\(?in reply to (?:rcpt(?: to)?|data|end of data)(?: command)?\)?"
    r"|smtp error from remote (?:mail server|mailer) after (?:end of data|pipelined end of data|data|rcpt to)\b:?(?:\S{1,320})?:?"
)
# Advice to the reader, one kind per line. Its words would be a reason elsewhere: `administrator`, `policy`, `again`.
_PLEASE = r"(?:please |si prega di )?"
_ADVICE = re.compile(
    r"[\s,;.(-]*(?:"
    rf"if (?:you (?:believe|think|feel)(?: that)? )?this is (?:in error|an error|a mistake)"
    r"|if you are a spammer[^/]{0,80}$|security gateway\)"
    rf"|{_PLEASE}(?:contact|write to|ask) (?:your|the|our) (?:mail |system )?(?:administrator|postmaster|help ?desk|support)"
    r"(?: (?:at|by|via) \S{1,100})?(?: for (?:further |more )?(?:assistance|information|help|details))?"
    rf"|(?:and )?{_PLEASE}(?:see|read|check|refer to|vedi) (?:also )?(?:our|the|policy of this server)(?: policy)?(?: page| site)?(?: (?:at|on) @?\S{{1,200}})?(?=[\s.)]*$|[.;])"
    rf"|and the policy at https?://\S{{1,200}}"
    rf"|(?:and )?{_PLEASE}(?:check|verify) (?:the )?(?:spelling of )?the (?:recipient'?s? )?(?:e-?mail )?address(?: for typos)?(?: and (?:try|send) (?:it )?again)?"
    rf"|{_PLEASE}(?:verifica|verificare|controlla|controllare) l'indirizzo(?: del destinatario)?(?: e (?:riprova|riprovare|inviare di nuovo))?"
    rf"|{_PLEASE}update your address ?book"
    r"|\(delivery attempts: \d{1,4}\)|after (?:several|repeated|multiple|\d{1,3}) attempts"
    r"|(?:that |to which )?you(?:'re| are| have)? (?:sending|send|sent|writing|write|wrote|tried to (?:write|send))(?: (?:it|this|the message))? to\b"
    r"|(?<=\bla )tua (?=destinazione)|message was not accepted -- (?=invalid mailbox)"
    r")"
)


class Reason(models.TextChoices):
    """The reason of a refusal. See marking.py for the refusals that mark an address."""

    ABOUT_US = "about-us", "rifiutano noi: mittente, server, frequenza o contenuto"
    RULE = "rule", "regola di chi riceve"
    FULL = "full", "casella piena"
    LATER = "later", "riprovare più tardi"
    DEAD = "dead", "casella inesistente o chiusa"
    UNKNOWN = "unknown", "motivo non riconosciuto"


OF_THE_MAILBOX = (Reason.DEAD, Reason.FULL, Reason.RULE, Reason.UNKNOWN)  # the pharmacy must act, not the portal


@dataclass(frozen=True)
class ReasonRule:
    """One line of the table. It matches by `numbers` (any of: a code, a status, a prefix like `5.7.`), by `words`, or by both."""

    reason: Reason
    numbers: tuple[str, ...]
    words: str  # a regular expression, lower case; "" when the numbers alone decide
    example: str
    seen_at: str

    def fits(self, numbers: tuple[str, ...], words: str) -> bool:
        if self.numbers and not any(_begins(number, prefix) for number in numbers for prefix in self.numbers):
            return False
        return not self.words or _compiled(self.words).search(words) is not None


@dataclass(frozen=True)
class Reading:
    """The meaning of an answer. `is_explicit`: decided by words, not a number alone. `rule`: None when no line matched."""

    reason: Reason
    is_explicit: bool = False
    rule: ReasonRule | None = None

    @property
    def is_dead(self) -> bool:
        return self.reason is Reason.DEAD


def read(answer: str | bytes) -> Reading:
    """Classifies an answer. Raises nothing. A 4xx is never DEAD, because its first digit decides (RFC 5321, 4.2.1)."""
    words = _plain(answer)
    code, status = _CODE.search(words), _STATUS.search(words)
    numbers = tuple(found for found in (code and code["code"], status and status["status"]) if found)
    is_for_now = bool(numbers) and numbers[0].startswith("4")
    if is_for_now:
        return _decide(words, numbers, is_for_now=True)
    reading = _decide(words, numbers)
    if reading.reason in (Reason.ABOUT_US, Reason.LATER, Reason.UNKNOWN):
        plain = _decide(_ADVICE.sub(" ", words), numbers)
        if plain.is_dead and plain.is_explicit:  # otherwise the advice may be the only hint at the reason
            return plain
    return reading


def _decide(words: str, numbers: tuple[str, ...], *, is_for_now: bool = False) -> Reading:
    for rule in rules():
        if is_for_now and rule.reason in (Reason.DEAD, Reason.UNKNOWN):
            continue
        if rule.fits(numbers, words):
            return Reading(rule.reason, is_explicit=bool(rule.words), rule=rule)
    return Reading(Reason.LATER if is_for_now else Reason.UNKNOWN)


@cache
def rules() -> tuple[ReasonRule, ...]:
    """The lines of the table in their order. Raises ValueError for a line that cannot be read."""
    with TABLE.open(encoding="utf-8", newline="") as table:
        rows = csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
        return tuple(
            ReasonRule(
                Reason(row["reason"]),
                tuple(row["numbers"].split(",")) if row["numbers"] else (),
                row["words"],
                row["example"],
                row["seen at"],
            )
            for row in rows
        )


@cache
def _compiled(words: str) -> re.Pattern[str]:
    return re.compile(words)


def _begins(number: str, prefix: str) -> bool:
    """`5.1.1` begins `5.1.1` and not `5.1.10`; `5.7.` begins `5.7.133`."""
    return number == prefix or (prefix.endswith(".") and number.startswith(prefix))


def _plain(answer: str | bytes) -> str:
    """The answer in lower case, on one line, without addresses (their words are names) and the codes of continuation lines."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes | bytearray | memoryview) else str(answer)
    text = unicodedata.normalize("NFKC", text[:READ]).casefold().replace("’", "'")
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    for name in our_names():
        address = rf"<?(?:[^\s<>@]{{1,64}}@)?(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)>?"
        host = rf"(?<![\w.@-])(?:[\w-]{{1,63}}\.){{1,5}}{re.escape(name)}(?![\w-]|\.\w)(?! ?\[[^\]\s]{{1,64}}\](?: \(\d+\))?:? said)(?!:? said)"
        text = re.sub(rf"{address}|{host}", "our sender", text)
    return " ".join(_AROUND.sub(" ", _ADDRESS.sub("@", _CONTINUED.sub("", text))).split())


def our_names() -> list[str]:
    """Domains and host names of this installation, lower case, the longest first: an answer that names one is about the portal."""
    _, _, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")
    names = (settings.BOUNCE_DOMAIN, sender, urlsplit(settings.PORTAL_URL).hostname, str(DNS_NAME))
    found = {name.casefold() for name in names if name and "." in name and re.search("[a-z]", name, re.IGNORECASE)}
    return sorted(found, key=len, reverse=True)
