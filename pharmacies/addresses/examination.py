"""Examines an address before its certification: valid syntax, not PEC, not disposable, with a domain that receives mail."""

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import monotonic
from typing import ClassVar

import dns.exception
import dns.resolver
from django.utils.translation import gettext as _
from email_validator import EmailNotValidError, validate_email

from pharmacies.addresses import spelling
from pharmacies.addresses.pec import is_pec, listed, seems_pec
from portal.values.mail_address import ascii_address, ascii_domain, key, mixes_scripts

DATA = Path(__file__).parent / "data"
DNS_SECONDS = 2.0  # for all queries together; after that the address passes
GMAIL = frozenset({"gmail.com", "googlemail.com"})


class AddressRefused(Exception):
    """The address cannot be certified; `str()` is the sentence for the form, `suggestion` a likely right spelling."""

    sentence: ClassVar[str] = "L’indirizzo non può essere usato."

    def __init__(self, sentence: str = "", *, typed: str = "", suggestion: str | None = None) -> None:
        domain = typed.rpartition("@")[2]
        slip = f"Il dominio {domain} sembra un errore di battitura: forse intendevi {suggestion}?" if suggestion else ""
        super().__init__(sentence or slip or self.sentence)
        self.suggestion = suggestion


class NotAnAddress(AddressRefused):
    """The typed text is not an e-mail address."""

    sentence = "L’indirizzo non è scritto correttamente: deve essere del tipo nome@dominio.it"


class IsPec(AddressRefused):
    """The address is a PEC mailbox, which refuses ordinary mail, so the codes would not arrive."""

    sentence = "L’indirizzo è una casella PEC: indica una casella e-mail ordinaria"


class IsDisposable(AddressRefused):
    """The address is a disposable mailbox, which anybody can read and which ends in minutes."""

    sentence = "L’indirizzo è una casella temporanea: indica una casella usata stabilmente"


class HasNoMx(AddressRefused):
    """The domain does not exist, or its DNS says that it receives no mail (RFC 5321 section 5, RFC 7505)."""

    sentence = "Il dominio dell’indirizzo non riceve posta: controlla la parte dopo la chiocciola"


@dataclass(frozen=True)
class ExaminedAddress:
    """An address that may be used, with the facts that the page asks the person about."""

    address: str  # as stored and as written on the letters: ASCII domain
    key: str  # see mail_address.key()
    domain: str  # ASCII, lower case
    suggestion: str | None  # a whole address, when the domain looks like a typo
    is_consumer_gmail: bool
    is_role: bool = False  # noreply@, postmaster@: see spelling.is_role()
    mixes_scripts: bool = False  # Latin and Cyrillic letters in one domain
    seems_pec: bool = False  # see pec.seems_pec()


def examine(typed: str, *, check_mx: bool, resolver: dns.resolver.Resolver | None = None) -> ExaminedAddress:
    """Checks the typed address, cheapest check first; queries the DNS only if `check_mx`, for DNS_SECONDS at most.

    Raises NotAnAddress, IsPec, IsDisposable, HasNoMx. The resolver is the system's unless one is given.
    """
    address = normalise(typed)
    domain = ascii_domain(address.rpartition("@")[2])
    local = address.rpartition("@")[0]
    better = likely_domain(domain)
    suggestion = f"{local}@{better}" if better else None
    if is_pec(domain):
        raise IsPec
    if is_disposable(domain):
        raise IsDisposable(typed=address, suggestion=suggestion)  # the list contains typos such as gmial.com too
    hosts = exchangers(domain, resolver) if check_mx else ()
    if hosts is None:
        raise HasNoMx(typed=address, suggestion=suggestion)
    return ExaminedAddress(
        ascii_address(address), key(address), domain, suggestion, domain in GMAIL, is_role=spelling.is_role(address),
        mixes_scripts=mixes_scripts(address.rpartition("@")[2]), seems_pec=seems_pec(domain, hosts),
    )  # fmt: skip


def normalise(typed: str) -> str:
    """Returns the address without the text pasted around it (spelling.readings), in NFC, with a lower-case Unicode domain.

    Raises NotAnAddress, with a suggestion when the text has a comma instead of a dot.
    """
    for text in spelling.readings(typed):
        with suppress(EmailNotValidError):
            return _written(text)
    text = spelling.tidied(typed)
    raise _with_dots(text) or NotAnAddress(_what_is_wrong(text))


def _written(text: str) -> str:
    """Validates one spelling and returns it normalised. Raises EmailNotValidError, NotAnAddress."""
    # no SMTPUTF8, because most servers refuse accents before the @; strict checks the lengths of RFC 5321 too
    written = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True).normalized
    if written.startswith("=?"):  # an encoded word (RFC 2047): mail programs would read another address
        raise NotAnAddress("L’indirizzo non può cominciare con «=?»")
    if len(written.rpartition(".")[2]) == 1:  # a@b.c: there is no top-level domain of one letter (ISO 3166, ICANN)
        raise NotAnAddress("L’indirizzo è incompleto: dopo l’ultimo punto servono almeno due lettere")
    return written


