"""A file that is created once: complete or absent."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.secrets import kept
from portal.secrets.kept import kept_once


def test_it_is_made_once_and_readable_by_its_owner_only(tmp_path):
    path = tmp_path / "folder" / "key"
    assert kept_once(path, lambda: b"first") == b"first"
    assert kept_once(path, lambda: b"second") == b"first"
    assert path.stat().st_mode & 0o077 == 0


def test_of_many_at_their_first_start_one_makes_it(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        read = list(pool.map(lambda number: kept_once(tmp_path / "key", lambda: b"%d" % number), range(16)))
    assert len(set(read)) == 1


@pytest.mark.parametrize("step", ["write", "fsync"])
def test_a_full_disk_leaves_no_file_and_the_next_start_makes_it(tmp_path, monkeypatch, step):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if step == "fsync":
        monkeypatch.setattr(kept.os, "fsync", full)
    else:
        monkeypatch.setattr(kept.os, "fdopen", full)
    with pytest.raises(OSError, match="No space left"):
        kept_once(tmp_path / "key", lambda: b"a key")
    assert [path.name for path in tmp_path.iterdir()] == [".key.lock"]
    monkeypatch.undo()
    assert kept_once(tmp_path / "key", lambda: b"a key") == b"a key"


def test_a_file_system_without_hard_links_will_do(tmp_path, monkeypatch):
    def no_links(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    assert kept_once(tmp_path / "key", lambda: b"a key") == b"a key"
