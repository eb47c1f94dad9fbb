"""What processes use, from /proc: processor time, memory, open files."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
BUSY = 0.9
"""Of the processor: above it, it is what limits."""


@dataclass(frozen=True)
class Usage:
    """One process: seconds of processor time so far, bytes in memory, open files."""

    processor: float
    memory: int
    handles: int


def of_group(leader: int) -> dict[int, Usage]:
    """Each process of a process group, by its id, the leader's first."""
    found = {}
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            fields = _fields(folder)
            if int(fields[2]) == leader:
                found[int(folder.name)] = _usage(folder, fields)
    return dict(sorted(found.items(), key=lambda each: (each[0] != leader, each[0])))


def of_process(pid: int) -> Usage:
    """One process alone."""
    folder = PROC / str(pid)
    return _usage(folder, _fields(folder))


def _fields(folder: Path) -> list[str]:
    """Of `stat`, from the third on: the second is a name that may hold anything."""
    return (folder / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()


def _usage(folder: Path, fields: list[str]) -> Usage:
    processor = (int(fields[11]) + int(fields[12])) / TICKS
    return Usage(processor, int(fields[21]) * PAGE, len(os.listdir(folder / "fd")))


@dataclass
class Shares:
    """How many cores each of several programs kept busy in a block, and everybody on the machine together."""

    cores: int = os.cpu_count() or 1
    programs: dict[str, float] = field(default_factory=dict)
    everybody: float = 0.0

    def __str__(self) -> str:
        named = [*self.programs.items(), ("others", max(0.0, self.everybody - sum(self.programs.values())))]
        return ", ".join(f"{name} {cores:.2f}" for name, cores in named)

    @property
    def limit(self) -> str:
        """What limits, as far as processor time tells."""
        if self.everybody < BUSY * self.cores:
            return f"not the processor: {1 - self.everybody / self.cores:.0%} idle"
        return f"the processor, {max(self.programs, key=lambda name: self.programs[name])} most of it"


@contextmanager
def shares(leaders: Mapping[str, int]) -> Iterator[Shares]:
    """What these programs (each a process group) and this process, the client, use in the block."""
    told = Shares()
    before, began = _so_far(leaders), time.perf_counter()
    busy = _busy()
    yield told
    took = time.perf_counter() - began
    told.everybody = (_busy() - busy) / took
    told.programs = {name: (now - before[name]) / took for name, now in _so_far(leaders).items()}


def _so_far(leaders: Mapping[str, int]) -> dict[str, float]:
    used = {name: sum(each.processor for each in of_group(pid).values()) for name, pid in leaders.items()}
    return used | {"client": of_process(os.getpid()).processor}


def _busy() -> float:
    """Seconds that the machine's cores have been busy: of `cpu` all but idle and waiting for a disk."""
    numbers = [int(number) for number in (PROC / "stat").read_text(encoding="ascii").split("\n")[0].split()[1:9]]
    return (sum(numbers) - numbers[3] - numbers[4]) / TICKS
