"""Downloads a file of the administrations (register, offices): retries a failed attempt and resumes an interrupted download."""

import json
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import httpx
from django.conf import settings

from pharmacies.files.encodings import has_holes
from pharmacies.files.run_folder import RunFolder
from portal import tls

LONGEST = 15 * 60  # seconds for the whole download
TIMEOUT = httpx.Timeout(30, connect=10)  # seconds without a byte
PAUSES = (1, 3, 9, 20)  # seconds before each retry
RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class DownloadFailed(Exception):
    """The download failed; `str()` says why. The received part is kept, and the next run of the command resumes it.

    `partial`: the beginning of the file, when the connection broke in the middle of it.
    """

    def __init__(self, reason: str, partial: Path | None = None) -> None:
        super().__init__(reason)
        self.partial = partial


class RefusedByServer(DownloadFailed):
    """The server answered with another status than 200; `status` is its number."""

    def __init__(self, status: int, reason: str) -> None:
        advice = ""
        if status == 403:
            advice = (
                " Some sites answer so to a program that they do not know: REGISTER_USER_AGENT sets the User-Agent that is "
                "sent (docs/register.md)."
            )
        super().__init__(f"The server answers {status} {reason}.{advice}")
        self.status = status


class NotModified(Exception):
    """The server answers 304: the file has not changed since the answer whose validators were sent."""


@dataclass(frozen=True)
class Validators:
    """The headers `ETag` and `Last-Modified` of an answer; "" when it had none. A later request sends them back for a 304."""

    etag: str = ""
    last_modified: str = ""

    @property
    def headers(self) -> dict[str, str]:
        found = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in found.items() if value}


class Interrupted(Exception):
    """This attempt failed; a retry may succeed."""


