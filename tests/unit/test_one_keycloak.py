"""The Keycloak that the processes of a run share, without a Keycloak."""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sandbox.keycloak import KeycloakServer
from sandbox.processes import Child
from tests import one_keycloak
from tests.one_keycloak import ONE, WAITED, Elsewhere, OneKeycloak


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of real servers: their starts and ends."""
    calls: list[str] = []

    class Recorded(KeycloakServer):
        def start(self) -> None:
            calls.append(f"start {self.port}")
            self.child = Elsewhere("Keycloak", 4711)  # type: ignore[assignment]

        def stop(self) -> None:
            calls.append(f"stop {self.port}")

    monkeypatch.setattr(one_keycloak, "KeycloakServer", Recorded)
    return calls


def test_all_processes_get_the_same(tmp_path: Path, calls: list[str]):
    """Started once, however often it is asked for; its pid is known everywhere."""
    first, second = OneKeycloak(tmp_path), OneKeycloak(tmp_path)
    found = [first.get(), second.get(), second.get()]
    assert len({each.url for each in found}) == 1
    assert [each.child.pid for each in found if isinstance(each.child, Child | Elsewhere)] == [4711] * 3
    assert calls == [f"start {found[0].port}"]
    second.release()
    first.release()


def test_whoever_started_it_ends_it_after_the_others(tmp_path: Path, calls: list[str]):
    """It waits for them; afterwards it can be started anew."""
    first, second = OneKeycloak(tmp_path), OneKeycloak(tmp_path)
    port = first.get().port
    second.get()
    ending = threading.Thread(target=first.release)
    ending.start()
    ending.join(3 * one_keycloak.POLL_SECONDS)
    assert calls == [f"start {port}"]
    second.release()
    ending.join()
    assert calls == [f"start {port}", f"stop {port}"]
    second.get()
    assert len(calls) == 3
    second.release()
    assert calls[3] == calls[2].replace("start", "stop")


def test_what_nobody_asked_for_is_not_started(tmp_path: Path, calls: list[str]):
    OneKeycloak(tmp_path).release()
    assert calls == []


def test_the_report_of_the_first_test_says_what_it_waited(tmp_path: Path, calls: list[str]):
    """The next one waits for nothing."""
    item: Any = SimpleNamespace(config=SimpleNamespace(stash=pytest.Stash()), user_properties=[])
    keycloak = OneKeycloak(tmp_path)
    for _ in range(2):
        setting_up = one_keycloak.pytest_runtest_setup(cast(pytest.Item, item))
        next(setting_up)
        item.config.stash[ONE] = keycloak
        keycloak.get()
        assert list(setting_up) == []
    assert [name for name, _seconds in item.user_properties] == [WAITED]
    keycloak.release()
