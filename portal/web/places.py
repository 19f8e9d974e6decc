"""Where a request comes from, as far as it says who is there: two addresses of one IPv6 line are one place."""

from ipaddress import IPv6Address, ip_address

IPV6_LINE_BITS = 64  # one customer's line: its devices change the rest as they like


def place_of(address: str) -> str:
    """The network of an IPv6 line, the whole address otherwise; a text that is no address stands for itself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{int(parsed) >> (128 - IPV6_LINE_BITS):x}::/{IPV6_LINE_BITS}"
