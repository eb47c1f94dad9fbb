"""Shows a person what is going on: a moving display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn

from sandbox.distribution import Report


class Display(Protocol):
    """Where steps are shown. Steps may overlap and come from several threads."""

    def step(self, name: str) -> AbstractContextManager[Report]:
        """The step runs inside; the function it gives tells what is being done in it."""


class Lines:
    """One line when a step begins to take long or says something, one when it ends. For logs and tests."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    @contextmanager
    def step(self, name: str) -> Iterator[Report]:
        started = time.monotonic()
        yield lambda detail: self._say(f"  {name}: {detail}")
        self._say(f"  {name}: ready after {time.monotonic() - started:.1f} s")

    def _say(self, line: str) -> None:
        with self._lock:
            self._console.print(line, highlight=False, markup=False)


class Live:
    """A line per step with a moving sign, what is being done and its time; the lines stay when all is done."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description:<14}"),
            TextColumn("{task.elapsed:5.1f} s"),
            TextColumn("{task.fields[detail]}", style="dim", markup=False),
            console=console,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    @contextmanager
    def step(self, name: str) -> Iterator[Report]:
        task = self._progress.add_task(name, total=1, detail="")
        yield lambda detail: self._tell(task, detail)
        self._progress.update(task, completed=1, detail="")

    def _tell(self, task: TaskID, detail: str) -> None:
        self._progress.update(task, detail=detail)


def display(console: Console) -> Lines | Live:
    """The one that suits where the output goes."""
    return Live(console) if console.is_terminal else Lines(console)
