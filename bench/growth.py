"""How the list of fifty and a look-up grow with the realm: companies from 10 to 4,000, people from 100 to 50,000.

Prints the medians and draws them into `docs/benchmarks-growth.svg`; about nine minutes, most of them to fill the
realm.
"""

import math
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flask.testing import FlaskClient

from bench.figures import Figure, at_most
from bench.lists import PLAIN, WARM_UP, Loader, look, settled, timed
from bench.portal import csrf_token, signed_in
from sandbox.ports import Ports
from sandbox.stack import Stack

STEPS = ((10, 100), (100, 1_000), (1_000, 10_000), (4_000, 50_000))
"""Companies and people of the realm, besides the demo's."""
ROUNDS = 30
FEW = 10
"""Look-ups before one counts."""
PICTURE = Path(__file__).parent.parent / "docs" / "benchmarks-growth.svg"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 320, 64, 96, 24, 56


@dataclass(frozen=True)
class Point:
    """Medians in milliseconds at one size of the realm."""

    companies: int
    people: int
    listed: float
    looked_up: float


def measure() -> list[Figure]:
    """Return the figures and write the picture."""
    with tempfile.TemporaryDirectory(prefix="attache-bench-", ignore_cleanup_errors=True) as folder:
        with Stack(Path(folder), Ports.free(), with_portal=False, with_service=False) as stack:
            points = list(_points(stack))
    PICTURE.write_text(drawn(points), encoding="utf-8")
    return list(_figures(points))


def _figures(points: Sequence[Point]) -> Iterator[Figure]:
    for point in points:
        name = f"{point.companies:,} companies, {point.people:,} people"
        yield Figure(f"{name}: list of {PLAIN}; look-up", f"{point.listed:.0f}; {point.looked_up:.0f} ms")
    yield at_most("list, largest / smallest realm", points[-1].listed / points[0].listed, 1.5, digits=2)
    yield at_most("look-up, largest / smallest realm", points[-1].looked_up / points[0].looked_up, 1.5, digits=2)


def _points(stack: Stack) -> Iterator[Point]:
    loader = Loader(stack)
    had = (0, 0)
    for companies, people in STEPS:
        name = f"plain{companies}"  # each with an administrator of its own, who has not used up any quota
        loader.company(name, PLAIN)
        more = companies - had[0] - 1
        loader.strangers(f"step-{companies}", more, (people - had[1] - PLAIN) // more)
        had = (companies, people)
        client = signed_in(stack, loader.administrator(name))
        settled(client)
        yield Point(companies, people, _median(client, "/users"), _looked_up(client, name))


def _median(client: FlaskClient, path: str) -> float:
    looks = [look(client, path) for _ in range(WARM_UP + ROUNDS)][WARM_UP:]
    return statistics.median(each.took for each in looks) * 1000


def _looked_up(client: FlaskClient, name: str) -> float:
    """The median of a few look-ups: an administrator may make so many in an hour."""
    form = {"email": f"personne7@{name}-0.example", "csrf_token": csrf_token(client)}
    looks = [timed(lambda: client.post("/users/new", data=form)) for _ in range(FEW + ROUNDS)][FEW:]
    return statistics.median(each.took for each in looks) * 1000


def drawn(points: Sequence[Point]) -> str:
    """Return the picture as SVG: people to the right, in powers of ten, milliseconds upwards from zero."""
    most = max(max(point.listed, point.looked_up) for point in points)
    top = math.ceil(most / 50) * 50
    first, last = math.log10(points[0].people), math.log10(points[-1].people)

    def x(point: Point) -> float:
        return LEFT + (math.log10(point.people) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    def line(name: str, values: Sequence[float], colour: str) -> str:
        places = [(x(point), y(value)) for point, value in zip(points, values, strict=True)]
        path = " ".join(f"{across:.0f},{down:.0f}" for across, down in places)
        dots = "".join(
            f'<circle cx="{across:.0f}" cy="{down:.0f}" r="3" fill="{colour}"/>' for across, down in places
        )
        label = f'<text x="{places[-1][0] + 8:.0f}" y="{places[-1][1] + 4:.0f}" fill="{colour}">{name}</text>'
        return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}{label}'

    grid = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.0f}" y2="{y(value):.0f}" stroke="#d5dcdf"/>'
        f'<text x="{LEFT - 8}" y="{y(value) + 4:.0f}" text-anchor="end">{value} ms</text>'
        for value in range(0, top + 1, 50)
    )
    sizes = "".join(
        f'<text x="{x(point):.0f}" y="{HEIGHT - BOTTOM + below}" text-anchor="middle">{words}</text>'
        for point in points
        for below, words in ((20, f"{point.people:,} people"), (38, f"{point.companies:,} companies"))
    )
    told = "; ".join(
        f"{point.people:,} people in {point.companies:,} companies: list {point.listed:.0f} ms, "
        f"look-up {point.looked_up:.0f} ms"
        for point in points
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="12" fill="#21313a">\n'
        f"<title>A list of {PLAIN} people and a look-up, as the realm grows</title>\n<desc>{told}</desc>\n"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n{grid}\n{sizes}\n'
        f"{line('list', [point.listed for point in points], '#0b5c66')}\n"
        f"{line('look-up', [point.looked_up for point in points], '#9a5b00')}\n</svg>\n"
    )
