import pytest

from tests.pharmacies.people.office_files import importing


@pytest.fixture
def read(tmp_path, san_marco):
    """Writes a file of offices about San Marco and imports it: `read(row(), day=1, name="offices.csv")`."""

    def reading(*rows, name="offices.csv", **options) -> tuple[str, str]:
        return importing(tmp_path / name, *rows, **options)

    return reading
