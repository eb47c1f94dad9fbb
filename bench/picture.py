"""Lines over time as an SVG picture, with a title and a description for who does not see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 760, 240
LEFT, RIGHT, TOP, BOTTOM = 60, 170, 34, 30
MARKS = 4
STYLES = (("#0b5394", ""), ("#b45309", "8 3"), ("#166534", "2 3"), ("#7a1f5c", "10 3 2 3"))
"""Colour and dashes: the lines differ without the colour too."""


@dataclass(frozen=True)
class Line:
    """One value over time."""

    name: str
    at: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True)
class Panel:
    """Lines of one unit, from 0 up."""

    title: str
    lines: Sequence[Line]


def drawn(title: str, description: str, panels: Sequence[Panel]) -> str:
    """The panels one below the other."""
    height = HEIGHT * len(panels)
    parts = (part for number, panel in enumerate(panels) for part in _panel(panel, HEIGHT * number))
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
            ' aria-labelledby="title desc" font-family="sans-serif" font-size="12">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="desc">{escape(description)}</desc>',
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        )
    )


def _panel(panel: Panel, down: float) -> Iterator[str]:
    most = 1.1 * max((value for line in panel.lines for value in line.values), default=0) or 1.0
    last = max((at for line in panel.lines for at in line.at), default=0) or 1.0
    right, bottom = WIDTH - RIGHT, down + HEIGHT - BOTTOM
    yield f'<text x="{LEFT}" y="{down + 20:g}" font-weight="bold">{escape(panel.title)}</text>'
    for mark in range(MARKS + 1):
        y = bottom - (HEIGHT - TOP - BOTTOM) * mark / MARKS
        x = LEFT + (right - LEFT) * mark / MARKS
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#d0d0d0"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{most * mark / MARKS:.0f}</text>'
        yield f'<text x="{x:.1f}" y="{bottom + 18:g}" text-anchor="middle">{last * mark / MARKS:.1f} min</text>'
    for number, line in enumerate(panel.lines):
        colour, dashes = STYLES[number % len(STYLES)]
        points = " ".join(
            f"{LEFT + (right - LEFT) * at / last:.1f},{bottom - (HEIGHT - TOP - BOTTOM) * value / most:.1f}"
            for at, value in zip(line.at, line.values, strict=True)
        )
        stroke = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes or "none"}"'
        yield f'<polyline points="{points}" {stroke}/>'
        y = down + TOP + 18 * (number + 1)
        yield f'<polyline points="{right + 14},{y - 4:g} {right + 40},{y - 4:g}" {stroke}/>'
        yield f'<text x="{right + 46}" y="{y:g}">{escape(line.name)}</text>'
