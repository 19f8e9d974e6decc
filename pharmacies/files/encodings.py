"""Decodes a file into lines of text: byte order marks, UTF-8, UTF-16, UTF-32, Windows-1252, CR line ends."""

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

LONGEST_LINE = 64 * 1024  # bytes: a real row has 300
PIECE = 64 * 1024  # bytes read at once; the first piece decides the encoding and the line ends
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class PlainBytes(io.RawIOBase):
    """Reads the file as UTF-8 bytes without a byte order mark; a CR that ends a line alone becomes LF.

    UTF-8 and Windows-1252 bytes pass unchanged: FileLines tells the two apart line by line.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        head = file.read(PIECE)
        mark, encoding = _encoding_of(head)
        self._decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)("replace")
        self._cr_ends_lines = False
        self._ready = self._converted(head[len(mark) :])
        self._cr_ends_lines = b"\r" in self._ready and b"\n" not in self._ready
        self._ready = self._ready.replace(b"\r", b"\n") if self._cr_ends_lines else self._ready

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        while not self._ready:
            piece = self._file.read(PIECE)
            self._ready = self._converted(piece)
            if not piece:
                break
        taken, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def _converted(self, piece: bytes) -> bytes:
        if self._decoder is not None:
            piece = self._decoder.decode(piece, final=not piece).encode()
        return piece.replace(b"\r", b"\n") if self._cr_ends_lines else piece


def _encoding_of(head: bytes) -> tuple[bytes, str]:
    """Returns the byte order mark and the encoding it means. Without a mark, a NUL beside the first letter means UTF-16."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return mark, encoding
    if len(head) > 1 and bool(head[0]) != bool(head[1]):
        return b"", "utf-16-le" if head[0] else "utf-16-be"
    return b"", "utf-8"


def has_holes(path: Path) -> bool:
    """True when a file in UTF-8 or Windows-1252 contains NUL bytes: two programs wrote to it at once, or a disk failed."""
    with path.open("rb") as file:
        piece = file.read(PIECE)
        if _encoding_of(piece)[1] != "utf-8":
            return False
        while piece and b"\0" not in piece:
            piece = file.read(PIECE)
        return bool(piece)


class FileLines:
    """Yields (number from 1, line without its end) and skips blank lines; a line over LONGEST_LINE becomes a single NUL.

    A line that is not valid UTF-8 is decoded as Windows-1252 (which contains ISO-8859-1), so a bad byte spoils one line.
    """

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file
        # after iteration: the last line that is not blank has a line end
        self.ended = True

    def __iter__(self) -> Iterator[tuple[int, str]]:
        number = 0
        while line := self._file.readline(LONGEST_LINE):
            number += 1
            too_long = len(line) == LONGEST_LINE and not line.endswith(b"\n")
            while too_long and not line.endswith(b"\n") and (line := self._file.readline(LONGEST_LINE)):
                pass
            ended = line.endswith(b"\n")
            text = _text_of(b"\0" if too_long else line)
            if text:
                self.ended = ended
                yield number, text


def _text_of(line: bytes) -> str:
    """Decodes a line; returns "" when it is blank. An old end-of-file mark (Ctrl-Z) counts as blank."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = line.decode("cp1252", errors="replace")
    return "" if not text.strip(" \t\r\n\f\v\x1a\ufeff") else text.rstrip("\r\n")
