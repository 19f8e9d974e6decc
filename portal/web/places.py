"""Groups client addresses by customer line, for rate limits and anomalies: one IPv6 /64 is one place."""

from ipaddress import IPv6Address, ip_address

IPV6_LINE_BITS = 64  # the prefix of one customer's line; its devices choose the other bits themselves


def place_of(address: str) -> str:
    """The /64 network of an IPv6 address, the whole IPv4 address, or the text itself when it is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{int(parsed) >> (128 - IPV6_LINE_BITS):x}::/{IPV6_LINE_BITS}"
