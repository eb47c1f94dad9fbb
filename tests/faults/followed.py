"""`docs/operations.md`, followed word by word: its commands are taken from the page."""

import os
import re
import subprocess
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")


def followed(name: str, **settings: str) -> None:
    """Run the commands of that block of the page."""
    (commands,) = re.findall(rf"^```sh {name}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", commands],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
