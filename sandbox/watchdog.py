"""Runs one program and ends it, with all that it started, when the process that asked for it is gone.

Started by `sandbox.processes` as a script of its own, never imported there:

    watchdog.py LIFE REPORT GRACE PROGRAM ARGUMENT...

LIFE is the read end of a pipe whose only write end is in the asking process. However that process ends, SIGKILL
included, the kernel closes its end and this end reads end-of-file. That works on every POSIX system, and covers
grandchildren, because the program leads a process group of its own and the whole group is ended.
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

POLL_SECONDS = 0.05
STRAGGLER_SECONDS = 1.0
SIGNALS_LEFT_TO_THE_ASKING_PROCESS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """Run the program until it ends or the asking process does; return the program's exit status."""
    life, report, grace = int(arguments[0]), int(arguments[1]), float(arguments[2])
    command = arguments[3:]
    os.set_inheritable(life, False)
    os.set_inheritable(report, False)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in SIGNALS_LEFT_TO_THE_ASKING_PROCESS:
        signal.signal(number, signal.SIG_IGN)
    program = os.fork()
    if program == 0:
        _become(command)
    os.write(report, f"{program}\n".encode())
    os.close(report)
    status = _wait(program, life, wake_read)
    if status is None:
        _signal_group(program, signal.SIGTERM)
        status = _wait_until(program, time.monotonic() + grace)
    _end_stragglers(program, STRAGGLER_SECONDS if status is not None else 0)
    if status is None:
        status = os.waitpid(program, 0)[1]
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _become(command: list[str]) -> None:
    """In the forked child: lead a group, die with the watchdog where the system can do that, run the program."""
    try:
        for number in SIGNALS_LEFT_TO_THE_ASKING_PROCESS:
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        os.setpgid(0, 0)
        if sys.platform == "linux":
            import ctypes

            pr_set_pdeathsig = 1
            ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)
        os.execvp(command[0], command)  # noqa: S606 - the command comes from our own code, without a shell
    except OSError as error:
        print(f"cannot run {command[0]}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(127)


def _wait(program: int, life: int, wake: int) -> int | None:
    """The program's wait status, or None as soon as the asking process is gone."""
    while True:
        readable, _, _ = select.select([life, wake], [], [])
        if wake in readable:
            os.read(wake, 4096)
        done, status = os.waitpid(program, os.WNOHANG)
        if done:
            return status
        if life in readable:
            return None


def _wait_until(program: int, deadline: float) -> int | None:
    while time.monotonic() < deadline:
        done, status = os.waitpid(program, os.WNOHANG)
        if done:
            return status
        time.sleep(POLL_SECONDS)
    return None


def _end_stragglers(group: int, patience: float) -> None:
    """Kill what is left of the group, after a short while for it to end by itself."""
    _signal_group(group, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and _signal_group(group, 0):
        time.sleep(POLL_SECONDS)
    _signal_group(group, signal.SIGKILL)


def _signal_group(group: int, number: int) -> bool:
    """Signal the group; False when nobody is left in it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS says "not permitted" of a group of zombies
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
