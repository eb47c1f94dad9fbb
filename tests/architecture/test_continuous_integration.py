"""The files around the code that call make: each target they name is one of the Makefile."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.portal import ROOT

MAKE = re.compile(r"\bmake((?:\s+(?:--?[a-z-]+|[a-z][a-z-]*))+)")
GITHUB, NIGHTLY = ".github/workflows/ci.yml", ".github/workflows/nightly.yml"
GITLAB, HOOKS = ".gitlab-ci.yml", ".pre-commit-config.yaml"
RULES = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", RULES, re.MULTILINE))
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
FAST = {"lint", "types", "arch", "test-fast"}


def content(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def steps_on_github(job: dict[str, Any]) -> Iterator[str]:
    """Yield the commands of a job, as text."""
    return (step["run"] for step in job["steps"] if "run" in step)


def steps_on_gitlab(job: dict[str, Any]) -> Iterator[str]:
    return iter(job["script"])


def called(commands: Iterator[str]) -> set[str]:
    """Return the targets of make that commands name; everything that is run is make."""
    found: set[str] = set()
    for command in commands:
        match = MAKE.fullmatch(command.strip())
        assert match, f"not a call of make: {command}"
        found |= {word for word in match[1].split() if not word.startswith("-")}
    return found


JOBS = {name: job for name, job in content(GITLAB).items() if "script" in job}
CALLED = {
    GITHUB: {name: called(steps_on_github(job)) for name, job in content(GITHUB)["jobs"].items()},
    NIGHTLY: {name: called(steps_on_github(job)) for name, job in content(NIGHTLY)["jobs"].items()},
    GITLAB: {name: called(steps_on_gitlab(job)) for name, job in JOBS.items()},
    HOOKS: {hook["id"]: called(iter([hook["entry"]])) for hook in content(HOOKS)["repos"][0]["hooks"]},
}


@pytest.mark.parametrize("place", CALLED)
def test_every_target_exists(place: str) -> None:
    """A renamed target fails here and not on a server."""
    assert CALLED[place]
    for name, targets in CALLED[place].items():
        assert targets, name
        assert targets <= TARGETS, name


@pytest.mark.parametrize("place", [GITHUB, GITLAB])
def test_both_servers_check_the_same(place: str) -> None:
    """Style, types, layers and the fast tests on every Python; coverage, audit and the whole suite on one."""
    assert set(CALLED[place]) == {"fast", "coverage", "whole"}
    assert CALLED[place]["fast"] == FAST
    assert CALLED[place]["coverage"] == {"coverage"}
    assert CALLED[place]["whole"] == {"audit", "sbom", "test"}


def test_every_night_meets_the_faults() -> None:
    """At length: what the daily check does in small (`docs/reliability.md`)."""
    assert CALLED[NIGHTLY] == {"long": {"test-generated", "faults"}}


def test_every_supported_python_is_asked() -> None:
    """From the oldest of pyproject.toml on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={PYTHONS[0]}"
    assert content(GITHUB)["jobs"]["fast"]["strategy"]["matrix"]["python"] == PYTHONS
    assert content(GITLAB)["fast"]["parallel"]["matrix"] == [{"PYTHON_VERSION": PYTHONS}]


def test_hooks_are_local() -> None:
    """They call the locked tools and fetch none."""
    assert [each["repo"] for each in content(HOOKS)["repos"]] == ["local"]
    assert {hook["language"] for hook in content(HOOKS)["repos"][0]["hooks"]} == {"system"}


def test_every_target_says_what_it_is_for() -> None:
    """`make` alone lists them all, and a file of the same name never hides one."""
    (phony,) = re.findall(r"^\.PHONY: (.+)$", RULES, re.MULTILINE)
    assert TARGETS == set(phony.split())
    assert set(re.findall(r"^([a-z][a-z-]*):.*## \S", RULES, re.MULTILINE)) == TARGETS


@pytest.mark.parametrize(
    ("place", "options"),
    [
        (GITHUB, ["--builtin-schema", "vendor.github-workflows"]),
        (NIGHTLY, ["--builtin-schema", "vendor.github-workflows"]),
        (GITLAB, ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]),
    ],
    ids=["github", "nightly", "gitlab"],
)
def test_follows_the_schema_of_its_server(place: str, options: list[str]) -> None:
    """Keys that a server would refuse or ignore are found here."""
    checker = Path(sys.executable).with_name("check-jsonschema")
    answer = subprocess.run(
        [str(checker), *options, str(ROOT / place)], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


STEPS = [".venv/.ready", "audit", "sandbox fetch", "lint", "types", "arch", "test"]


def checked(folder: Path, fails: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `.ci/run` on programs that do nothing but fail when they are asked for this."""
    program = folder / "program"
    refusal = f"case \" $* \" in *' {fails or '?'} '*) echo broken; exit 3;; esac"
    program.write_text(f'#!/bin/sh\necho for "$PYTHON"\n{refusal}\n')
    program.chmod(0o755)
    for name in ("make", "haproxy", "chromium"):
        (folder / name).symlink_to(program)
    clone = folder / "clone"
    for name, target in ((".ci/run", ROOT / ".ci" / "run"), (".venv/bin/python", program)):
        (clone / name).parent.mkdir(parents=True)
        (clone / name).symlink_to(target)
    return subprocess.run(
        [str(clone / ".ci" / "run")],
        env={"PATH": f"{folder}:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_whole_check_ends_well_with_its_seconds(tmp_path: Path) -> None:
    done = checked(tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^\d+ s in all, the budget is 900 s$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("step", STEPS)
def test_the_whole_check_fails_with_each_of_its_steps(step: str, tmp_path: Path) -> None:
    """Those that go on in the background too, with what they said."""
    done = checked(tmp_path, step)
    assert done.returncode != 0
    assert "broken" in done.stdout + done.stderr
    assert "s in all" not in done.stdout


def test_the_whole_check_runs_on_the_python_that_is_named(tmp_path: Path) -> None:
    """Otherwise on the distribution's, where that fits."""
    done = checked(tmp_path, PYTHON="/opt/another/python")
    assert set(re.findall(r"^for (.*)$", done.stdout, re.MULTILINE)) == {"/opt/another/python"}
