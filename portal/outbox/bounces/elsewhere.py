"""Tells whether a report in prose is about another mailbox, to which the recipient's had forwarded the letter.

The address beside the reason is the address that failed.
"""

import re
from collections.abc import Iterator

from portal.outbox.reasons import OF_THE_MAILBOX, Reason, our_names
from portal.outbox.reasons import read as reason_of
from portal.values.mail_address import key

ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"'=@|]{1,200}@[^\s<>()\[\]:;,\"'=@|]{1,255}")
_SERVICE = re.compile(
    r"postmaster|mailer-?daemon|abuse|support|help ?desk|assistenza|no-?reply|bounces?\b", re.IGNORECASE
)
# words before the portal's sender, an identifier or a contact address
_NOT_FAILED = re.compile(
    r"(from|sender|mittente|da|message-id|contact|write to|questions to|da parte di)[\s:<\x22\x27(]{1,10}$",
    re.IGNORECASE,
)
# what stands before a failed address in a list: `Recipient: x`, `<x>:`, or nothing. `To: x` is a header of the letter
_LISTED = re.compile(
    r"^[ \t>*-]*(?:(?:failed|intended|final)?[ -]?(?:address(?:es)?|recipients?|rcpt to)(?:\(s\))?[ \t]*:[ \t]*)?"
    r"[<\[\"']{0,2}(?:mailto:|smtp:)?$",
    re.IGNORECASE,
)
_LETTER = re.compile(r"^[ \t>*-]*(to|a|an|à|para)[ \t]*:", re.IGNORECASE)
_UNITS = re.compile(r"(?<=[.!?])\s+|\n")
MOST_UNITS = 200  # lines or sentences: a report names its mailbox early
MOST_OF_UNIT = 600  # characters of each


def fails_elsewhere(text: str, about: str) -> bool:
    """True when the text names `about` (the recipient's address) outside the list of failed addresses, and every reason stands
    beside an address of another domain.
    """
    mailbox, failing, last, is_named = key(about), set(), "", False
    domain = mailbox.rpartition("@")[2]
    for unit in (part[:MOST_OF_UNIT] for part in _UNITS.split(text)[:MOST_UNITS] if part.strip()):
        addresses = list(_addresses(unit, mailbox))
        is_named = is_named or any(name == mailbox for name, _ in addresses)
        if _lists(unit, addresses, mailbox):
            return False
        if not _LETTER.match(unit):
            last = _beside_reason(unit, addresses) or last
        if last and _is_reason(unit):
            failing.add(last)
    return is_named and bool(failing) and all(not _is_of(name, domain) for name in failing)


def _lists(unit: str, addresses: list[tuple[str, int]], mailbox: str) -> bool:
    """True for a line that begins with the mailbox and names no other address."""
    return (
        bool(addresses)
        and {name for name, _ in addresses} == {mailbox}
        and _LISTED.match(unit[: addresses[0][1]]) is not None
    )


def _beside_reason(unit: str, addresses: list[tuple[str, int]]) -> str:
    """The last address before the number of the reason, or the first one after it; "" when there is none."""
    if len(addresses) < 2:
        return addresses[0][0] if addresses else ""
    number = re.search(r"(?<![\w.])[45](?:\d\d|\.\d{1,3}\.\d{1,3})(?![\w.]*\d)", unit)
    before = [name for name, at in addresses if number is None or at < number.start()]
    return before[-1] if before else addresses[0][0]


def _addresses(unit: str, mailbox: str) -> Iterator[tuple[str, int]]:
    """Addresses that may have failed, with their positions: not contact addresses, not the portal's sender."""
    for found in ADDRESS.finditer(unit):
        name = key(found[0].rstrip(".").removeprefix("mailto"))
        local, _, domain = name.rpartition("@")
        is_other = (
            _SERVICE.match(local)
            or domain in our_names()
            or _NOT_FAILED.search(unit[max(0, found.start() - 40) : found.start()])
        )
        if name == mailbox or not is_other:
            yield name, found.start()


def _is_reason(unit: str) -> bool:
    reading = reason_of(unit)
    return reading.rule is not None and reading.reason in OF_THE_MAILBOX and reading.reason is not Reason.UNKNOWN


def _is_of(name: str, domain: str) -> bool:
    """True for an address of this domain or of a subdomain: the same mailbox under another name."""
    reached = name.rpartition("@")[2]
    return reached == domain or reached.endswith(f".{domain}")
