import pytest

from portal.outbox.sending import delivery
from tests.races.world import RefusingLine
from tests.sessions.conftest import context

__all__ = ["context"]


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch, settings) -> None:
    monkeypatch.setattr(delivery, "SmtpLine", RefusingLine)
    settings.BOUNCE_DOMAIN = "rimbalzi.portale.example"
