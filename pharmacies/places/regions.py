"""The regions, as Sistema TS writes them."""

from functools import cache
from pathlib import Path


@cache
def regions() -> dict[str, str]:
    """Returns the regions as Sistema TS writes them: three-digit code to name."""
    lines = (Path(__file__).parent / "data" / "regions.csv").read_text(encoding="utf-8").splitlines()
    return dict(line.split(";") for line in lines)
