"""The numbers of the chart «Scadenze nelle prossime 16 ore»."""

from datetime import UTC, datetime

import pytest

from sessions.staff.desk.chart import TOP, draw
from tests.sessions.staff.conftest import NOW


def test_the_hours_of_the_drawing_are_real_hours_on_the_night_the_clock_changes():
    now = datetime(2027, 3, 27, 22, 30, tzinfo=UTC)  # 23:30 in Italy; at 2:00 it becomes 3:00

    drawing = draw([0] * 16, now, width=690, height=210, hours_a_bar=1, label_every=3)

    assert [bar.since for bar in drawing.bars][:5] == ["23:30", "00:30", "01:30", "03:30", "04:30"]


@pytest.mark.parametrize("highest", [0, 1, 2, 3, 9, 10, 11, 31, 99, 100, 101, 20_000])
def test_the_highest_bar_stays_inside_the_drawing_and_under_the_scale(highest):
    drawing = draw([highest] + [0] * 15, NOW, width=690, height=210, hours_a_bar=1, label_every=3)

    bar = drawing.bars[0]
    assert bar.y >= TOP
    assert bar.y + bar.height == drawing.base
    assert drawing.scale[-1][1] >= highest
    assert bar.figure == (highest > 0)


def test_no_bar_leaves_the_drawing_on_the_right():
    for width, hours in ((690, 1), (330, 2)):
        drawing = draw([5] * 16, NOW, width=width, height=210, hours_a_bar=hours, label_every=2)

        assert max(bar.x + bar.width for bar in drawing.bars) <= width


def test_a_wider_bar_counts_all_its_hours():
    drawing = draw(list(range(16)), NOW, width=330, height=210, hours_a_bar=2, label_every=2)

    assert [bar.count for bar in drawing.bars] == [1, 5, 9, 13, 17, 21, 25, 29]
