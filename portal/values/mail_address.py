"""The normal form of an e-mail address, to store, send to and compare. Domains: IDNA 2008 with UTS 46, not transitional.

Python's own `idna` codec, which Django uses, is IDNA 2003: it turns `weiße` into `weisse`, a domain with another owner.
"""

import unicodedata

import idna


def ascii_domain(domain: str) -> str:
    """The domain as the DNS knows it: lower case, accented labels as `xn--…`. Raises ValueError (idna.IDNAError)."""
    if domain.isascii():
        return domain.lower()
    return idna.encode(domain, uts46=True).decode().lower()


def ascii_address(address: str) -> str:
    """The address for the database, envelopes and headers: its domain in ASCII.

    Leaves a domain that IDNA cannot encode as it is; the SMTP line refuses it (outbox/sending/smtp.py).
    """
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{ascii_domain(domain)}"
    except ValueError:
        return address


def key(address: str) -> str:
    """The form in which two spellings of one mailbox are equal: local part casefolded, domain in ASCII, no final dot."""
    local, at, domain = ascii_address(address.strip()).rpartition("@")
    return f"{local.casefold()}{at}{domain.removesuffix('.').lower()}"


def same_mailbox(left: str, right: str) -> bool:
    """True when both name one mailbox: another server may report it in capitals, or with accents."""
    return key(left) == key(right)


def readable(address: str) -> str:
    """The address for pages and texts, with accents in place of `xn--…` labels. Never compare this form.

    A domain that mixes scripts stays in ASCII, as browsers show it: it may imitate another domain.
    """
    local, at, domain = address.rpartition("@")
    if "xn--" not in domain:
        return address
    try:
        decoded = idna.decode(domain)
    except ValueError:
        return address
    return address if mixes_scripts(decoded) else f"{local}{at}{decoded}"


def mixes_scripts(domain: str) -> bool:
    """True when the letters of the domain, its last label included, come from more than one script: a Cyrillic `а` looks Latin."""
    return len({unicodedata.name(c, "?").split()[0] for c in domain if c.isalpha()}) > 1
