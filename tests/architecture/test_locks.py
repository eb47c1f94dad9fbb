"""The locks: what is installed is what was tested, and nothing has to be resolved when it is installed."""

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.architecture.locks import METADATA, digest, environments, missing, pins, recorded, wanted
from tests.architecture.portal import ROOT

LOCKS = sorted(path.name for path in ROOT.glob("requirements*.lock"))
INSTALLING = re.compile(r"\b(?:pip|uv) .*\binstall\b.*requirements[-a-z]*\.lock|pip-sync|pip sync")
PLACES = (
    *(".ci/*", ".github/**/*", ".gitlab-ci.yml", ".pre-commit-config.yaml", "Dockerfile", "Makefile"),
    *("*.md", "docs/**/*.md", "docker-compose.yml", "sandbox/**/*.py", "bench/**/*.py"),
)


def text_of(lock: str) -> str:
    return (ROOT / lock).read_text(encoding="utf-8")


def without(lock: str, name: str) -> str:
    """Return the lock's text without a distribution."""
    text = text_of(lock)
    cut = re.sub(rf"^{name}(\[[a-z,-]+\])?==.*\n(?:    .*\n)*", "", text, flags=re.MULTILINE)
    assert cut != text, f"{lock} does not pin {name}"
    return cut


def at(lock: str, name: str, version: str) -> str:
    """Return the lock's text with a distribution at another version."""
    text = text_of(lock)
    changed = re.sub(rf"^{name}==\S+", f"{name}=={version}", text, flags=re.MULTILINE)
    assert changed != text, f"{lock} does not pin {name}"
    return changed


@pytest.mark.parametrize("lock", LOCKS)
class TestLocks:
    def test_every_line_is_pinned_with_hashes(self, lock: str) -> None:
        """What is installed is what was tested, byte for byte."""
        text = text_of(lock)
        blocks = re.split(r"\n(?=[a-z0-9])", "\n" + re.sub(r"^\s*#.*\n", "", text, flags=re.M))
        names = [block for block in blocks if block.strip()]
        assert len(names) > 15
        assert len(names) == len(pins(text))
        for block in names:
            assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,-]+\])?==\S+", block), block[:80]
            assert "--hash=sha256:" in block, block[:80]

    def test_names_no_index(self, lock: str) -> None:
        """Where packages come from is the machine's business."""
        text = text_of(lock)
        assert not re.search(r"--(extra-)?index-url|--find-links|--trusted-host|https?://|@ file:", text)

    def test_the_record_of_requirements_is_of_this_lock(self, lock: str) -> None:
        """A lock that was changed without `make lock` is found out."""
        assert recorded()["locks"][lock] == digest(ROOT / lock), (
            f"{lock} changed: make lock writes {METADATA.name}"
        )

    def test_is_closed_under_its_own_requirements(self, lock: str) -> None:
        """Every requirement of every pinned distribution is pinned, on Linux and macOS, Python 3.11 to 3.14."""
        assert missing(text_of(lock), wanted(lock), recorded()["requires"]) == set()


class TestClosure:
    """What the proof above would notice."""

    @pytest.mark.parametrize(
        ("lock", "name", "needed"),
        [
            ("requirements.lock", "coverage", "coverage[toml]>=7.10.6 (of pytest-cov=="),
            ("requirements-runtime.lock", "psycopg-binary", "(of psycopg=="),
            ("requirements-audit.lock", "filelock", 'extra == "filecache" (of cachecontrol=='),
            ("requirements-runtime.lock", "flask", "flask (of pyproject.toml)"),
        ],
    )
    def test_a_distribution_that_only_another_requires(self, lock: str, name: str, needed: str) -> None:
        """Also when nothing but an extra asks for it."""
        lacks = missing(without(lock, name), wanted(lock), recorded()["requires"])
        assert any(needed in lack for lack in lacks), lacks
        assert {lack.split()[0] for lack in lacks} == {"3.11", "3.12", "3.13", "3.14"}
        assert {lack.split()[1] for lack in lacks} == {"linux", "darwin"}

    def test_a_distribution_of_one_python(self) -> None:
        """The one that only Python 3.13 needs is missed there and nowhere else."""
        lock = "requirements-mutation.lock"
        lacks = missing(without(lock, "pyyaml-ft"), wanted(lock), recorded()["requires"])
        assert {lack.split()[0] for lack in lacks} == {"3.13"}

    def test_a_version_that_does_not_satisfy(self) -> None:
        """A pin that is older than a requirement allows is not enough."""
        requires = recorded()["requires"]
        (coverage,) = (key for key in requires if key.startswith("coverage=="))
        older = requires | {"coverage==7.0": requires[coverage]}
        lacks = missing(at("requirements.lock", "coverage", "7.0"), wanted("requirements.lock"), older)
        assert any("coverage[toml]>=7.10.6" in lack for lack in lacks)


def installed() -> Iterator[tuple[str, list[str]]]:
    """Yield `name==version` and the requirements of what of requirements.lock is in this environment."""
    for pin in pins(text_of("requirements.lock")):
        try:
            found = metadata.distribution(pin.name)
        except metadata.PackageNotFoundError:
            continue
        yield f"{canonicalize_name(found.name)}=={found.version}", sorted(found.requires or ())


def test_the_record_says_what_the_installed_distributions_say() -> None:
    """It was taken from the index; these were installed by their hashes."""
    here = dict(installed())
    assert len(here) > 90
    record = recorded()["requires"]
    assert {key: requires for key, requires in here.items() if record[key] != requires} == {}


def test_the_supported_machines() -> None:
    """Linux and macOS on both processors, and each Python from the oldest that pyproject.toml allows."""
    everywhere = list(environments())
    assert len(everywhere) == 16
    assert {each["sys_platform"] for each in everywhere} == {"linux", "darwin"}


def test_what_installs_a_lock_resolves_nothing() -> None:
    """Every such command says `--no-deps` and `--require-hashes`, and looks afterwards whether something lacks."""
    commands = list(installing())
    assert {place for place, _ in commands} >= {"Makefile", "Dockerfile"}
    assert len(commands) >= 4
    for place, command in commands:
        assert "--no-deps" in command, f"{place}: {command}"
        assert "--require-hashes" in command, f"{place}: {command}"
    for place in {place for place, _ in commands if not place.endswith(".md")}:
        text = (ROOT / place).read_text(encoding="utf-8")
        assert text.count("pip check") == sum(each == place for each, _ in commands), place


def installing() -> Iterator[tuple[str, str]]:
    """Yield each command that installs a lock, with the file that has it."""
    paths: set[Path] = {path for pattern in PLACES for path in ROOT.glob(pattern) if path.is_file()}
    for path in sorted(paths):
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        for command in INSTALLING.findall(text):
            yield path.relative_to(ROOT).as_posix(), command


def test_there_is_a_lock() -> None:
    """The names above come from the folder."""
    assert "requirements.lock" in LOCKS
