"""Hosts on the public internet: which names may be called, and the addresses that the DNS gives for them.

A caller resolves a name once and calls that very address, so that a second DNS answer cannot redirect the call (DNS rebinding).
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import dns.exception
import dns.resolver

Address = IPv4Address | IPv6Address
DNS_SECONDS = 3.0
NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{2,63}\.?")
RELAY_6TO4 = IPv4Network("192.88.99.0/24")  # anycast of abandoned relays (RFC 7526)
NAT64 = IPv6Network("64:ff9b::/96")  # maps all of IPv4, private networks included, into IPv6 (RFC 6052)


class NoSuchName(Exception):
    """The DNS knows no address for the name; `str()` is a sentence in Italian."""


def addresses_of(host: str) -> list[Address]:
    """The IP addresses of a name, from the DNS only (no hosts file). Raises NoSuchName, dns.exception.DNSException."""
    found: list[Address] = []
    silence: dns.exception.DNSException | None = None
    resolver = dns.resolver.Resolver()
    for kind in ("A", "AAAA"):
        try:
            answer = resolver.resolve(f"{host.rstrip('.')}.", kind, lifetime=DNS_SECONDS)
        except dns.resolver.NoAnswer:
            continue
        except dns.resolver.NXDOMAIN as error:
            raise NoSuchName(f"Il nome {host} non esiste") from error
        except dns.exception.DNSException as error:  # many servers do not answer AAAA queries
            silence = error
            continue
        found += [ip_address(record.to_text()) for record in answer]
    if not found and silence is not None:
        raise silence
    if not found:
        raise NoSuchName(f"Il nome {host} non corrisponde a nessun server")
    return found


def is_on_the_internet(address: Address) -> bool:
    """Whether the address is on the public internet: not private, not local, no IPv6 form that embeds an IPv4 address."""
    if isinstance(address, IPv6Address):
        if address in NAT64 or address.ipv4_mapped or address.sixtofour or address.teredo:
            return False
        if address.is_site_local:
            return False
    elif address in RELAY_6TO4:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def is_number(host: str) -> bool:
    """Whether the host is an IP address, also in the forms that C libraries accept (0x7f.1, 2130706433)."""
    try:
        ip_address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        return last.isdigit() or last.lower().startswith("0x")
    return True
