"""The national register from its web address: streamed to a file, tried again, taken up where it stopped."""

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import httpx

LONGEST = 15 * 60  # seconds for the whole download
TIMEOUT = httpx.Timeout(30, connect=10)  # seconds without a byte
PAUSES = (1, 3, 9, 20)  # seconds before each further attempt
WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class DownloadFailed(Exception):  # noqa: N818
    """The file did not arrive; `str()` says why. What came is kept: the same command goes on from there."""


class Interrupted(Exception):  # noqa: N818
    """This attempt failed in a way that another may not."""


class Download:
    """One address and the file that grows from it, with the validator (ETag or date) that tells whether it is still the same.

    `folder` keeps the unfinished file between runs; `largest` is in bytes; `pauses` in seconds. Raises DownloadFailed.
    """

    def __init__(self, url: str, folder: Path, *, largest: int, pauses: Sequence[float] = PAUSES) -> None:
        self.url, self.largest, self.pauses = url, largest, pauses
        self.part = folder / f"register-{sha256(url.encode()).hexdigest()[:16]}.part"
        self.validator = self.part.with_suffix(".json")
        try:
            self.is_loopback = httpx.URL(url).host in LOOPBACK
        except httpx.InvalidURL as error:
            raise DownloadFailed("The address cannot be read.") from error
        self.ends = time.monotonic() + LONGEST

    def run(self) -> Path:
        """The path of the whole file; `forget()` it when it has been used. Raises DownloadFailed."""
        self.part.parent.mkdir(parents=True, exist_ok=True)
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
            "Run the same command again: it goes on from where it stopped."
        )

    def forget(self) -> None:
        """Removes what was downloaded."""
        for path in (self.part, self.validator):
            path.unlink(missing_ok=True)

    def _attempt(self, client: httpx.Client) -> Path:
        have, validator = self._unfinished()
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
        return self.part

    def _write(self, response: httpx.Response, size: int) -> None:
        """Appends the answer to what we have (`size` bytes). Raises DownloadFailed when it is too big or takes too long."""
        if size + int(response.headers.get("Content-Length", 0)) > self.largest:
            self._refuse_too_big()
        # a weak ETag does not promise the same bytes (RFC 9110, section 13.1.5)
        etag = response.headers.get("ETag", "")
        validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
        if "Content-Encoding" in response.headers:
            validator = ""  # packed though we asked for it plain: what we write are not the bytes that a range counts
        self.validator.write_text(json.dumps({"url": self.url, "validator": validator}))
        with self.part.open("ab" if size else "wb") as file:
            for piece in response.iter_bytes():
                size += len(piece)
                if size > self.largest:
                    self._refuse_too_big()
                file.write(piece)
                if time.monotonic() > self.ends:
                    raise DownloadFailed("The download takes too long: run the same command again to go on.")

    def _unfinished(self) -> tuple[int, str]:
        """How many bytes an earlier attempt left, and the validator that makes them worth something; (0, "") if none."""
        with suppress(OSError, ValueError, KeyError):
            kept = json.loads(self.validator.read_text())
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
