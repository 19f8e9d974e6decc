"""The chart «Scadenze nelle prossime 16 ore»: coordinates for an SVG that the server renders, without script or style."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.time.clock import italian_time

LEFT, TOP, BOTTOM = 34, 24, 34  # margins: for the scale, the highest figure, the hours


@dataclass(frozen=True)
class Bar:
    """One interval of time: the number of ids that expire in it, and its place in the drawing."""

    since: str  # 14:30, Italian time
    until: str
    count: int
    x: int
    y: int
    width: int
    height: int
    middle: int  # x of the figure above it
    soon: bool  # the interval that starts now
    labelled: bool  # its hour stands below it
    figure: bool  # its number stands above it


@dataclass(frozen=True)
class Chart:
    """A drawing of `width` by `height` units; `scale` holds the lines of the scale as (y, number)."""

    width: int
    height: int
    base: int
    bars: tuple[Bar, ...]
    scale: tuple[tuple[int, int], ...]

    @property
    def text_y(self) -> int:
        return self.base + 22

    @property
    def left(self) -> int:
        return LEFT

    @property
    def scale_x(self) -> int:
        return LEFT - 8


def draw(
    by_hour: Sequence[int], now: datetime, *, width: int, height: int, hours_a_bar: int, label_every: int
) -> Chart:
    """Draws bars of `hours_a_bar` hours from now on. Instants are UTC; only the labels are Italian time."""
    counts = [sum(by_hour[n : n + hours_a_bar]) for n in range(0, len(by_hour), hours_a_bar)]
    top = _round_top(max(counts, default=0))
    base, room = height - BOTTOM, height - BOTTOM - TOP
    slot = (width - LEFT) // max(len(counts), 1)
    peaks = sorted(set(counts), reverse=True)[:3]
    bars = []
    for n, count in enumerate(counts):
        since = now + timedelta(hours=n * hours_a_bar)
        tall = round(room * count / top)
        x = LEFT + n * slot + slot // 8
        bars.append(
            Bar(
                since=italian_time(since),
                until=italian_time(since + timedelta(hours=hours_a_bar)),
                count=count,
                x=x,
                y=base - tall,
                width=slot - slot // 4,
                height=tall,
                middle=x + (slot - slot // 4) // 2,
                soon=n == 0,
                labelled=n % label_every == 0,
                figure=count > 0 and (n == 0 or count in peaks),
            )
        )
    scale = tuple((base - round(room * n / top), n) for n in (0, top // 2, top))
    return Chart(width, height, base, tuple(bars), scale)


def _round_top(highest: int) -> int:
    """The end of the scale: a round, even number not below the highest bar."""
    magnitude = int(10 ** (len(str(highest)) - 1))
    steps = (2, 4, 6, 8, 10) if magnitude == 1 else (1, 2, 4, 6, 8, 10)
    return next(step * magnitude for step in steps if highest <= step * magnitude)
