"""Keeps the last whole file of each register, and the last one that was not, so that an operator can import it again."""

import os
import shutil
from pathlib import Path

from django.conf import settings

from pharmacies.models import NationalRegister


def folder_of(register: NationalRegister, *, whole: bool) -> Path:
    """The folder that holds one file at most: `PORTAL_VAR/register/farmacie/whole`, or `not-whole` beside it."""
    return Path(settings.VAR_DIR) / "register" / register.value / ("whole" if whole else "not-whole")


def keep(path: Path, register: NationalRegister, *, whole: bool) -> Path:
    """Moves the file into its folder and removes the older files; a whole file also empties `not-whole`. Raises OSError."""
    folder = folder_of(register, whole=whole)
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / path.name
    arriving = folder / f".{path.name}"
    shutil.move(path, arriving)  # another file system copies: a killed copy must not have the name of a whole file
    os.replace(arriving, kept)
    others = [*folder.iterdir(), *(folder_of(register, whole=False).glob("*") if whole else ())]
    for other in others:
        if other != kept:
            other.unlink(missing_ok=True)
    return kept


def kept_file(register: NationalRegister) -> Path | None:
    """The whole file that this machine keeps; None when there is none."""
    found = [path for path in folder_of(register, whole=True).glob("*") if not path.name.startswith(".")]
    return found[0] if found else None
