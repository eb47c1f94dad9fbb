"""A pytest plugin that prints the seconds and tests of each folder and compares them with `tests/budget.toml`.

The seconds of a folder are the sum of its tests' set-up, call and tear-down, whichever process ran them. A fixture
that several folders share counts for the folder that used it first; but waiting for the run's Keycloak, which may
have to be fetched first, is no folder's. With `--enforce-budget` a folder, or the whole run, that takes more than
twice its budget fails the run; more than once its budget is a warning.
"""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.one_keycloak import WAITED

BUDGET = Path(__file__).with_name("budget.toml")
FAILURE_FACTOR = 2.0


@dataclass(frozen=True)
class Row:
    """What one folder took, in seconds, and may take (None: it has no budget)."""

    folder: str
    tests: int
    seconds: float
    budget: float | None

    @property
    def verdict(self) -> str:
        """`failed` above twice the budget, `over budget` above the budget, `no budget` without one, else empty."""
        if self.budget is None:
            return "no budget"
        if self.seconds > FAILURE_FACTOR * self.budget:
            return "failed"
        return "over budget" if self.seconds > self.budget else ""


def rows(tests: Mapping[str, int], seconds: Mapping[str, float], budgets: Mapping[str, float]) -> list[Row]:
    """One row for each folder that ran, the slowest first."""
    found = [Row(folder, tests[folder], seconds[folder], budgets.get(folder)) for folder in seconds]
    return sorted(found, key=lambda row: row.seconds, reverse=True)


def folder_of(nodeid: str) -> str:
    """Return the folder of a test: `tests/web/people` for `tests/web/people/test_x.py::test_y`."""
    return nodeid.partition("::")[0].rpartition("/")[0]


class Durations:
    """Collects reports; in a run with several processes the one that prints receives all of them."""

    def __init__(self, config: pytest.Config) -> None:
        self._enforced = bool(config.getoption("enforce_budget"))
        self._budget = tomllib.loads(BUDGET.read_text(encoding="utf-8"))
        self._began = time.monotonic()
        self._seconds: Counter[str] = Counter()  # of floats
        self._tests: Counter[str] = Counter()
        self._waited = 0.0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        folder = folder_of(report.nodeid)
        waited = float(dict(report.user_properties).get(WAITED, 0)) if report.when == "setup" else 0
        self._seconds[folder] += report.duration - waited  # type: ignore[assignment]
        self._waited += waited
        self._tests[folder] += report.when == "call"

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Fail a run that was green when something took more than twice its budget."""
        if self._enforced and session.exitstatus == pytest.ExitCode.OK and self._failed():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        yield

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        write = terminalreporter.write_line
        terminalreporter.section("minutes of each folder")
        write(f"{'tests':>6} {'seconds':>8} {'budget':>7}  folder")
        for row in [*self._rows(), self._whole()]:
            budget = "-" if row.budget is None else f"{row.budget:.0f}"
            write(f"{row.tests:6} {row.seconds:8.1f} {budget:>7}  {row.folder} {row.verdict}".rstrip())
        if self._waited:
            write(f"{self._waited:15.1f}          waited for Keycloak, by all processes")

    def _rows(self) -> list[Row]:
        return rows(self._tests, self._seconds, self._budget["folders"])

    def _whole(self) -> Row:
        return Row(
            "in all, by the clock", self._tests.total(), time.monotonic() - self._began, self._budget["whole"]
        )

    def _failed(self) -> bool:
        return any(row.verdict == "failed" for row in [*self._rows(), self._whole()])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--enforce-budget",
        action="store_true",
        help="fail a run in which a folder takes more than twice the seconds that tests/budget.toml allows",
    )


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # not in the processes that only run tests
        config.pluginmanager.register(Durations(config), "durations")
