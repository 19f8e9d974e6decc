"""The bytes of a register as lines of text, whatever wrote them: byte order marks, UTF-16 and UTF-32, CR line ends, Windows-1252."""

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

LONGEST_LINE = 64 * 1024  # bytes: a real row has 300
PIECE = 64 * 1024  # bytes read at once, and looked at to tell the line ends
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with that one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class PlainBytes(io.RawIOBase):
    """The file as UTF-8 bytes without a byte order mark, with LF where lines ended with CR alone.

    UTF-8 and Windows-1252 bytes pass as they are: a line tells which of the two it is (see RegisterLines).
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
    """The byte order mark and what it says; without one, UTF-16 shows as a NUL beside the first letter."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return mark, encoding
    if len(head) > 1 and bool(head[0]) != bool(head[1]):
        return b"", "utf-16-le" if head[0] else "utf-16-be"
    return b"", "utf-8"


def has_holes(path: Path) -> bool:
    """True when there are NUL bytes in a file whose encoding has none: two programs wrote in it at once, or a disk failed."""
    with path.open("rb") as file:
        piece = file.read(PIECE)
        if _encoding_of(piece)[1] != "utf-8":
            return False
        while piece and b"\0" not in piece:
            piece = file.read(PIECE)
        return bool(piece)


class RegisterLines:
    """Numbered lines (from 1) without their end, blank ones left out; a line over LONGEST_LINE comes cut, marked by NUL.

    Each line is UTF-8 if it can be, else Windows-1252 (which contains ISO-8859-1): one bad byte spoils one line.
    """

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file
        self.ended = True  # once read: the last line that says something has its end

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
    """Empty when the line is blank; an old end-of-file mark (Ctrl-Z) is blank."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = line.decode("cp1252", errors="replace")
    return "" if not text.strip(" \t\r\n\f\v\x1a\ufeff") else text.rstrip("\r\n")
