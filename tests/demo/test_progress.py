"""The start never leaves the terminal silent."""

from threading import Event

import pytest

from portal.demo.progress import still_at_work


def test_a_slow_step_says_that_it_is_at_work_until_it_ends():
    lines: list[str] = []
    two = Event()

    def say(line: str) -> None:
        lines.append(line)
        if len(lines) == 2:
            two.set()

    with still_at_work(say, every=0.01):
        assert two.wait(10)
    assert lines[0] == "  ancora al lavoro, 0 s"


def test_a_quick_step_says_nothing():
    lines: list[str] = []
    with still_at_work(lines.append, every=3600):
        pass
    assert lines == []


def test_a_step_that_fails_ends_the_lines():
    with pytest.raises(ValueError, match="no"), still_at_work(print, every=3600):
        raise ValueError("no")
