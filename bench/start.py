"""How long `make demo` takes from a clean checkout, with nothing of it on the machine yet, and the second time."""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, at_most
from sandbox.ports import Ports

ROOT = Path(__file__).parent.parent
PATIENCE = 900.0


def measure() -> list[Figure]:
    """Clone, `make demo` until `var/demo.json` is there, stop; and once more. Downloads everything anew."""
    with tempfile.TemporaryDirectory(prefix="attache-bench-", ignore_cleanup_errors=True) as folder:
        checkout = Path(folder) / "attache"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
        ports = {name.upper(): str(port) for name, port in vars(Ports.free()).items()}
        environment = {**os.environ, **ports, "XDG_CACHE_HOME": str(Path(folder) / "cache")}
        first, _ = _demo(checkout, environment)
        second, stop = _demo(checkout, environment)
    return [
        Figure("make demo, first time ever (downloads included)", f"{first:.0f} s"),
        at_most("make demo, second time", second, 25, "s", 1),
        at_most("end of make demo after Ctrl-C", stop, 15, "s", 1),
    ]


def _demo(checkout: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds until ready, and seconds to end."""
    began = time.monotonic()
    demo = subprocess.Popen(
        ["make", "demo"], cwd=checkout, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    ready = checkout / "var" / "demo.json"
    while not ready.exists():
        if demo.poll() is not None or time.monotonic() - began > PATIENCE:
            raise RuntimeError(f"make demo did not get ready (status {demo.poll()})")
        time.sleep(0.05)
    took = time.monotonic() - began
    began = time.monotonic()
    os.killpg(demo.pid, signal.SIGINT)
    demo.wait(60)
    return took, time.monotonic() - began
