"""Which domains are of certified mail (PEC), and the examination of an address against them and those an operator has added.

Refused: a domain that the list names, or that says so in a whole label (`pec.farmacia.it`). Such a mailbox takes certified mail
only, so no code would ever arrive. Asked about, not refused: a name that only looks like one (`farmaciapec.it`) and a domain
whose mail exchangers are of a PEC provider. Both are inferences, some PEC mailboxes do take ordinary mail, and the code that
must arrive is the proof: a wrong refusal would keep a pharmacy out.
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
    """True for the domains of certified mail: a telling label, or a domain of the list (or one under it)."""
    labels = domain.lower().split(".")[:-1]
    # "cert" alone tells only in front of somebody's domain (cert.namirial.it): as a name of its own it is anybody's
    return any(_LABEL.fullmatch(label) for label in labels) or "cert" in labels[:-1] or listed(domain, shipped())


def seems_pec(domain: str, exchangers: "tuple[str, ...]" = ()) -> bool:
    """True when the name looks like one, or every host that receives its mail is of a PEC provider."""
    looks = any(_SEEMS.fullmatch(label) for label in domain.split(".")[:-1] if label != "cert")
    return looks or (bool(exchangers) and all(is_pec(host.rstrip(".")) for host in exchangers))


def listed(domain: str, domains: "set[str] | frozenset[str]") -> bool:
    """True when the domain, or one above it, is among these."""
    return any(above in domains for above in with_parents(domain))


def with_parents(domain: str) -> list[str]:
    """`a.b.it`, `b.it`."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


@cache
def shipped() -> frozenset[str]:
    """The list of the project, pharmacies/addresses/data/pec_domains.txt."""
    lines = (line.strip() for line in DATA.read_text(encoding="utf-8").splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))
