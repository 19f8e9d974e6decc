"""Reads the page that links the files of a register. The page is not trusted: every link is examined before it is followed."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import httpx
from lxml import etree, html

from pharmacies.files.download import DownloadFailed
from pharmacies.register.nightly.sources import FIRST_DAY, FORMATS, Candidate, RegisterAddress, name_pattern

LARGEST_PAGE = 10 * 2**20  # bytes
MOST_LINKS = 50_000
LONGEST_LINK = 500  # characters, as RegisterSource.file_url


@dataclass
class Links:
    """The files of a page that may be downloaded, the newest first, and the number of links left out, by reason."""

    candidates: list[Candidate] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    many: int = 0

    def __str__(self) -> str:
        reasons = ", ".join(f"{number} {reason}" for reason, number in self.left_out.most_common())
        return f"{self.many} links" + (f"; left out: {reasons}" if reasons else "")


def links_of(body: bytes, base: str, source: RegisterAddress, today: date) -> Links:
    """Examines every link of the page (HTML, or JSON as the Ministry's site generates its pages from). `base`: its address.

    Raises DownloadFailed when the page is neither.
    """
    found, seen, pattern = Links(), set(), name_pattern(source.register)
    for link in _links(body, base):
        found.many += 1
        if found.many > MOST_LINKS:
            break
        try:
            url = httpx.URL(base).join(link.strip())
        except (httpx.InvalidURL, ValueError):
            continue
        candidate_name = url.path.rpartition("/")[2]
        match = pattern.fullmatch(candidate_name)
        if match is None or str(url) in seen:
            continue
        seen.add(str(url))
        url = url.copy_with(fragment=None)
        day = _day(match["day"])
        if why := _why_not(url, day, source, today):
            found.left_out[why] += 1
        elif day is not None:
            found.candidates.append(Candidate(day, str(url)))
    found.candidates.sort(key=lambda one: (-one.day.toordinal(), FORMATS.index(one.name.rpartition(".")[2].lower())))
    return found


def _why_not(url: httpx.URL, day: date | None, source: RegisterAddress, today: date) -> str:
    if url.userinfo or url.netloc.decode() not in source.hosts:
        return "at another host (REGISTER_HOSTS)"
    if url.scheme != httpx.URL(source.address).scheme and url.scheme != "https":
        return "not https"
    if day is None or day < FIRST_DAY:
        return "with a day that cannot be"
    if day > today:
        return "with a day in the future"
    return "with an address too long" if len(str(url)) > LONGEST_LINK else ""


def _day(digits: str) -> date | None:
    try:
        return datetime.strptime(digits, "%Y%m%d").date()  # noqa: DTZ007  a day has no time zone
    except ValueError:
        return None


def _links(body: bytes, base: str) -> Iterator[str]:
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        try:
            yield from _texts(json.loads(body))
        except (ValueError, RecursionError) as error:
            raise DownloadFailed("The page that names the files is JSON that cannot be read.") from error
        return
    try:
        page: Any = html.document_fromstring(body, parser=html.HTMLParser(no_network=True, huge_tree=False))
        page.make_links_absolute(base, resolve_base_href=True, handle_failures="ignore")
    except (etree.LxmlError, ValueError) as error:
        raise DownloadFailed("The page that names the files cannot be read as HTML.") from error
    for _, _, link, _ in page.iterlinks():
        yield link


def _texts(value: Any) -> Iterator[str]:
    """Every text of the JSON that looks like an address: one with a slash."""
    if isinstance(value, str):
        if "/" in value and len(value) <= LONGEST_LINK:
            yield value
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
