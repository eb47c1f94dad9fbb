"""The portal ends at once, with words, when it cannot work: started as a program, as operations start it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from socket import socket

import pytest

from webapp.start_check import settings_at_start
from webapp.storage.database import Database

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PORTAL = (sys.executable, "-m", "gunicorn", "-c", "webapp/gunicorn_conf.py", "webapp.wsgi:app")
UPGRADE = (sys.executable, "-m", "flask", "--app", "webapp.wsgi", "database", "upgrade")
SECRETS = {
    "CLIENT_PORTAL_SECRET": "hush-of-the-portal",
    "CLIENT_PORTAL_DIRECTORY_SECRET": "hush-of-the-directory",
    "SECRET_KEY": "hush-a-key-for-tests-only",
}


@pytest.fixture
def good(tmp_path: Path) -> dict[str, str]:
    """Settings with which it would start, but for the tables."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {
        **SECRETS,
        "PORTAL_PORT": str(port),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'portal.sqlite'}",
        "KEYCLOAK_URL": "http://127.0.0.1:9",
    }


def ended(command: tuple[str, ...], settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        command, cwd=ROOT, env=environment | settings, capture_output=True, text=True, timeout=240, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "hush" not in done.stderr, "no secret is shown"
    return done


def reasons(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What the log says of why it did not start."""
    events = [json.loads(line)["event"] for line in done.stderr.splitlines() if line.startswith("{")]
    return [event.removeprefix("not started: ") for event in events if event.startswith("not started: ")]


def test_every_error_at_once(good: dict[str, str], tmp_path: Path):
    """A missing variable, wrong addresses, wrong types, a secret that cannot be read: one start names them all."""
    secrets = tmp_path / "secrets"
    (secrets / "client_portal_secret").mkdir(parents=True)
    (secrets / "smtp_password").write_bytes(b"\xff\xfe\xff")
    wrong = {
        "SECRETS_DIR": str(secrets),
        "SECRET_KEY": "hush-short",
        "KEYCLOAK_URL": "keycloak.example",
        "PORTAL_URL": "https://portal.example:port",
        "DATABASE_URL": "postgres//hush@somewhere",
        "PROXIES": "many",
        "SMTP_PORT": "99999",
        "PORTAL_PORT": "eighty",
        "PORTAL_WORKERS": "0",
    }
    given = {name: value for name, value in good.items() if not name.startswith("CLIENT_")} | wrong
    done = ended(PORTAL, given)
    assert done.returncode == 2
    names = {reason.partition(":")[0] for reason in reasons(done)}
    needed = {"CLIENT_PORTAL_SECRET", "CLIENT_PORTAL_DIRECTORY_SECRET", "SMTP_PASSWORD"}
    assert names == (wrong.keys() | needed) - {"SECRETS_DIR"}
    assert "CLIENT_PORTAL_SECRET: its file cannot be read: it is a folder" in reasons(done)
    assert "SMTP_PASSWORD: its file cannot be read: it is not UTF-8 text" in reasons(done)


def test_the_command_line_names_them_too(good: dict[str, str]):
    """The migration is what runs first."""
    done = ended(UPGRADE, good | {"KEYCLOAK_URL": "keycloak.example", "PROXIES": "-1"})
    assert done.returncode == 2
    assert "KEYCLOAK_URL: " in done.stderr
    assert "PROXIES: " in done.stderr


def test_port_in_use(good: dict[str, str]):
    """Named, with the variable that chooses another one; nobody waits for it to become free."""
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = ended(PORTAL, good | {"PORTAL_PORT": str(port)})
    assert done.returncode == 2
    assert reasons(done) == [f"PORTAL_PORT: the port {port} is in use"]


def test_folder_of_secrets_that_is_not_there(good: dict[str, str], tmp_path: Path):
    done = ended(PORTAL, good | {"SECRETS_DIR": str(tmp_path / "nowhere")})
    assert done.returncode == 2
    assert reasons(done) == ["SECRETS_DIR: is not a folder"]


def test_database_whose_folder_cannot_be_made(good: dict[str, str], tmp_path: Path):
    (tmp_path / "file").write_text("")
    done = ended(PORTAL, good | {"DATABASE_URL": f"sqlite:///{tmp_path / 'file' / 'portal.sqlite'}"})
    assert done.returncode == 2
    assert reasons(done)[0].startswith("DATABASE_URL: its folder cannot be made")


def test_database_that_was_not_migrated(good: dict[str, str]):
    """It says what to run; once that is done there is nothing more to say."""
    done = ended(PORTAL, good)
    assert done.returncode == 1
    assert reasons(done) == ["the database is at revision none; run `portal database upgrade` first"]
    assert ended(UPGRADE, good).returncode == 0
    Database(good["DATABASE_URL"]).check()


def test_sockets_that_are_handed_over_are_in_use_already(good: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    """A new release that takes over from a running one is no second server on the port."""
    for name, value in (good | {"GUNICORN_FD": "5"}).items():
        monkeypatch.setenv(name, value)
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings_at_start([taken.getsockname()])
