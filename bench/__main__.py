"""`make bench`: the figures of docs/benchmarks.md, each with its goal; `python -m bench start` for one part.

`make load` and `make soak` are parts too, which run only when they are named.
"""

import os
import platform
import sys

from bench import growth, imports, lists, load, night, on_postgres, portal, provisioner, realms, soak, start
from bench.figures import Figure, show

PARTS = {
    "portal": portal.measure,
    "lists": lists.measure,
    "lists-postgres": on_postgres.measure,
    "growth": growth.measure,
    "imports": imports.measure,
    "night": night.measure,
    "provisioner": provisioner.measure,
    "realms": realms.measure,
    "start": start.measure,
}
NAMED_ONLY = {"load": load.measure, "soak": soak.measure}


def main(wanted: list[str]) -> int:
    """Print what was asked for, everything by default; 1 when a figure misses its goal."""
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"load when it began: {os.getloadavg()[0]:.1f}")
    figures: list[Figure] = []
    for name in wanted or list(PARTS):
        found = (PARTS | NAMED_ONLY)[name]()
        show(found)
        figures += found
    return 0 if all(figure.is_met for figure in figures) else 1


sys.exit(main(sys.argv[1:]))
