"""One import of the register at a time: a second one says so and changes nothing."""

import threading

import pytest
from django.core.management import CommandError

from pharmacies.files.lock import Import, ImportUnderWay, alone_with
from pharmacies.models import Pharmacy, RegisterChange
from pharmacies.register import closing
from tests.parallel import in_its_own_connection, in_parallel
from tests.pharmacies.register.register_files import PARAFARMACIE, TODAY, importing, parafarmacia, row


@pytest.fixture
def held(transactional_db):
    """Another program is importing, from before the test to its end."""
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with alone_with(Import.REGISTER):
            taken.set()
            done.wait(20)

    thread = threading.Thread(target=in_its_own_connection, args=[hold])
    thread.start()
    assert taken.wait(20)
    yield
    done.set()
    thread.join()


def register(tmp_path, name: str) -> object:
    path = tmp_path / "register.csv"
    path.write_text("\n".join([TODAY, *(row(str(code), name) for code in range(1, 300))]) + "\n", encoding="utf-8")
    return path


def test_a_second_import_says_that_one_is_running_and_changes_nothing(held, tmp_path):
    with pytest.raises(CommandError, match="Another import of the same kind is running") as refused:
        importing(register(tmp_path, "San Marco"))
    assert refused.value.returncode == 4


def test_a_file_of_the_other_register_waits_for_its_turn_too(held, tmp_path):
    path = tmp_path / "FRM_PFARMA_7_20261123.csv"
    path.write_text(f"{PARAFARMACIE}\n{parafarmacia()}\n", encoding="utf-8")
    with pytest.raises(CommandError, match="Another import of the same kind is running") as refused:
        importing(path)
    assert refused.value.returncode == 4
    assert not Pharmacy.objects.exists()


def test_a_closing_cannot_be_confirmed_while_an_import_runs(held):
    with pytest.raises(ImportUnderWay):
        closing.confirm([1], None, "prova", None)


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_file_at_once_write_its_history_once(tmp_path):
    importing(register(tmp_path, "San Marco"))
    path = register(tmp_path, "Al Redentore")

    def run() -> int:
        try:
            importing(path)
        except CommandError as refused:
            return refused.returncode
        return 0

    assert set(in_parallel([run] * 3)) <= {0, 4}
    assert Pharmacy.objects.filter(name="Al Redentore").count() == 299
    assert RegisterChange.objects.count() == 299
