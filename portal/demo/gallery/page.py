"""The page of the gallery: one HTML file that shows each letter at two widths, light and dark, with headers and text."""

import email
from collections.abc import Iterable
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage

from django.template.loader import render_to_string

from portal.demo.gallery.letters import GalleryLetter
from portal.secrets.sealing import unseal

WIDTHS = (600, 320)  # CSS pixels: a mail program beside its list, a phone
_DARK = "@media (prefers-color-scheme: dark)"
_SCHEMES = {"chiaro": "@media not all", "scuro": "@media all"}


@dataclass(frozen=True)
class LetterView:
    """One letter, read back from the bytes that a worker would send."""

    name: str
    kind: str
    subject: str
    source_headers: str  # as they travel, folded and encoded
    text: str
    html: str

    @property
    def frames(self) -> list[tuple[int, str, str]]:
        """Width, name of the colours, and HTML with the media query of the colours decided."""
        return [
            (width, scheme, self.html.replace(_DARK, query)) for scheme, query in _SCHEMES.items() for width in WIDTHS
        ]


def letter_view(letter: GalleryLetter) -> LetterView:
    """Reads a letter of the gallery back from its sealed bytes."""
    assert letter.row.sealed_source is not None  # noqa: S101  no worker has sent it
    source = unseal(bytes(letter.row.sealed_source))
    message = email.message_from_bytes(source, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101  policy.default makes this class
    headers = source.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("ascii")
    return LetterView(
        letter.name, letter.row.get_kind_display(), str(message["Subject"]), headers, _part(message, "plain"),
        _part(message, "html"),
    )  # fmt: skip


def gallery_page(letters: Iterable[GalleryLetter]) -> str:
    """Returns the whole page as HTML. It needs no server."""
    return render_to_string("demo/gallery.html", {"letters": [letter_view(letter) for letter in letters]})


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()) if body is not None else ""
