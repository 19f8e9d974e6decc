"""Which addresses may be called: public, https, by name. Whoever answers the name is asked for once, and that answer is used.

A plugin named in settings.WEBHOOK_ADDRESSES, so that tests may call this machine; production refuses any other
(sessions/system_checks.py).
"""

import re
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import ClassVar

import dns.exception
import dns.resolver
import httpx
from django.conf import settings
from django.utils.module_loading import import_string

Address = IPv4Address | IPv6Address
LONGEST = 500  # characters
DNS_SECONDS = 3.0
NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{2,63}\.?")
NAT64 = IPv6Network("64:ff9b::/96")  # the world of IPv4, private parts included, in IPv6 (RFC 6052)


class UnsuitableAddress(Exception):
    """The address may not be called; `str()` is the sentence for the person who wrote it."""


class NameUnknown(UnsuitableAddress):
    """The DNS knows no address for the name."""


@dataclass(frozen=True)
class Target:
    """An address that may be called, and the machine that its name stood for a moment ago."""

    url: httpx.URL
    address: Address

    @property
    def pinned(self) -> httpx.URL:
        """The same address with the number of the machine instead of its name: nobody can answer otherwise meanwhile."""
        return self.url.copy_with(host=str(self.address))


class PublicHttps:
    """Production: https on 443 or 8443, to a machine that anybody on the internet could call."""

    schemes: ClassVar[frozenset[str]] = frozenset({"https"})
    ports: ClassVar[frozenset[int] | None] = frozenset({443, 8443})

    def read(self, typed: str) -> httpx.URL:
        """What was typed, as an address. Raises UnsuitableAddress. Asks nobody."""
        try:
            url = httpx.URL(typed.strip())
            named = bool(url.host)  # read here: it decodes IDNA, and raises
        except (httpx.InvalidURL, UnicodeError) as error:
            raise UnsuitableAddress("L’indirizzo non si può leggere: deve cominciare con https://") from error
        if len(typed) > LONGEST:
            raise UnsuitableAddress(f"L’indirizzo è troppo lungo: al massimo {LONGEST} caratteri")
        if url.scheme not in self.schemes or not named:
            raise UnsuitableAddress("L’indirizzo deve cominciare con https://")
        if url.userinfo or url.fragment:
            raise UnsuitableAddress("L’indirizzo non può contenere utente e password, né il simbolo #")
        if self.ports is not None and (url.port or 443) not in self.ports:
            raise UnsuitableAddress("Si può usare solo la porta 443 oppure la 8443")
        self.check_host(url.raw_host.decode("ascii"))
        return url

    def check_host(self, host: str) -> None:
        """Raises UnsuitableAddress for what is not the name of a machine on the internet."""
        if is_number(host) or not NAME.fullmatch(host):
            raise UnsuitableAddress(
                "Serve il nome pubblico del server, ad esempio https://gestionale.example.it/avvisi"
            )

    def resolve(self, host: str) -> list[Address]:
        """The addresses of a name, by the DNS alone. Raises NameUnknown, dns.exception.DNSException."""
        found: list[Address] = []
        silence: dns.exception.DNSException | None = None
        resolver = dns.resolver.Resolver()
        for kind in ("A", "AAAA"):
            try:
                answer = resolver.resolve(f"{host.rstrip('.')}.", kind, lifetime=DNS_SECONDS)
            except dns.resolver.NoAnswer:
                continue
            except dns.resolver.NXDOMAIN as error:
                raise NameUnknown(f"Il nome {host} non esiste") from error
            except dns.exception.DNSException as error:  # many servers never learnt to answer about AAAA
                silence = error
                continue
            found += [ip_address(record.to_text()) for record in answer]
        if not found and silence is not None:
            raise silence
        if not found:
            raise NameUnknown(f"Il nome {host} non corrisponde a nessun server")
        return found

    def allows(self, address: Address) -> bool:
        """Only the public internet: not this machine, nor its neighbours, nor what hides them behind another number."""
        if isinstance(address, IPv6Address):
            if address in NAT64 or address.ipv4_mapped or address.sixtofour or address.teredo:
                return False
            if address.is_site_local:
                return False
        return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)

    def target(self, typed: str) -> Target:
        """Where the call really goes. Raises UnsuitableAddress, dns.exception.DNSException."""
        url = self.read(typed)
        host = url.raw_host.decode("ascii")
        addresses = self.resolve(host) if not is_number(host) else [ip_address(host)]
        if not all(map(self.allows, addresses)):  # one private answer among public ones is an attempt, not an accident
            raise UnsuitableAddress("Il nome porta a una rete privata: serve un server raggiungibile da internet")
        return Target(url, addresses[0])


def is_number(host: str) -> bool:
    """127.0.0.1 and ::1, and the other ways in which C libraries write them (0x7f.1, 2130706433)."""
    try:
        ip_address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        return last.isdigit() or last.lower().startswith("0x")
    return True


def rule() -> PublicHttps:
    """The rule named in the settings."""
    found: PublicHttps = _rule(settings.WEBHOOK_ADDRESSES)
    return found


@cache
def _rule(name: str) -> PublicHttps:
    made: PublicHttps = import_string(name)()
    return made
