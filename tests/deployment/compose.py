"""The compose file as data, and its commands run outside containers."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::(?P<kind>[?-])(?P<rest>[^}]*))?\}")


def load() -> dict[str, Any]:
    """The file, merge keys resolved."""
    content: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


def texts(value: Any) -> list[str]:
    """Every string in a piece of the file."""
    if isinstance(value, Mapping):
        return [text for part in value.values() for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [str(value)]


def environment(service: Mapping[str, Any], given: Mapping[str, str], places: Mapping[str, str]) -> dict[str, str]:
    """A service's environment: variables filled as compose does, hosts of containers replaced by `places`."""
    filled = {}
    for name, value in service["environment"].items():
        text = VARIABLE.sub(
            lambda match: given.get(match["name"], match["rest"] if match["kind"] == "-" else ""), value
        )
        for inside, outside in places.items():
            text = text.replace(inside, outside)
        filled[name] = text
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**filled, "PATH": path, "HOME": os.environ.get("HOME", "/"), "PYTHONUNBUFFERED": "1"}
