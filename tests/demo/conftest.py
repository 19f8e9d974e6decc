"""The demonstration works alone with its database when it seeds: the order of its locks is nobody's concern."""

from collections.abc import Iterator

import pytest

from tests import lock_order


@pytest.fixture(autouse=True)
def lock_faults() -> Iterator[list[str]]:
    """As in tests/conftest.py, without what the seed does before anything else is started."""
    with lock_order.watched() as found:
        yield found
    assert sorted({fault for fault in found if "seed" not in fault}) == []
