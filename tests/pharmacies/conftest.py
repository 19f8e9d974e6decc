import pytest

from tests.pharmacies.register.register_files import TODAY, importing


@pytest.fixture
def import_rows(tmp_path):
    """Writes a register, imports it, returns (report, remarks)."""

    def imported(*rows: str, header: str = TODAY, encoding: str = "utf-8", end: str = "\r\n", **options):
        path = tmp_path / "register.csv"
        path.write_bytes((end.join([header, *rows]) + end).encode(encoding))
        return importing(path, **options)

    return imported
