"""Draws the SVG pictures of the report: lines over the day, and columns."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 860, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 46, 40
BLUE, ORANGE, RED, GREY, INK = "#0066cc", "#cc7a00", "#cc334d", "#d9dadb", "#17324d"
Points = Sequence[tuple[float, float]]


def over_the_day(title: str, unit: str, series: Mapping[str, Points], hours: Sequence[int], begins: float) -> str:
    """Draws one line per series (label: list of (seconds since 1970, value)), with ticks at these hours after `begins`."""
    end = begins + hours[-1] * 3600
    most = _round_up(max((value for points in series.values() for _, value in points), default=1))

    def place(at: float, value: float) -> str:
        x = LEFT + (at - begins) / (end - begins) * (WIDTH - LEFT - RIGHT)
        y = HEIGHT - BOTTOM - min(value, most) / most * (HEIGHT - TOP - BOTTOM)
        return f"{x:.1f},{y:.1f}"

    drawn = []
    for number, (label, points) in enumerate(series.items()):
        colour = (BLUE, ORANGE, RED)[number % 3]
        path = " ".join(place(at, value) for at, value in points if begins <= at <= end)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x = WIDTH - RIGHT - 170 * (len(series) - number)
        drawn.append(f'<rect x="{x}" y="14" width="14" height="14" fill="{colour}"/>')
        drawn.append(f'<text x="{x + 20}" y="26" class="label">{escape(label)}</text>')
    ticks = [(float(place(begins + hour * 3600, 0).split(",")[0]), f"{(7 + hour) % 24}") for hour in hours]
    return _framed(title, unit, most, ticks, drawn)


def columns(title: str, unit: str, counts: Sequence[tuple[str, int]]) -> str:
    """Draws one column for each (label, count)."""
    most = _round_up(max((count for _, count in counts), default=1))
    step = (WIDTH - LEFT - RIGHT) / max(len(counts), 1)
    drawn, ticks = [], []
    for number, (label, count) in enumerate(counts):
        x, tall = LEFT + number * step, count / most * (HEIGHT - TOP - BOTTOM)
        drawn.append(
            f'<rect x="{x + step * 0.1:.1f}" y="{HEIGHT - BOTTOM - tall:.1f}" width="{step * 0.8:.1f}" height="{tall:.1f}" fill="{BLUE}"/>'
        )
        ticks.append((x + step / 2, label))
    return _framed(title, unit, most, ticks, drawn)


def _framed(title: str, unit: str, most: float, ticks: Sequence[tuple[float, str]], drawn: list[str]) -> str:
    lines = []
    for part in range(5):
        y = HEIGHT - BOTTOM - part / 4 * (HEIGHT - TOP - BOTTOM)
        lines.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GREY}"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_figure(most * part / 4)}</text>')
    lines += [
        f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{escape(text)}</text>' for x, text in ticks
    ]
    lines.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{escape(unit)}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}" '
        f'font-family="Titillium Web, sans-serif" font-size="12" fill="{INK}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        f'<text x="{LEFT}" y="27" font-size="16" font-weight="600">{escape(title)}</text>'
        + "".join(lines + drawn)
        + "</svg>\n"
    )


def _figure(value: float) -> str:
    """Formats a number like 10,000 or 2.5, without exponent and without trailing zeros."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _round_up(value: float) -> float:
    """Rounds up to 1, 2, 4, 10, 20, 40, 100 …, whose quarters are round too."""
    size = 1.0
    while True:
        for step in (1, 2, 4):
            if value <= size * step:
                return size * step
        size *= 10
