from tests.sessions.conftest import context

__all__ = ["context"]
