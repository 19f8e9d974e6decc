"""The service on a real socket, and Anna's gestionale."""

from tests.conformance.conftest import certificate, gest, service_url  # noqa: F401  the same service and gestionale
