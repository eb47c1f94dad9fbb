"""A browser for the tests: found on this machine, or got for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from sandbox.errors import SandboxError

VARIABLE = "CHROMIUM"
PACKAGE = "chromium-headless-shell"
"""Debian's Chromium without windows: the same engine, in less than half the time of `chromium --headless`."""
NAMES = (
    PACKAGE,
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
PLACES = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
HELP = f"""The browser tests need Chromium, and none was found nor could be installed.
  Debian, Ubuntu:  sudo apt install chromium-headless-shell
  Fedora:          sudo dnf install chromium
  elsewhere:       install Chromium or Chrome, or name one with {VARIABLE}=/path/to/chromium
  without them:    make test-fast"""


def find() -> Path | None:
    """The browser that `CHROMIUM` names, else one of this machine, else one that Playwright fetched before."""
    if named := os.environ.get(VARIABLE):
        if found := shutil.which(named):
            return Path(found)
        raise SandboxError(f"{VARIABLE} names {named}, which is no program")
    on_path = (shutil.which(name) for name in NAMES)
    fetched = sorted(_playwright_folder().glob("chromium-*/*/chrome"))
    candidates = [*(Path(path) for path in on_path if path), *PLACES, *fetched]
    return next((path for path in candidates if path.is_file()), None)


def find_or_get() -> Path:
    """The browser; fetched with apt when this is root on Debian, else by Playwright; `SandboxError` in vain."""
    if found := find():
        return found
    for command in _ways():
        print(f"No browser found; trying: {' '.join(command)}", flush=True)
        subprocess.run(command, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        if found := find():
            return found
    raise SandboxError(HELP)


def _ways() -> list[list[str]]:
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=240"]
    debian = [[*apt, "update", "-qq"], [*apt, "install", "-y", "-qq", "--no-install-recommends", PACKAGE]]
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    return [*(debian if os.geteuid() == 0 and shutil.which("apt-get") else []), playwright]


def _playwright_folder() -> Path:
    if named := os.environ.get("PLAYWRIGHT_BROWSERS_PATH"):
        return Path(named)
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/ms-playwright"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ms-playwright"
