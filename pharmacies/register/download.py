"""The national register from its web address: streamed to a file, tried again, taken up where it stopped."""

import json
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath
from uuid import uuid4

import httpx

from pharmacies.register.encodings import has_holes

LONGEST = 15 * 60  # seconds for the whole download
TIMEOUT = httpx.Timeout(30, connect=10)  # seconds without a byte
PAUSES = (1, 3, 9, 20)  # seconds before each further attempt
ABANDONED_AFTER = 24 * 60 * 60  # seconds: the folder of a run that was killed
WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class DownloadFailed(Exception):
    """The file did not arrive; `str()` says why. What came is kept: the same command goes on from there.

    `partial`: the beginning of the file, when the server broke off in the middle of it.
    """

    def __init__(self, reason: str, partial: Path | None = None) -> None:
        super().__init__(reason)
        self.partial = partial


class Interrupted(Exception):
    """This attempt failed in a way that another may not."""


class Download:
    """One address and the file that grows from it, with the validator (ETag or date) that tells whether it is still the same.

    Each run writes in a folder of its own, so that two at once cannot write in one file. An unfinished one is left under a
    name that the next run takes for itself. `largest` is in bytes; `pauses` in seconds. Raises DownloadFailed.
    """

    def __init__(self, url: str, folder: Path, *, largest: int, pauses: Sequence[float] = PAUSES) -> None:
        self.url, self.largest, self.pauses = url, largest, pauses
        try:
            address = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise DownloadFailed("The address cannot be read.") from error
        self.is_loopback = address.host in LOOPBACK
        self.unfinished = folder / f"register-{sha256(url.encode()).hexdigest()[:16]}"
        self.mine = folder / f"{self.unfinished.name}-{uuid4().hex}"
        # the name is that of the address: the day of the register stands in it
        self.part = self.mine / (PurePosixPath(address.path).name[-80:] or "register")
        self.validator = self.mine / "validator.json"
        self.doubt = ""  # after run(): a word of registry_whole.FLAWS when nothing proves that all of it came
        self._received = False
        self.ends = time.monotonic() + LONGEST

    def run(self) -> Path:
        """The path of the whole file; `forget()` it when it has been used. Raises DownloadFailed."""
        self._begin()
        try:
            self._run()
        except DownloadFailed as failure:
            left = self._leave_unfinished()
            failure.partial = left if failure.partial is not None else None
            raise
        if has_holes(self.part):
            self.forget()
            raise DownloadFailed("The file holds NUL bytes: it is not as the server has it. Nothing was imported.")
        return self.part

    def _run(self) -> None:
        reason = ""
        with httpx.Client(
            timeout=TIMEOUT,
            follow_redirects=True,
            max_redirects=5,
            trust_env=not self.is_loopback,  # a company's proxy is for the world outside
            headers={"Accept-Encoding": "identity", "User-Agent": "portale-farmacie"},  # bytes that can be counted on
            event_hooks={"request": [self._refuse_in_clear]},
        ) as client:
            for pause in (0, *self.pauses):
                time.sleep(pause)
                try:
                    return self._attempt(client)
                except (Interrupted, httpx.TransportError) as error:
                    reason = str(error) or type(error).__name__
                except httpx.TooManyRedirects as error:
                    raise DownloadFailed("The address redirects without end.") from error
                except httpx.HTTPError as error:
                    raise DownloadFailed(f"The address cannot be read: {error}") from error
        raise DownloadFailed(
            f"The register did not arrive after {len(self.pauses) + 1} attempts ({reason}). "
            "Run the same command again: it goes on from where it stopped.",
            self.part if self._received else None,
        )

    def forget(self) -> None:
        """Removes what was downloaded."""
        shutil.rmtree(self.mine, ignore_errors=True)

    def _begin(self) -> None:
        """A folder of this run: what an earlier one left (a rename: one run alone gets it), else an empty one."""
        self.mine.parent.mkdir(parents=True, exist_ok=True)
        for other in self.mine.parent.glob("register-*-*"):
            with suppress(OSError):
                if other.stat().st_mtime < time.time() - ABANDONED_AFTER:
                    shutil.rmtree(other, ignore_errors=True)
        try:
            self.unfinished.rename(self.mine)
        except OSError:
            self.mine.mkdir(exist_ok=True)

    def _leave_unfinished(self) -> Path | None:
        """For the next run, unless another has left one meanwhile; where the file is now."""
        if not self.part.exists():
            self.forget()
            return None
        try:
            self.mine.rename(self.unfinished)
        except OSError:
            self.forget()
            return None
        return self.unfinished / self.part.name

    def _attempt(self, client: httpx.Client) -> None:
        have, validator = self._have()
        asked = {"Range": f"bytes={have}-", "If-Range": validator} if have else {}
        with client.stream("GET", self.url, headers=asked) as response:
            if response.status_code == 416:  # what we have does not fit what there is
                self.forget()
                raise Interrupted("the file has changed")
            if response.status_code in WORTH_ANOTHER_TRY:
                raise Interrupted(f"the server answers {response.status_code}")
            if response.status_code not in (200, 206):
                raise DownloadFailed(f"The server answers {response.status_code} {response.reason_phrase}.")
            goes_on = response.status_code == 206
            if goes_on and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                self.forget()
                raise Interrupted("the server sent another piece of the file")
            self._write(response, have if goes_on else 0)

    def _write(self, response: httpx.Response, size: int) -> None:
        """Appends the answer to what we have (`size` bytes). Raises DownloadFailed when it is too big or takes too long."""
        if size + int(response.headers.get("Content-Length", 0)) > self.largest:
            self._refuse_too_big()
        # a weak ETag does not promise the same bytes (RFC 9110, section 13.1.5)
        etag = response.headers.get("ETag", "")
        validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
        if "Content-Encoding" in response.headers:
            validator = ""  # packed though we asked for it plain: what we write are not the bytes that a range counts
        self.mine.mkdir(exist_ok=True)
        self.validator.write_text(json.dumps({"url": self.url, "validator": validator}), encoding="utf-8")
        with self.part.open("ab" if size else "wb") as file:
            for piece in response.iter_bytes():
                self._received = True
                size += len(piece)
                if size > self.largest:
                    self._refuse_too_big()
                file.write(piece)
                if time.monotonic() > self.ends:
                    raise DownloadFailed("The download takes too long: run the same command again to go on.")
        self._weigh(response, size)

    def _weigh(self, response: httpx.Response, size: int) -> None:
        """Is it as long as the server said? httpx knows a piece that is shorter than its own length. Raises Interrupted."""
        whole = response.headers.get("Content-Range", "").rpartition("/")[2]
        if whole.isascii() and whole.isdigit() and int(whole) != size:
            self.forget()
            raise Interrupted("the pieces do not make the whole file")
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        is_measured = bool(whole) or "Content-Length" in response.headers or chunked
        self.doubt = "" if is_measured or response.http_version == "HTTP/2" else "no_length"

    def _have(self) -> tuple[int, str]:
        """How many bytes an earlier attempt left, and the validator that makes them worth something; (0, "") if none."""
        with suppress(OSError, ValueError, KeyError):
            kept = json.loads(self.validator.read_text(encoding="utf-8"))
            if kept["url"] == self.url and kept["validator"]:
                return self.part.stat().st_size, kept["validator"]
        return 0, ""

    def _refuse_in_clear(self, request: httpx.Request) -> None:
        """Called for the address and for every redirect."""
        in_clear_here = request.url.scheme == "http" and self.is_loopback and request.url.host in LOOPBACK
        if not request.url.host or not (request.url.scheme == "https" or in_clear_here):
            raise DownloadFailed("The address, and whatever it redirects to, must be https.")

    def _refuse_too_big(self) -> None:
        self.forget()
        raise DownloadFailed(f"The file is larger than {self.largest // 2**20} MB: it is not the register.")
