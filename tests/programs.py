"""Programs that some tests start and that a developer's machine may lack: nginx, Traefik, Envoy, PHP, Node.

Where one is missing its tests are skipped, with the command that installs it. With REQUIRE_PROGRAMS=1, which the continuous
integration sets, they run and fail.
"""

import os
from pathlib import Path

import pytest

# The packages of tests/clients, where `make clients` installs them.
NODE_MODULES = Path(__file__).resolve().parents[1] / os.environ.get("NODE_CLIENTS", ".venv-clients") / "node_modules"


def skipped_without(is_here: bool, reason: str) -> pytest.MarkDecorator:
    """The mark of tests that need a program; `reason` names it and says how to get it."""
    return pytest.mark.skipif(not is_here and os.environ.get("REQUIRE_PROGRAMS") != "1", reason=reason)
