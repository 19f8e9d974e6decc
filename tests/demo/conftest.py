"""No lock-order check here: the demonstration seeds its database before any other process starts."""

from collections.abc import Iterator

import pytest

from tests import lock_order
from tests.outbox.conftest import sink  # noqa: F401  a fixture
from tests.sessions.conftest import context  # noqa: F401  a fixture


@pytest.fixture(autouse=True)
def lock_faults() -> Iterator[list[str]]:
    """As in tests/conftest.py, but ignores the seed's locks: it runs before any other process starts."""
    with lock_order.watched() as found:
        yield found
    assert sorted({fault for fault in found if "seed" not in fault}) == []
