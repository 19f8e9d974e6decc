"""Extracts an address from pasted text, and recognises role mailboxes."""

import re
from collections.abc import Iterator

from portal.values.mail_address import same_mailbox
from portal.values.pasted import visible

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}  # ａ＠ｂ: full-width letters and signs
_LABEL = re.compile(r"^[^@<>:]*:\s*")  # `E-mail: a@b.it`, `mailto:a@b.it`
_QUERY = re.compile(r"\?.*$")  # `mailto:a@b.it?subject=…`
_COMMENT = re.compile(r"\s*\([^()@]*\)$")
_IN_BRACKETS = re.compile(r"<\s*([^<>\s]+@[^<>\s]+)\s*>")
_AROUND = " \t\"'`«»“”„‘’()[]{}<>.,;:!"
# Mailboxes of a mail system (RFC 2142, RFC 5321) and unread mailboxes; written without dots, dashes and underscores.
_ROLES = frozenset(
    [
        "abuse", "bounce", "bounces", "daemon", "devnull", "donotreply", "donotrespond", "dontreply", "hostmaster",
        "listserv", "mailerdaemon", "majordomo", "nobody", "nonrispondere", "noresponse", "noreply", "null",
        "postmaster", "root", "spam", "unsubscribe", "webmaster",
    ]
)  # fmt: skip


def readings(typed: str) -> Iterator[str]:
    """Yields the text, then versions with less of what mail programs and pages add; the caller takes the first valid one.

    Removes names, brackets, labels, final signs and invisible characters: `Farmacia Rossi <a@b.it>`, `<a@b.it>`,
    `mailto:a@b.it`, `a@b.it.`.
    """
    yield typed.strip()
    yield _unwrapped(typed)
    yield tidied(typed)


def tidied(typed: str) -> str:
    """Removes invisible characters, name, label, brackets and final signs. Two different addresses stay two."""
    return _unwrapped(typed).strip(_AROUND)


def _unwrapped(typed: str) -> str:
    text = " ".join(visible(typed).translate(_WIDE).split())
    bracketed = _IN_BRACKETS.findall(text)
    if len(bracketed) == 1:
        beside = [word.strip(_AROUND) for word in _IN_BRACKETS.sub(" ", text).split() if "@" in word]
        if all(same_mailbox(word, bracketed[0]) for word in beside):
            text = bracketed[0]
    label = _LABEL.match(text)
    if label:
        text = text[label.end() :]
        text = _QUERY.sub("", text) if label[0].strip().lower() == "mailto:" else text
    return _COMMENT.sub("", text)


def with_dots(text: str) -> str | None:
    """Replaces the commas with dots (`farmacia@dominio,it`); None without a comma, or with more than one address."""
    return text.replace(",", ".") if "," in text and text.count("@") == 1 else None


def is_role(address: str) -> bool:
    """True for `noreply@`, `postmaster@`, `mailer-daemon@` and the like, which no pharmacist reads."""
    local = address.rpartition("@")[0].casefold().partition("+")[0]
    return re.sub(r"[-_.]", "", local) in _ROLES
