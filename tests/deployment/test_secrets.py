"""Secrets in files: read at the start, and changed without anybody noticing."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
import requests

from sandbox.ports import Ports
from sandbox.processes import Programs
from tests.deployment.compose import ROOT
from tests.waiting import until
from webapp import settings as portal_settings
from webapp.settings import Settings

pytestmark = pytest.mark.slow

OLD, NEW = "the old key of the sessions", "the new key of the sessions"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class TestFiles:
    """`SECRETS_DIR`, by default where container engines put them."""

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(portal_settings, "SECRETS_FOLDER", tmp_path)
        for name in ("client_portal_secret", "client_portal_directory_secret", "secret_key"):
            (tmp_path / name).write_text(f"{name} of a file\n", encoding="utf-8")
        return tmp_path

    def test_each_may_be_a_file_of_its_name(self) -> None:
        """Then it is in no environment, which a child process would inherit."""
        settings = Settings()
        assert settings.secret_key.get_secret_value() == "secret_key of a file"
        assert settings.secrets("client_portal_secret") == ("client_portal_secret of a file",)

    def test_environment_wins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What somebody says on purpose for this one process."""
        monkeypatch.setenv("SECRET_KEY", "a key of the environment")
        assert Settings().secret_key.get_secret_value() == "a key of the environment"

    def test_changed_file_is_tried_first(self, folder: Path) -> None:
        """And the value of the start after it: Keycloak may not know the new one yet."""
        settings = Settings()
        (folder / "client_portal_secret").write_text("newer", encoding="utf-8")
        assert settings.secrets("client_portal_secret") == ("newer", "client_portal_secret of a file")

    def test_are_not_shown(self) -> None:
        """Whoever prints or logs the settings gives nothing away."""
        assert "of a file" not in repr(Settings()) + str(Settings())


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[tuple[str, int, Path]]:
    """A portal of its own by its real command, with its secrets in files; Keycloak is not there."""
    folder, ports = tmp_path / "secrets", Ports.free()
    folder.mkdir()
    for name in ("client_portal_secret", "client_portal_directory_secret"):
        (folder / name).write_text("unused", encoding="utf-8")
    (folder / "secret_key").write_text(OLD, encoding="utf-8")
    url = f"http://localhost:{ports.portal_port}"
    environment = {
        **os.environ,
        "SECRETS_DIR": str(folder),
        "PORTAL_URL": url,
        "PORTAL_PORT": str(ports.portal_port),
        "KEYCLOAK_URL": "http://localhost:9",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'portal.sqlite'}",
    }
    programs = Programs()
    try:
        programs.run(
            "database",
            [sys.executable, "-m", "flask", "--app", "webapp.wsgi", "database", "upgrade"],
            log=tmp_path / "database.log",
            timeout=120,
            environment=environment,
            folder=ROOT,
        )
        child = programs.start(
            "portal",
            [sys.executable, "-m", "gunicorn", "-c", "webapp/gunicorn_conf.py", "webapp.wsgi:app"],
            log=tmp_path / "portal.log",
            environment=environment,
            folder=ROOT,
        )
        until(lambda: _answers(url), "the portal answers", seconds=60)
        yield url, child.pid, folder
    finally:
        programs.end()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/livez", timeout=5).ok
    except requests.RequestException:
        return False


def token_of(page: str) -> str:
    found = TOKEN.search(page)
    assert found
    return found[1]


def test_session_key_is_rotated_without_downtime(portal: tuple[str, int, Path], tmp_path: Path) -> None:
    """New key beside the old one, `kill -HUP`: no request fails, a form opened before is taken after.

    Once the old key is gone from its file, such a form is refused: it was the fallback that let it through.
    """
    url, pid, folder = portal
    browser = requests.Session()
    opened_before = token_of(browser.get(f"{url}/help", timeout=20).text)
    statuses: list[int | str] = []
    done = Event()

    def visit() -> None:
        while not done.wait(0.05):
            try:
                statuses.append(requests.get(f"{url}/help", timeout=30).status_code)
            except requests.RequestException as error:
                statuses.append(repr(error))

    visitor = Thread(target=visit)
    visitor.start()
    try:
        (folder / "secret_key_previous").write_text(OLD, encoding="utf-8")
        (folder / "secret_key").write_text(NEW, encoding="utf-8")
        reload(pid, tmp_path / "portal.log", 2)
    finally:
        done.set()
        visitor.join()
    assert len(statuses) > 5
    assert set(statuses) == {200}
    assert switch_language(browser, url, opened_before) == 303

    (folder / "secret_key_previous").unlink()
    reload(pid, tmp_path / "portal.log", 3)
    assert switch_language(browser, url, opened_before) == 400
    assert switch_language(browser, url, token_of(browser.get(f"{url}/help", timeout=20).text)) == 303


def reload(pid: int, log: Path, nth: int) -> None:
    """`kill -HUP`, until the nth worker has come and the ones before it are gone."""
    os.kill(pid, signal.SIGHUP)

    def counted(word: str) -> int:
        return log.read_text(encoding="utf-8").count(word)

    def is_done() -> bool:
        return counted("Booting worker") >= nth and counted("Worker exiting") >= nth - 1

    until(is_done, "the worker was replaced", seconds=60)


def switch_language(browser: requests.Session, url: str, token: str) -> int:
    fields = {"csrf_token": token, "locale": "en", "next": "/help"}
    return browser.post(f"{url}/language", data=fields, timeout=20, allow_redirects=False).status_code
