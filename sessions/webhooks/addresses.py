"""Decides which addresses webhooks may call: public, https, by name. Resolves the name once and calls that very address, so
that a second DNS answer cannot redirect the call (DNS rebinding).

A plugin named in settings.WEBHOOK_ADDRESSES, so that tests may call this machine; production accepts PublicHttps only
(sessions/system_checks.py).
"""

from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from typing import ClassVar

import httpx
from django.conf import settings
from django.utils.module_loading import import_string

from portal.web import public_hosts
from portal.web.public_hosts import NAME, Address, NoSuchName, is_number

LONGEST = 500  # characters


class UnsuitableAddress(Exception):
    """The portal may not call the address; `str()` is the sentence for the person who typed it."""


class NameUnknown(UnsuitableAddress):
    """The DNS knows no address for the name."""


@dataclass(frozen=True)
class Target:
    """An allowed URL and the IP address that its name just resolved to."""

    url: httpx.URL
    address: Address

    @property
    def pinned(self) -> httpx.URL:
        """The URL with the IP address in place of the name, so that the connection resolves nothing again."""
        return self.url.copy_with(host=str(self.address))


class PublicHttps:
    """The production rule: https on port 443 or 8443, to a machine on the public internet."""

    schemes: ClassVar[frozenset[str]] = frozenset({"https"})
    ports: ClassVar[frozenset[int] | None] = frozenset({443, 8443})

    def read(self, typed: str) -> httpx.URL:
        """Parses and checks the typed URL without any lookup. Raises UnsuitableAddress."""
        try:
            url = httpx.URL(typed.strip())
            named = bool(url.host)  # decodes IDNA, and may raise: hence inside the try
        except (httpx.InvalidURL, UnicodeError) as error:
            raise UnsuitableAddress("L’indirizzo non si può leggere: deve cominciare con https://") from error
        if len(typed) > LONGEST:
            raise UnsuitableAddress(f"L’indirizzo è troppo lungo: al massimo {LONGEST} caratteri")
        if url.scheme not in self.schemes or not named:
            raise UnsuitableAddress("L’indirizzo deve cominciare con https://")
        if url.userinfo or url.fragment:
            raise UnsuitableAddress("L’indirizzo non può contenere utente e password, né il simbolo #")
        if self.ports is not None and (443 if url.port is None else url.port) not in self.ports:
            raise UnsuitableAddress("Si può usare solo la porta 443 oppure la 8443")
        self.check_host(url.raw_host.decode("ascii"))
        return url

    def check_host(self, host: str) -> None:
        """Raises UnsuitableAddress unless `host` is a full domain name (not a number, not a local name)."""
        if is_number(host) or not NAME.fullmatch(host):
            raise UnsuitableAddress(
                "Serve il nome pubblico del server, ad esempio https://gestionale.example.it/avvisi"
            )

    def resolve(self, host: str) -> list[Address]:
        """The IP addresses of a name, from the DNS only (no hosts file). Raises NameUnknown, dns.exception.DNSException."""
        try:
            return public_hosts.addresses_of(host)
        except NoSuchName as error:
            raise NameUnknown(str(error)) from error

    def allows(self, address: Address) -> bool:
        """Whether the address is on the public internet."""
        return public_hosts.is_on_the_internet(address)

    def target(self, typed: str) -> Target:
        """Checks and resolves the URL. Raises UnsuitableAddress, dns.exception.DNSException."""
        url = self.read(typed)
        host = url.raw_host.decode("ascii")
        addresses = self.resolve(host) if not is_number(host) else [ip_address(host)]
        # One private address is enough to refuse: among public ones it is an attack, not an accident.
        if not all(map(self.allows, addresses)):
            raise UnsuitableAddress("Il nome porta a una rete privata: serve un server raggiungibile da internet")
        return Target(url, addresses[0])


def rule() -> PublicHttps:
    """The rule that settings.WEBHOOK_ADDRESSES names."""
    found: PublicHttps = _rule(settings.WEBHOOK_ADDRESSES)
    return found


@cache
def _rule(name: str) -> PublicHttps:
    made: PublicHttps = import_string(name)()
    return made
