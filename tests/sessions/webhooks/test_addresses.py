"""Only addresses of the public internet are called."""

from ipaddress import ip_address

import pytest
from django.core.checks import run_checks

from sessions.webhooks.addresses import NameUnknown, PublicHttps, Target, UnsuitableAddress


class Names(PublicHttps):
    """The real rule, with the test's DNS answers."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = [ip_address(address) for address in addresses]

    def resolve(self, host: str):
        return self.addresses


PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]
PRIVATE = [
    "192.88.99.1",
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
    "255.255.255.255", "198.18.0.1", "192.0.2.1", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:93.184.216.34", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:53aa:64c::", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_called_by_its_number(address) -> None:
    target = Names(address).target("https://gestionale.example.it/avvisi?a=1")
    assert str(target.address) == address
    assert target.pinned.host == address
    assert target.pinned.raw_path == b"/avvisi?a=1"


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_stands_for_a_private_address_is_refused(address) -> None:
    with pytest.raises(UnsuitableAddress, match="rete privata"):
        Names(address).target("https://gestionale.example.it/")


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(UnsuitableAddress, match="rete privata"):
        Names(*PUBLIC, "10.0.0.1").target("https://gestionale.example.it/")


@pytest.mark.parametrize(
    "typed",
    [
        "http://gestionale.example.it/", "ftp://gestionale.example.it/", "gestionale.example.it", "", "https://",
        "https://anna:segreta@gestionale.example.it/", "https://gestionale.example.it/#qui",
        "https://gestionale.example.it:22/", "https://gestionale.example.it:0/", "https://localhost/", "https://gestionale/", "https://127.0.0.1/",
        "https://93.184.216.34/", "https://[::1]/", "https://2130706433/", "https://0x7f.1/", "https://127.1/",
        f"https://gestionale.example.it/{'a' * 500}", "https://exa mple.it/", "https://gestionale.example.it:99999/",
    ],
)  # fmt: skip
def test_what_is_not_a_public_https_name_is_refused_before_anybody_is_asked(typed) -> None:
    with pytest.raises(UnsuitableAddress):
        PublicHttps().read(typed)


def test_a_name_without_an_address_is_refused() -> None:
    class Nobody(PublicHttps):
        def resolve(self, host: str):
            raise NameUnknown(f"Il nome {host} non esiste")

    with pytest.raises(UnsuitableAddress, match="non esiste"):
        Nobody().target("https://gestionale.example.it/")


def test_an_accented_name_is_called_in_ascii() -> None:
    target: Target = Names(PUBLIC[0]).target("https://farmacìa.example.it/")
    assert target.url.raw_host == b"xn--farmaca-4ya.example.it"


def test_production_refuses_a_rule_that_is_not_the_public_one(settings) -> None:
    settings.DEMO = False
    settings.WEBHOOK_ADDRESSES = "tests.sessions.webhooks.conftest.ThisMachine"
    assert "sessions.E004" in {message.id for message in run_checks()}
    settings.WEBHOOK_ADDRESSES = "sessions.webhooks.addresses.PublicHttps"
    assert "sessions.E004" not in {message.id for message in run_checks()}


@pytest.mark.parametrize(
    "typed", ["https://xn--a", "https://xn--a.example.it/", "https://xn--\u00e8.it", "https://[", "https://a..b"]
)
def test_a_name_that_cannot_be_decoded_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(UnsuitableAddress):
        PublicHttps().read(typed)
