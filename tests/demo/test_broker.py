"""The path of the embedded broker's socket."""

import tempfile
from pathlib import Path

import pytest

from portal.demo import broker


@pytest.mark.parametrize("name", ["a" * 120, "con spazi è accenti", "percento%20#?"])
def test_a_temporary_folder_that_no_socket_can_live_in_is_not_used(tmp_path, monkeypatch, name):
    long = tmp_path / name
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    folder = broker._private_folder(tmp_path)
    assert folder.parent == Path("/tmp")  # noqa: S108
    folder.rmdir()


def test_a_short_one_is(monkeypatch):
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        assert broker._private_folder(Path(short)).parent == Path(short)
