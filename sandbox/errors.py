"""What can go wrong while the sandbox is brought up.

SandboxError
├── FetchError       what was downloaded is not what was pinned
├── StartError       a program did not become ready, or ended by itself; carries the last lines of its log
├── PortInUseError   an address is taken; names the variable that chooses another
├── MissingProgramError   a program of the system is not there; says how to get it
└── AlreadyRunningError   another demo uses the same data folder
"""

from __future__ import annotations

from pathlib import Path


class SandboxError(Exception):
    """The sandbox cannot go on; the message is meant for the person at the terminal."""


class FetchError(SandboxError):
    """A download is missing or is not, byte for byte, what the project pins."""


class StartError(SandboxError):
    """A program ended or did not become ready; the message ends with the last lines of its log."""

    def __init__(self, message: str, log: Path) -> None:
        super().__init__(f"{message}\nThe last lines of {log}:\n{last_lines(log)}")
        self.log = log


class PortInUseError(SandboxError):
    """A port is taken by another program."""

    def __init__(self, variable: str, port: int) -> None:
        super().__init__(f"port {port} is already in use: choose another one with {variable}=...")
        self.variable = variable
        self.port = port


class MissingProgramError(SandboxError):
    """A program that comes with the system is not installed."""

    def __init__(self, program: str, command: str) -> None:
        super().__init__(f"{program} is not installed; on Debian and Ubuntu: {command}")


class AlreadyRunningError(SandboxError):
    """A demo is running on the same data folder."""


def last_lines(log: Path, count: int = 25) -> str:
    """The end of a log file, indented for a message; says so when there is no file or nothing in it."""
    if not log.exists():
        return "    (there is no such file)"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    return "\n".join(f"    {line}" for line in lines) or "    (it is empty)"
