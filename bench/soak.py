"""`make soak`: five list requests a second for half an hour; do memory and open files stay flat?

`SOAK_MINUTES` (30) and `SOAK_RATE` (5). Every ten seconds the memory and the open files of each process are noted:
printed as a table, drawn into `build/soak.svg`. Flat is a process whose median in the last third is at most a
tenth above that of the middle third; the first third is the warming up.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, at_most, exactly
from bench.load import administrators
from bench.picture import Line, Panel, drawn
from bench.portal import PASSWORD
from bench.traffic import Visits, errors, kinds, paced, percentile, session_of
from bench.usage import Usage, of_group
from sandbox.ports import Ports
from sandbox.stack import Stack

PICTURE = Path(__file__).parent.parent / "build" / "soak.svg"
EVERY_SECONDS = 10.0
GROWTH = 1.1
MEGABYTE = 1024 * 1024
ROWS = 30
"""Lines of the printed table at most; the picture has every sample."""


@dataclass(frozen=True)
class Sample:
    """Every process at one moment, seconds from the beginning."""

    at: float
    used: Mapping[str, Usage]


def measure() -> list[Figure]:
    """The soak on a stack of its own."""
    minutes = float(os.environ.get("SOAK_MINUTES") or 30)
    rate = float(os.environ.get("SOAK_RATE") or 5)
    with tempfile.TemporaryDirectory(prefix="attache-bench-", ignore_cleanup_errors=True) as folder:
        with Stack(Path(folder), Ports.free(), with_service=False) as stack:
            cookies = [session_of(stack.portal_url, email, PASSWORD) for email in administrators(stack)]
            return list(soak(stack, cookies, rate, minutes * 60, PICTURE))


def soak(
    stack: Stack, cookies: Sequence[str], rate: float, seconds: float, picture: Path, every: float = EVERY_SECONDS
) -> Iterator[Figure]:
    """List requests at that pace for so long, with a sample of each process every so many seconds."""
    over = threading.Event()
    with Visits(f"{stack.portal_url}/users", cookies) as visits, ThreadPoolExecutor(1) as beside:
        sampling = beside.submit(_sampled, stack, over, every)
        try:
            answers = paced(visits, rate, seconds)
        finally:
            over.set()
        samples = sampling.result()
    print(table(samples), flush=True)
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_text(pictured(samples), encoding="utf-8")
    name = f"soak, {rate:g} requests/s for {seconds / 60:g} min"
    yield exactly(f"{name}: errors of {len(answers)}", len(errors(answers)), 0)
    yield Figure(f"{name}: statuses", kinds(answers))
    yield Figure(f"{name}: p95", f"{percentile(answers, 0.95) * 1000:.0f} ms")
    yield from flatness(samples)


def flatness(samples: Sequence[Sample]) -> Iterator[Figure]:
    """For each process that was there to the end: last third / middle third, of memory and of open files."""
    third = len(samples) // 3
    middle, last = samples[third : 2 * third], samples[2 * third :]
    for name in last[-1].used:
        for what, values in (("memory", _memory), ("open files", _handles)):
            growth = statistics.median(values(last, name)) / statistics.median(values(middle, name))
            yield at_most(f"{name}: {what}, last third / middle third", growth, GROWTH, digits=2)


def table(samples: Sequence[Sample]) -> str:
    """One line a moment, for each process its megabytes and its open files."""
    names = list(samples[-1].used)
    lines = ["seconds  " + "  ".join(f"{name + ', MB, files':>28}" for name in names)]
    for sample in samples[:: max(1, len(samples) // ROWS)]:
        cells = (
            f"{used.memory / MEGABYTE:19.1f} {used.handles:8}" if (used := sample.used.get(name)) else f"{'–':>28}"
            for name in names
        )
        lines.append(f"{sample.at:7.0f}  " + "  ".join(cells))
    return "\n".join(lines)


def pictured(samples: Sequence[Sample]) -> str:
    """The same as a picture: memory above, open files below."""
    names = list(samples[-1].used)
    minutes = {name: [sample.at / 60 for sample in samples if name in sample.used] for name in names}
    memory = [Line(name, minutes[name], [v / MEGABYTE for v in _memory(samples, name)]) for name in names]
    handles = [Line(name, minutes[name], _handles(samples, name)) for name in names]
    words = "; ".join(
        f"{name}: {one.values[0]:.0f} MB and {two.values[0]:.0f} files first, "
        f"{one.values[-1]:.0f} MB and {two.values[-1]:.0f} files last"
        for name, one, two in zip(names, memory, handles, strict=True)
    )
    panels = [Panel("Memory, MB", memory), Panel("Open files", handles)]
    return drawn("Memory and open files of each process", f"By minutes. {words}.", panels)


def _sampled(stack: Stack, over: threading.Event, every: float) -> list[Sample]:
    began = time.perf_counter()
    samples = []
    while True:
        samples.append(Sample(time.perf_counter() - began, _used(stack)))
        if over.wait(every):
            return samples


def _used(stack: Stack) -> dict[str, Usage]:
    found = {}
    for name, leader in stack.pids.items():
        for number, used in enumerate(of_group(leader).values()):
            found[name if number == 0 else f"{name}, worker {number}"] = used
    return found


def _memory(samples: Sequence[Sample], name: str) -> list[float]:
    return [float(sample.used[name].memory) for sample in samples if name in sample.used]


def _handles(samples: Sequence[Sample], name: str) -> list[float]:
    return [float(sample.used[name].handles) for sample in samples if name in sample.used]