class Download:
    """Downloads one address to a file and keeps its validator (ETag or date), which a resumed download needs.

    A run that fails or is killed leaves its folder (run_folder.py), and the next run resumes. `largest`: bytes; `pauses`, `longest`: seconds. `known`: validators of a file that need not come again.
    `hosts`: the only hosts (`name` or `name:port`) that the address and its redirects may name; None: any.
    Raises DownloadFailed, RefusedByServer among them, and NotModified.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        largest: int,
        pauses: Sequence[float] = PAUSES,
        longest: float = LONGEST,
        known: Validators | None = None,
        hosts: Collection[str] | None = None,
    ) -> None:
        self.url, self.largest, self.pauses, self.hosts = url, largest, pauses, hosts
        self.known = known or Validators()
        try:
            address = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise DownloadFailed("The address cannot be read.") from error
        self.is_loopback = address.host in LOOPBACK
        self._folder = RunFolder(folder, url)
        # the file keeps the name in the address, which contains the day of the register
        self.part = self._folder.path / (PurePosixPath(address.path).name[-80:] or "register")
        self.validator = self._folder.path / "validator.json"
        # after run(): a key of completeness.FLAWS when nothing proves that the file is complete
        self.doubt = ""
        # after run(): the address after the redirects, and the validators of the answer
        self.final_url = url
        self.validators = Validators()
        self._received = False
        self.ends = time.monotonic() + longest

    def run(self) -> Path:
        """Downloads the file and returns its path; the caller calls forget() after use. Raises DownloadFailed, NotModified."""
        self._begin()
        try:
            self._run()
        except DownloadFailed as failure:
            left = self._leave_unfinished()
            failure.partial = left if failure.partial is not None else None
            raise
        except NotModified:
            self.forget()
            raise
        except BaseException:  # a full disk, a stopped worker
            self._leave_unfinished()
            raise
        if has_holes(self.part):
            self.forget()
            raise DownloadFailed("The file contains NUL bytes: it is damaged. Nothing was imported.")
        return self.part

    def _run(self) -> None:
        reason = ""
        with httpx.Client(
            timeout=TIMEOUT,
            verify=tls.of_the_web(),
            follow_redirects=True,
            max_redirects=5,
            trust_env=not self.is_loopback,  # no proxy for an address on this machine
            # no compression: a Range header counts the bytes of the plain file
            headers={"Accept-Encoding": "identity", "User-Agent": settings.REGISTER_USER_AGENT},
            event_hooks={"request": [self._refuse_in_clear]},
        ) as client:
            for pause in (0, *self.pauses):
                if pause and time.monotonic() + pause > self.ends:
                    break
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
            f"The file did not arrive after {len(self.pauses) + 1} attempts ({reason}). "
            "Run the same command again: it goes on from where it stopped.",
            self.part if self._received else None,
        )

    def forget(self) -> None:
        """Removes the downloaded file."""
        self._folder.forget()

    def _begin(self) -> None:
        self._folder.begin()

    def _leave_unfinished(self) -> Path | None:
        """Leaves the partial file to the next run and returns its path; None when another failed run left one before."""
        if not self.part.exists():
            self.forget()
            return None
        return self._folder.unfinished / self.part.name if self._folder.leave() else None

    def _attempt(self, client: httpx.Client) -> None:
        have, validator = self._have()
        headers = {"Range": f"bytes={have}-", "If-Range": validator} if have else self.known.headers
        with client.stream("GET", self.url, headers=headers) as response:
            if response.status_code == 416:  # the partial file is longer than the one on the server
                self.forget()
                raise Interrupted("the file has changed")
            if response.status_code in RETRIED_STATUSES:
                raise Interrupted(f"the server answers {response.status_code}")
            if response.status_code == 304 and self.known.headers and not have:
                raise NotModified
            if response.status_code not in (200, 206):
                raise RefusedByServer(response.status_code, response.reason_phrase)
            goes_on = response.status_code == 206
            if goes_on and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                self.forget()
                raise Interrupted("the server sent another piece of the file")
            self._write(response, have if goes_on else 0)

    def _write(self, response: httpx.Response, size: int) -> None:
        """Writes the response after the first `size` bytes. Raises Interrupted; DownloadFailed when it is too big or slow."""
        if size + int(response.headers.get("Content-Length", 0)) > self.largest:
            self._refuse_too_big()
        # a weak ETag does not promise the same bytes (RFC 9110, section 13.1.5)
        etag = response.headers.get("ETag", "")
        self.final_url = str(response.url)
        self.validators = Validators(etag, response.headers.get("Last-Modified", ""))
        validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
        if "Content-Encoding" in response.headers:
            validator = ""  # the server compressed it all the same: ranges would count other bytes than the file's
        self._folder.make()
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
        """Compares the file's length with the one the server gave; sets `doubt` when it gave none. Raises Interrupted.

        httpx itself rejects a response that is shorter than its Content-Length.
        """
        whole = response.headers.get("Content-Range", "").rpartition("/")[2]
        if whole.isascii() and whole.isdigit() and int(whole) != size:
            self.forget()
            raise Interrupted("the pieces do not make the whole file")
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        is_measured = bool(whole) or "Content-Length" in response.headers or chunked
        self.doubt = "" if is_measured or response.http_version == "HTTP/2" else "no_length"

    def _have(self) -> tuple[int, str]:
        """Returns the number of bytes of an earlier attempt and their validator; (0, "") when they cannot be resumed."""
        with suppress(OSError, ValueError, KeyError):
            kept = json.loads(self.validator.read_text(encoding="utf-8"))
            if kept["url"] == self.url and kept["validator"]:
                return self.part.stat().st_size, kept["validator"]
        return 0, ""

    def _refuse_in_clear(self, request: httpx.Request) -> None:
        """Refuses plain HTTP outside this machine; httpx calls it for the address and for every redirect."""
        in_clear_here = request.url.scheme == "http" and self.is_loopback and request.url.host in LOOPBACK
        if not request.url.host or not (request.url.scheme == "https" or in_clear_here):
            raise DownloadFailed("The address, and whatever it redirects to, must be https.")
        if self.hosts is not None and request.url.netloc.decode() not in self.hosts:
            raise DownloadFailed(
                f"The address leads to another host, {request.url.host[:80]}: REGISTER_HOSTS names the hosts that may be read."
            )

    def _refuse_too_big(self) -> None:
        self.forget()
        raise DownloadFailed(f"The file is larger than {self.largest // 2**20} MB: it is not the right one.")
