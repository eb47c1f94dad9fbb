"""Output on the terminal: results on standard output, messages and progress on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

_PROGRESS_FROM = 5
"""Fewer steps are done before a bar can be read."""


class _Rate(ProgressColumn):
    """A column with the changes per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f}/s" if task.speed else "")


@contextmanager
def progress_bar(total: int | None, quiet: bool, doing: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a progress bar, unless `quiet` or for a few steps only.

    Yields a function of the number of further steps and, if known by then, the total.
    """
    if quiet or (total is not None and total < _PROGRESS_FROM):
        yield lambda *_: None
        return
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), _Rate(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=total)

        def advance(count: int, total: int | None) -> None:
            progress.update(task, advance=count, total=total)

        yield advance


def print_text(text: str) -> None:
    """Print the text as it is, for programs."""
    print(text)  # noqa: T201 (the answer itself)


def print_markup(text: str) -> None:
    """Print rich's markup, with colours on a terminal."""
    Console(soft_wrap=True, highlight=False).print(text)


def print_error(message: str) -> None:
    """Print a message on standard error."""
    Console(stderr=True, soft_wrap=True, markup=False, highlight=False).print(message)
