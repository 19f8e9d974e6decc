"""Recognises domains of certified mail (PEC).

A domain on the list, or with a telling whole label (`pec.farmacia.it`), is refused: such a mailbox takes certified mail only,
so no code would arrive. A name that only looks like PEC (`farmaciapec.it`), or a domain whose mail exchangers all belong to
PEC providers, gets a question instead: both are guesses, some PEC mailboxes take ordinary mail, and a wrong refusal would
lock a pharmacy out. The code must arrive in any case.
"""

import re
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data" / "pec_domains.txt"
# A whole label of the domain, never a part of one: farmaciapecorone.it is an ordinary domain.
_LABEL = re.compile(
    r"pec\d{0,2}|pecmail|mailpec|postapec|legalmail|poste?cert|postacert|postacertificata|posta-certificata|postecertifica"
)
_SEEMS = re.compile(r".+pec\d?|pec-.+|.+-pec|cert")


def is_pec(domain: str) -> bool:
    """True for a PEC domain: a telling label, a domain on the shipped list, or a subdomain of one."""
    labels = domain.lower().split(".")[:-1]
    # "cert" means PEC only as a subdomain (cert.namirial.it), not as a registered name (cert.it)
    return any(_LABEL.fullmatch(label) for label in labels) or "cert" in labels[:-1] or listed(domain, shipped())


def seems_pec(domain: str, exchangers: "tuple[str, ...]" = ()) -> bool:
    """True when the name looks like a PEC domain, or all its mail exchangers belong to PEC providers."""
    looks = any(_SEEMS.fullmatch(label) for label in domain.split(".")[:-1] if label != "cert")
    return looks or (bool(exchangers) and all(is_pec(host.rstrip(".")) for host in exchangers))


def listed(domain: str, domains: "set[str] | frozenset[str]") -> bool:
    """True when the domain or a parent of it is in `domains`."""
    return any(above in domains for above in with_parents(domain))


def with_parents(domain: str) -> list[str]:
    """Returns the domain and its parents below the top level: `a.b.it`, `b.it`."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


@cache
def shipped() -> frozenset[str]:
    """Returns the shipped list, data/pec_domains.txt."""
    lines = (line.strip() for line in DATA.read_text(encoding="utf-8").splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))