def _with_dots(text: str) -> NotAnAddress | None:
    """Returns the refusal of `farmacia@dominio,it` with its correction; None when dots do not make it an address."""
    meant = spelling.with_dots(text)
    try:
        address = _written(meant) if meant is not None else ""
    except (EmailNotValidError, NotAnAddress):
        return None
    sentence = _("C’è una virgola al posto di un punto: forse intendevi %(address)s?") % {"address": address}
    return NotAnAddress(sentence, suggestion=address) if address else None


def mailbox_of(address: str) -> str:
    """Returns the mailbox of this address as far as the spelling shows: without `+tag`, and without dots for gmail.

    Only for counting letters: `a+b@` and `a@` are certified separately.
    """
    local, _, domain = key(address).rpartition("@")
    local = local.partition("+")[0] or local
    if domain in ("gmail.com", "googlemail.com"):
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def is_disposable(domain: str) -> bool:
    from disposable_email_domains import blocklist  # imported here, so that not every worker holds the list in memory

    return listed(domain, blocklist)


def is_well_known(domain: str) -> bool:
    """True for the large providers of ordinary mailboxes."""
    known, answers = _consumer_domains()
    return domain in known or domain in answers


def likely_domain(domain: str) -> str | None:
    """Returns the well-known mail domain that the person probably meant (`gmial.com` → `gmail.com`), or None."""
    known, answers = _consumer_domains()
    if domain in answers:
        return answers[domain]
    return next((candidate for candidate in known if one_slip_apart(domain, candidate)), None)


def one_slip_apart(left: str, right: str) -> bool:
    """True when the words differ by one letter added, dropped or changed, or by two swapped neighbours."""
    if left == right or abs(len(left) - len(right)) > 1:
        return False
    if len(left) > len(right):
        left, right = right, left
    at = next((i for i, letter in enumerate(left) if letter != right[i]), len(left))
    if len(left) < len(right):
        return left[at:] == right[at + 1 :]
    swapped = left[:at] + left[at + 1 : at + 2] + left[at : at + 1] + left[at + 2 :]
    return left[at + 1 :] == right[at + 1 :] or swapped == right


def receives_mail(domain: str, resolver: dns.resolver.Resolver | None = None) -> bool:
    """False when the DNS denies it: no such domain, a null MX (RFC 7505), or neither MX nor address. Timeouts are True."""
    return exchangers(domain, resolver) is not None


def exchangers(domain: str, resolver: dns.resolver.Resolver | None = None) -> tuple[str, ...] | None:
    """Returns the domain's mail exchangers; () when unknown; None when it receives no mail (see receives_mail)."""
    try:
        return _exchangers(domain, resolver or dns.resolver.Resolver(), monotonic() + DNS_SECONDS)
    except (dns.exception.DNSException, OSError):
        return ()


def _exchangers(domain: str, resolver: dns.resolver.Resolver, ends: float) -> tuple[str, ...] | None:
    try:
        answer = _ask(resolver, domain, "MX", ends)
        if answer is not None:
            hosts = tuple(record.exchange.to_text().rstrip(".").lower() for record in answer)
            return hosts if any(hosts) else None
        addresses = _ask(resolver, domain, "A", ends) or _ask(resolver, domain, "AAAA", ends)
        return () if addresses is not None else None
    except dns.resolver.NXDOMAIN:
        # the resolver of a closed network answers NXDOMAIN to everything, even to this query: then it raises
        _ask(resolver, "it", "NS", ends)
        return None


def _ask(resolver: dns.resolver.Resolver, domain: str, kind: str, ends: float) -> dns.resolver.Answer | None:
    """Queries until `ends` (monotonic seconds); None when the domain has no such record. Raises dnspython's exceptions."""
    left = ends - monotonic()
    if left <= 0:
        raise dns.exception.Timeout
    try:
        return resolver.resolve(f"{domain}.", kind, lifetime=left)
    except dns.resolver.NoAnswer:
        return None


def _what_is_wrong(text: str) -> str:
    """Returns the most specific Italian sentence about a refused spelling; "" for the general one."""
    local, at, domain = text.rpartition("@")
    if not text:
        return "Scrivi l’indirizzo e-mail"
    if not at:
        return "All’indirizzo manca la chiocciola (@): deve essere del tipo nome@dominio.it"
    if "@" in local or re.search(r"[,;]", text):
        return "Scrivi un solo indirizzo e-mail"
    if re.search(r"\s", text):
        return "L’indirizzo non può contenere spazi"
    if not local.isascii():
        return "Prima della chiocciola non sono ammesse lettere accentate o altri caratteri speciali"
    if domain and "." not in domain.strip("."):
        return "Il dominio dell’indirizzo è incompleto: deve essere del tipo nome@dominio.it"
    return ""


def _lines(name: str) -> list[str]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


@cache
def _consumer_domains() -> tuple[tuple[str, ...], dict[str, str | None]]:
    """Returns the well-known domains, most used first, and the fixed suggestions by domain (None: no suggestion)."""
    lines = _lines("consumer_domains.txt")
    answers: dict[str, str | None] = dict.fromkeys(lines)
    answers |= {line.removeprefix("= "): None for line in lines if line.startswith("= ")}
    answers |= dict(line.split(" > ") for line in lines if " > " in line)
    return tuple(line for line in lines if " " not in line), answers
