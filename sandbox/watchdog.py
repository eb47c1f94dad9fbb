"""Runs one program and ends it, with all that it started, when the process that asked for it is gone.

Started by `sandbox.processes` as a script of its own, never imported there:

    watchdog.py LIFE REPORT GRACE PROGRAM ARGUMENT...

LIFE is the read end of a pipe whose only write end is in the asking process. However that process ends, SIGKILL
included, the kernel closes its end and this end reads end-of-file. That works on every POSIX system, and covers
grandchildren, because the program leads a process group of its own and the whole group is ended. On Linux
descendants that left the group are found too, since they become the watchdog's own children.
REPORT is where the program's process id is written. GRACE is how many seconds the group has between SIGTERM and
SIGKILL.

Standard library only and few imports: it is started with every program and must cost next to nothing.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

POLL_SECONDS = 0.02
STRAGGLER_SECONDS = 1.0
SIGNALS_LEFT_TO_THE_ASKING_PROCESS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def main(arguments: list[str]) -> int:
    """Run the program until it ends or the asking process does; return the program's exit status."""
    life, report, grace = int(arguments[0]), int(arguments[1]), float(arguments[2])
    os.set_inheritable(life, False)
    os.set_inheritable(report, False)
    wake = _wake_on_child_end()
    for number in SIGNALS_LEFT_TO_THE_ASKING_PROCESS:
        signal.signal(number, signal.SIG_IGN)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    program = os.fork()
    if program == 0:
        _become(arguments[3:])
    os.write(report, f"{program}\n".encode())
    os.close(report)
    ended: dict[int, int] = {}
    while program not in ended:
        readable, _, _ = select.select([life, wake], [], [])
        if wake in readable:
            os.read(wake, 4096)
            _reap(ended)
        elif life in readable:
            _end_gently(program, grace, ended)
    _end_stragglers(program, ended)
    code = os.waitstatus_to_exitcode(ended[program])
    return code if code >= 0 else 128 - code


def _wake_on_child_end() -> int:
    """A file descriptor that becomes readable when a child ends."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return read


def _become(command: list[str]) -> None:
    """In the forked child: lead a group, die with the watchdog where the system can do that, run the program."""
    try:
        signal.set_wakeup_fd(-1)
        for number in SIGNALS_LEFT_TO_THE_ASKING_PROCESS:
            signal.signal(number, signal.SIG_DFL)
        os.setpgid(0, 0)
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.execvp(command[0], command)  # noqa: S606 - the command comes from our own code, without a shell
    except OSError as error:
        print(f"cannot run {command[0]}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(127)


def _end_gently(program: int, grace: float, ended: dict[int, int]) -> None:
    """SIGTERM to the group, SIGKILL when the program has not ended after `grace` seconds."""
    _signal_group(program, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline:
        _reap(ended)
        if program in ended:
            return
        time.sleep(POLL_SECONDS)
    _signal_group(program, signal.SIGKILL)
    ended[program] = os.waitpid(program, 0)[1]


def _end_stragglers(group: int, ended: dict[int, int]) -> None:
    """End what the program left behind: a short while to end by itself, then SIGKILL."""
    _signal_group(group, signal.SIGTERM)
    deadline = time.monotonic() + STRAGGLER_SECONDS
    while time.monotonic() < deadline:
        has_children = _reap(ended)
        if not has_children and not _signal_group(group, 0):
            return
        time.sleep(POLL_SECONDS)
    _signal_group(group, signal.SIGKILL)
    for escaped in _children():
        os.kill(escaped, signal.SIGKILL)


def _reap(ended: dict[int, int]) -> bool:
    """Note every child that has ended; False when there are no children any more."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if not pid:
            return True
        ended[pid] = status


def _children() -> list[int]:
    if sys.platform != "linux":
        return []
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as listed:
        return [int(pid) for pid in listed.read().split()]


def _signal_group(group: int, number: int) -> bool:
    """Signal the group; False when nobody is left in it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS says "not permitted" of a group of zombies
        return False
    return True


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
