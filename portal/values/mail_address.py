"""The normal form of an e-mail address: what is stored, sent to and compared. IDNA 2008 with UTS 46, not transitional.

Python's own `idna` codec, which Django uses, is IDNA 2003: it turns `weiße` into `weisse`, another domain with other owners.
"""

import unicodedata

import idna


def ascii_domain(domain: str) -> str:
    """The domain as the DNS knows it: lower case, accented labels as `xn--…`. Raises ValueError (idna.IDNAError)."""
    if domain.isascii():
        return domain.lower()
    return idna.encode(domain, uts46=True).decode().lower()


def ascii_address(address: str) -> str:
    """The address as it is stored, and as it stands in envelopes and headers. A domain that IDNA cannot encode stays as it is:
    the SMTP line refuses it (smtp.py).
    """
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{ascii_domain(domain)}"
    except ValueError:
        return address


def key(address: str) -> str:
    """What makes two spellings the same mailbox: local part casefolded, domain in ASCII, no final dot."""
    local, at, domain = ascii_address(address.strip()).rpartition("@")
    return f"{local.casefold()}{at}{domain.removesuffix('.').lower()}"


def same_mailbox(left: str, right: str) -> bool:
    """True when both name one mailbox: a report of another server may write ours in capitals, or with its accents."""
    return key(left) == key(right)


def readable(address: str) -> str:
    """The address as a person reads it: `xn--…` labels with their accents. Only for pages and texts, never compared.

    A domain that mixes scripts stays in ASCII, as browsers show it: it is made to look like another one.
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
    """True when the letters of the domain, its end included, are of more than one script: a Cyrillic `а` is read as a Latin one."""
    return len({unicodedata.name(c, "?").split()[0] for c in domain if c.isalpha()}) > 1
