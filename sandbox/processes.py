"""Programs that end when this one ends, whatever ends it.

Every program runs under `watchdog.py`, in a process group of its own. The watchdog holds one end of a pipe; when
this process stops it, ends, or is killed with SIGKILL, the pipe closes and the whole group is ended: SIGTERM
first, SIGKILL after a while. Processes are only ever addressed by their id.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.errors import StartError

WATCHDOG = Path(__file__).with_name("watchdog.py")
GRACE_SECONDS = 8.0
"""Between SIGTERM and SIGKILL. With `MARGIN_SECONDS` it keeps a whole stop within 15 s."""
MARGIN_SECONDS = 4.0


class Child:
    """A program started by this one.

    It is running when the constructor returns, in a process group of its own, with its output appended to `log`.
    It ends when `stop()` is called, when this process ends, and when this process is killed.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self.name = name
        self.log = log
        self._grace = grace
        log.parent.mkdir(parents=True, exist_ok=True)
        life_read, self._life = os.pipe()
        report_read, report = os.pipe()
        arguments = [str(life_read), str(report), str(grace), *map(str, command)]
        with log.open("ab") as output:
            self._watchdog = subprocess.Popen(
                [sys.executable, "-I", "-S", str(WATCHDOG), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if environment is None else dict(environment),
                cwd=folder,
                pass_fds=(life_read, report),
                start_new_session=True,
            )
        os.close(life_read)
        os.close(report)
        with os.fdopen(report_read, encoding="ascii") as reported:
            line = reported.readline()
        if not line:
            self._watchdog.wait()
            raise StartError(f"{name} could not be started", log)
        self.pid = int(line)
        """The process id of the program itself, which is also the id of its group."""

    def poll(self) -> int | None:
        """The exit status (128 + n when signal n ended it), or None while it runs."""
        return self._watchdog.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the program to end by itself; raises `subprocess.TimeoutExpired`."""
        return self._watchdog.wait(timeout)

    def ask_to_stop(self) -> None:
        """Start ending the program and return at once."""
        if self._life >= 0:
            os.close(self._life)
            self._life = -1

    def stop(self) -> None:
        """End the program and what it started; nothing of it is left when this returns."""
        self.ask_to_stop()
        try:
            self._watchdog.wait(self._grace + MARGIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill()
        if self._watchdog.returncode < 0:  # somebody killed the watchdog: the group is ours to end
            self._kill()

    def _kill(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # the group is empty: what was wanted
        self._watchdog.kill()
        self._watchdog.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def stop_all(children: Iterable[Child]) -> None:
    """Stop several programs at the same time: as long as the slowest takes, not as long as all together."""
    children = list(children)
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop()


class Programs:
    """Programs that belong together and are ended together. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: list[Child] = []
        self._ended = False

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        grace: float = GRACE_SECONDS,
    ) -> Child:
        """Start one more; `StartError` when they have been ended meanwhile."""
        with self._lock:
            if self._ended:
                raise StartError(f"{name} was not started: the others have been ended", log)
            child = Child(name, command, log=log, environment=environment, folder=folder, grace=grace)
            self._children = [each for each in self._children if each.poll() is None] + [child]
        return child

    def run(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        timeout: float,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Run one to its end; `StartError` with the end of its log when it fails or takes too long."""
        with self.start(name, command, log=log, environment=environment, folder=folder) as child:
            try:
                status = child.wait(timeout)
            except subprocess.TimeoutExpired as error:
                raise StartError(f"{name} did not end within {timeout:g} s", log) from error
        if status != 0:
            raise StartError(f"{name} failed with status {status}", log)

    def end(self) -> None:
        """End all that run, at the same time, and start no more."""
        with self._lock:
            self._ended = True
            children = list(self._children)
        stop_all(children)
