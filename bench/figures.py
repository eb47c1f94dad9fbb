"""A measured figure and its goal."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured; `goal` says what it should be, `is_met` whether it is (true where there is none)."""

    name: str
    value: str
    goal: str = ""
    is_met: bool = True


def at_most(name: str, value: float, limit: float, unit: str = "", digits: int = 0) -> Figure:
    """A figure that should not be above its limit."""
    space = " " if unit else ""
    text = f"{value:.{digits}f}{space}{unit}"
    return Figure(name, text, f"≤ {limit:g}{space}{unit}", value <= limit)


def exactly(name: str, value: object, wanted: object, unit: str = "") -> Figure:
    """A figure that has one right value."""
    space = " " if unit else ""
    return Figure(name, f"{value}{space}{unit}", f"{wanted}{space}{unit}", value == wanted)


def show(figures: Iterable[Figure]) -> None:
    """One line a figure."""
    for figure in figures:
        verdict = "" if not figure.goal else "  met" if figure.is_met else "  MISSED"
        goal = f"  (goal {figure.goal})" if figure.goal else ""
        print(f"{figure.name:<62} {figure.value:>12}{goal}{verdict}", flush=True)
