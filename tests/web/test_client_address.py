"""The network address of the client, behind one proxy or more."""

import pytest

from portal.web import client_address as addresses
from portal.web.client_address import client_address


@pytest.fixture(autouse=True)
def _behind_a_proxy(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    addresses._warn_of_proxies.cache_clear()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "found"),
    [
        (1, "203.0.113.5", "203.0.113.5"),
        (1, "forged, 203.0.113.5", "203.0.113.5"),
        (2, "203.0.113.5, 10.0.0.2", "203.0.113.5"),
        (2, "forged, 203.0.113.5, 10.0.0.2", "203.0.113.5"),
        (2, "203.0.113.5", "203.0.113.5"),
        (3, "203.0.113.5,10.0.0.2 , 10.0.0.3", "203.0.113.5"),
        (1, "", "10.0.0.9"),
        (2, " , ", "10.0.0.9"),
    ],
)
def test_the_address_is_the_one_that_the_outermost_proxy_saw(settings, proxies, forwarded, found):
    settings.CLIENT_PROXIES = proxies
    assert client_address({"HTTP_X_FORWARDED_FOR": forwarded, "REMOTE_ADDR": "10.0.0.9"}) == found


def test_fewer_addresses_than_proxies_are_one_warning(settings, caplog):
    settings.CLIENT_PROXIES = 2
    for _ in range(3):
        client_address({"HTTP_X_FORWARDED_FOR": "203.0.113.5"})
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "CLIENT_PROXIES" in caplog.text
