"""Files of offices that are refused whole, and a second import at the same time."""

import pytest
from django.core.management import CommandError

from tests.parallel import in_its_own_connection
from tests.pharmacies.people.office_files import row

pytestmark = pytest.mark.django_db


def test_a_second_import_at_the_same_time_changes_nothing(transactional_db, read) -> None:
    from threading import Event, Thread

    from pharmacies.files.lock import Import, alone_with

    taken, done = Event(), Event()

    def hold() -> None:
        with alone_with(Import.OFFICES):
            taken.set()
            done.wait(20)

    thread = Thread(target=in_its_own_connection, args=[hold])
    thread.start()
    assert taken.wait(20)
    try:
        with pytest.raises(CommandError, match="Another import") as refused:
            read(row())
        assert refused.value.returncode == 4
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize(
    ("rows", "reason"),
    [([], "holds no row"), ([row("x")], "The first row: line 2"), ([row(code="1")], "unknown pharmacy 1")],
)
def test_a_file_without_a_good_row_imports_nothing(rows, reason, read) -> None:
    with pytest.raises(CommandError, match=reason) as refused:
        read(*rows)
    assert refused.value.returncode == 1


def test_another_file_is_refused_by_its_header(read) -> None:
    with pytest.raises(
        CommandError, match=r"Missing columns in the first line: codice_fiscale, ruolo, dal\."
    ) as refused:
        read(header="cod_farmacia;descrizione")
    assert refused.value.returncode == 1


def test_a_file_that_is_not_there_is_said(tmp_path, db) -> None:
    from django.core.management import call_command

    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_offices", str(tmp_path / "none.csv"), verbosity=0)
