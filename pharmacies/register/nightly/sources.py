"""Where the newest file of a register is looked for: a page with links, or an address with the day in its name (settings)."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePosixPath

import httpx
from django.conf import settings

from pharmacies.files.completeness import day_in_name
from pharmacies.files.download import LOOPBACK
from pharmacies.models import NationalRegister

# Setting with the address, and the name of the Ministry's files: open data "Farmacie" (5) and "Parafarmacie" (7).
SETTING = {
    NationalRegister.FARMACIE: "REGISTER_FARMACIE_URL",
    NationalRegister.PARAFARMACIE: "REGISTER_PARAFARMACIE_URL",
}
STEM = {NationalRegister.FARMACIE: "FRM_FARMA_5", NationalRegister.PARAFARMACIE: "FRM_PFARMA_7"}
# Of the files of one day the first that is there: CSV has a third of the bytes of JSON and a quarter of those of XML.
FORMATS = ("csv", "json", "xml")
PLACES = {"YYYYMMDD": "%Y%m%d", "YYYY-MM-DD": "%Y-%m-%d", "YYYY": "%Y", "MM": "%m", "DD": "%d"}
PLACE = re.compile(r"\{(" + "|".join(PLACES) + r")\}")
FIRST_DAY = date(2010, 1, 1)  # the register of pharmacies is published since then
LOOKS_BACK = 7  # days for which an address with a day is tried


@dataclass(frozen=True)
class Candidate:
    """One file that may be downloaded."""

    day: date
    url: str

    @property
    def name(self) -> str:
        return PurePosixPath(httpx.URL(self.url).path).name


@dataclass(frozen=True)
class RegisterAddress:
    """The configured address of a register: `address` holds a day in braces, or names a page."""

    register: NationalRegister
    address: str

    @property
    def is_pattern(self) -> bool:
        return "{" in self.address

    @property
    def hosts(self) -> frozenset[str]:
        """The only hosts that the page, its links and every redirect may name: that of the address, and REGISTER_HOSTS."""
        own = httpx.URL(PLACE.sub("1", self.address)).netloc.decode()
        return frozenset({own, *(host.lower() for host in settings.REGISTER_HOSTS)})

    def dated(self, today: date, oldest: date | None) -> list[Candidate]:
        """The addresses of a pattern, from today back to `oldest`, at most LOOKS_BACK days."""
        days = [today - timedelta(days=back) for back in range(LOOKS_BACK + 1)]
        return [Candidate(day, on_day(self.address, day)) for day in days if oldest is None or day >= oldest]


def name_pattern(register: NationalRegister) -> re.Pattern[str]:
    """The names that a file of this register may have."""
    return re.compile(
        STEM[register] + r"_(?P<day>\d{8})\.(?P<format>" + "|".join(FORMATS) + r")", re.ASCII | re.IGNORECASE
    )


def on_day(address: str, day: date) -> str:
    """The address with the day in the place of its braces."""
    return PLACE.sub(lambda found: day.strftime(PLACES[found[1]]), address)


def why_not_usable(address: str) -> str:
    """Why this address cannot be used, in English; "" when it can."""
    try:
        url = httpx.URL(on_day(address, FIRST_DAY))
    except httpx.InvalidURL:
        return "cannot be read"
    if url.scheme != "https" and url.host not in LOOPBACK:
        return "must be https"
    if "{" in address:
        name = PurePosixPath(url.path).name
        if re.search("[{}]", PLACE.sub("", address)) or day_in_name(name) != FIRST_DAY:
            return "needs the day in the file's name: {YYYYMMDD}, or {YYYY}, {MM} and {DD}"
        if PLACE.search(url.host) or url.host != httpx.URL(on_day(address, date(2020, 12, 31))).host:
            return "must not have the day in the host's name"
    return ""


def source_of(register: NationalRegister) -> RegisterAddress | None:
    """The source of this register; None when its setting is empty."""
    address = getattr(settings, SETTING[register])
    return RegisterAddress(register, address) if address else None


def configured() -> list[RegisterAddress]:
    """The registers that the portal refreshes by itself."""
    found = [source_of(register) for register in NationalRegister]
    return [source for source in found if source is not None]
