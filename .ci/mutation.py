"""What became of the mutants of `make mutation`: the share that the tests noticed, and each one they did not.

Exit status 1 below `ENOUGH`. Only a failing test counts as noticed: a mutant that never ends, or that no test
reaches, is listed like one that survived. The reasons of those known are in `docs/mutation.md`.
"""

import subprocess
import sys
from collections import Counter
from pathlib import Path

ENOUGH = 0.80
MUTMUT = Path(sys.executable).parent / "mutmut"


def main() -> int:
    """Print the figures and the survivors; whether they are enough."""
    results = [line.split(": ") for line in tell("results", "--all", "true").splitlines() if ": " in line]
    for name, status in results:
        if status != "killed":
            print(f"{status}: {name.strip()}")
            print("".join(f"    {line}\n" for line in difference(name.strip())))
    by_module = Counter((name.strip().partition(".x")[0], status == "killed") for name, status in results)
    for module in sorted({module for module, _ in by_module}):
        print(figure(module, by_module[module, True], by_module[module, False]))
    killed = sum(status == "killed" for _, status in results)
    print(figure("all", killed, len(results) - killed))
    return int(not results or killed < ENOUGH * len(results))


def tell(*arguments: str) -> str:
    """What mutmut says of the run."""
    return subprocess.run([MUTMUT, *arguments], capture_output=True, text=True, check=True).stdout  # noqa: S603


def difference(mutant: str) -> list[str]:
    """The lines that the mutant changes, before and after."""
    lines = tell("show", mutant).splitlines()
    return [line for line in lines if line.startswith(("-", "+")) and not line.startswith(("---", "+++"))]


def figure(name: str, killed: int, left: int) -> str:
    """A line of the sum."""
    return f"{name}: {killed} of {killed + left} killed, {killed / ((killed + left) or 1):.1%}"


if __name__ == "__main__":
    sys.exit(main())
