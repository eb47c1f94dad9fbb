"""What the locks pin, and what the pinned distributions require.

`requirements-metadata.json` holds the requirements of every pinned distribution, as the package index states them,
so that a test proves without an index that a lock lacks nothing. `make lock` writes it with
`python -m tests.architecture.locks`.
"""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, product
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.portal import ROOT

METADATA = ROOT / "requirements-metadata.json"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = (
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "x86_64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
)
Environment = Mapping[str, str]
"""What the markers of requirements are evaluated against."""
PIN = re.compile(r"^([a-z0-9][^\s=]*==\S+(?: ; [^\\\n]+)?)((?: *\\\n    --hash=\S+)*)", re.MULTILINE)

IMPLEMENTATION = {
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
}


@dataclass(frozen=True)
class Pin:
    """One line of a lock: a distribution at one version, perhaps only on some machines, with its hashes."""

    name: str
    version: str
    requirement: Requirement
    hashes: str

    @property
    def key(self) -> str:
        return f"{self.name}=={self.version}"

    def applies(self, environment: Environment) -> bool:
        return self.requirement.marker is None or self.requirement.marker.evaluate(environment)


def pins(text: str) -> list[Pin]:
    """Return the pins of a lock's text."""
    found = []
    for line, hashes in PIN.findall(text):
        requirement = Requirement(line)
        (specifier,) = requirement.specifier
        found.append(Pin(canonicalize_name(requirement.name), specifier.version, requirement, hashes))
    return found


def environments(pythons: Iterable[str] = PYTHONS) -> Iterator[Environment]:
    """Yield what markers are evaluated against: each Python in its first release, on each platform."""
    for python in pythons:
        for platform in PLATFORMS:
            release = {
                "python_version": python,
                "python_full_version": f"{python}.0",
                "implementation_version": python,
            }
            yield default_environment() | IMPLEMENTATION | release | platform  # type: ignore[misc]


def wanted(lock: str) -> list[Requirement]:
    """Return what pyproject.toml asks of a lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime, groups = project["project"]["dependencies"], project["dependency-groups"]
    of_their_own = {name: groups.pop(name) for name in ("audit", "mutation")}
    texts = {
        "requirements.lock": [*runtime, *chain(*groups.values())],
        "requirements-runtime.lock": runtime,
        "requirements-audit.lock": of_their_own["audit"],
        "requirements-mutation.lock": of_their_own["mutation"],
    }[lock]
    return [Requirement(text) for text in texts]


def missing(text: str, roots: Sequence[Requirement], requires: Mapping[str, Sequence[str]]) -> set[str]:
    """Return what a lock lacks on any supported machine, as `Python platform: requirement (of whom)`.

    `roots` is what the lock is made for and `requires` what each pinned distribution requires, by `name==version`.
    """
    locked = pins(text)
    return {
        f"{environment['python_version']} {environment['sys_platform']} {environment['platform_machine']}: {lack}"
        for environment in environments()
        for lack in _missing_there(
            [pin for pin in locked if pin.applies(environment)], environment, roots, requires
        )
    }


def _missing_there(
    locked: Sequence[Pin],
    environment: Mapping[str, str],
    roots: Sequence[Requirement],
    requires: Mapping[str, Sequence[str]],
) -> Iterator[str]:
    by_name = {pin.name: pin for pin in locked}
    waiting = [("pyproject.toml", requirement) for requirement in roots]
    waiting += [
        (pin.key, requirement) for pin in locked for requirement in _active(pin, "", environment, requires)
    ]
    extras: set[tuple[str, str]] = set()
    while waiting:
        whose, requirement = waiting.pop()
        pin = by_name.get(canonicalize_name(requirement.name))
        if pin is None or not requirement.specifier.contains(pin.version, prereleases=True):
            yield f"{requirement} (of {whose})"
            continue
        for extra in requirement.extras:
            if (pin.name, extra) not in extras:
                extras.add((pin.name, extra))
                waiting += [(f"{pin.key}[{extra}]", each) for each in _active(pin, extra, environment, requires)]


def _active(
    pin: Pin, extra: str, environment: Mapping[str, str], requires: Mapping[str, Sequence[str]]
) -> Iterator[Requirement]:
    """Yield what a distribution requires there, with one of its extras or with none (`""`)."""
    for text in requires[pin.key]:
        requirement = _parsed(text)
        if requirement.marker is None or requirement.marker.evaluate({**environment, "extra": extra}):
            yield requirement


@cache
def _parsed(text: str) -> Requirement:
    """Parsing takes most of the time, and each text is asked about on sixteen machines."""
    return Requirement(text)


def digest(lock: Path) -> str:
    """Return the SHA-256 of a lock, by which the record knows that it is this lock's."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def recorded() -> dict[str, Any]:
    """Return the record: `locks`, the digest of each, and `requires`, the requirements of each `name==version`."""
    content: dict[str, Any] = json.loads(METADATA.read_text(encoding="utf-8"))
    return content


def _asked_of_the_index(needed: Sequence[Pin], python: str) -> dict[str, list[str]]:
    """Return the requirements of these distributions, by `name==version`; nothing is installed."""
    with tempfile.TemporaryDirectory() as folder:
        lines, report = Path(folder, "lines"), Path(folder, "report")
        lines.write_text("".join(f"{pin.key}{pin.hashes}\n" for pin in needed), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--dry-run"]
        command += [
            "--no-deps",
            "--require-hashes",
            "--ignore-installed",
            "--ignore-requires-python",
            "--only-binary=:all:",
        ]
        command += ["--python-version", python, "--target", folder, "--report", str(report), "-r", str(lines)]
        subprocess.run(command, check=True)
        found = [each["metadata"] for each in json.loads(report.read_text(encoding="utf-8"))["install"]]
    return {
        f"{canonicalize_name(each['name'])}=={each['version']}": sorted(each.get("requires_dist", ()))
        for each in found
    }


def main() -> None:
    """Write the record."""
    locks = sorted(ROOT.glob("requirements*.lock"))
    requires: dict[str, list[str]] = {}
    for lock, python in product(locks, PYTHONS):
        there = list(environments([python]))
        needed = [
            pin
            for pin in pins(lock.read_text(encoding="utf-8"))
            if pin.key not in requires and any(pin.applies(each) for each in there)
        ]
        if needed:
            requires |= _asked_of_the_index(needed, python)
    content = {"locks": {lock.name: digest(lock) for lock in locks}, "requires": requires}
    METADATA.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
