"""The Keycloak that the sandbox runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from sandbox import distribution
from sandbox.administrator import admin_token
from sandbox.distribution import (
    FIRST_COMPILER_ALONE,
    PINNED,
    SHA512,
    VERSION,
    Distribution,
    fetch,
    java_environment,
    prepare,
)
from sandbox.errors import FetchError, PortInUseError, StartError
from sandbox.keycloak import KeycloakServer, import_realm
from sandbox.ports import is_free
from sandbox.processes import Programs

REALM_FILE = Path(__file__).parents[2] / "keycloak" / "realm-export.json"
SIGN_IN = "/portal/authentication/flows/sign-in/executions"
SECRETS = {
    "CLIENT_PORTAL_SECRET": "portal-secret",
    "CLIENT_SAMPLE_SERVICE_SECRET": "service-secret",
    "CLIENT_PORTAL_DIRECTORY_SECRET": "directory-secret",
}


def get(server, path):
    headers = {"Authorization": f"Bearer {admin_token(server.url)}"}
    answer = requests.get(f"{server.url}/admin/realms{path}", headers=headers, timeout=60)
    answer.raise_for_status()
    return answer.json()


def test_the_pinned_version_is_the_one_that_was_agreed():
    """Its sum is a whole SHA-512."""
    assert {PINNED, VERSION} <= SHA512.keys()
    assert all(len(digest) == 128 and set(digest) <= set("0123456789abcdef") for digest in SHA512.values())


def test_an_unpinned_version_is_refused():
    """Nothing is fetched that cannot be verified."""
    with pytest.raises(FetchError, match=r"1\.0 is not pinned"):
        prepare(lambda made: None, programs=Programs(), version="1.0")


@pytest.mark.parametrize(("named", "run"), [("26.7.4", "26.7.4"), ("", PINNED)])
def test_a_setting_names_another_pinned_version(named: str, run: str) -> None:
    """`KEYCLOAK_VERSION=26.7.4 make test-keycloak` runs on that one; without it the pinned one runs."""
    program = "from sandbox.keycloak import KeycloakServer; print(KeycloakServer(None).version)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"KEYCLOAK_VERSION": named},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == run


@pytest.mark.parametrize("failure", [RuntimeError("not found"), requests.ConnectionError("no network")])
def test_a_version_that_is_not_served_names_the_setting(monkeypatch, failure: Exception) -> None:
    """Whoever reads the message knows the reason, the variable and the other pinned versions."""

    class Registry:
        def project(self, *names: str) -> "Registry":
            return self

        def at_version(self, version: str) -> "Registry":
            return self

        def artifact(self, *names: str) -> "Registry":
            return self

        def resolve(self) -> Path:
            raise failure

    monkeypatch.setattr(distribution, "MavenContext", Registry)
    with pytest.raises(FetchError) as refusal:
        fetch("26.7.4")
    assert str(failure) in str(refusal.value)
    assert f"set KEYCLOAK_VERSION to another pinned version: {PINNED}" in str(refusal.value)


def test_what_is_not_the_pinned_zip_is_refused(monkeypatch, tmp_path):
    """Fetched once more when it was cut off; refused when it stays another one."""
    zipped = tmp_path / "keycloak.zip"
    asked = []

    class Registry:
        def project(self, *names):
            return self

        def at_version(self, version):
            return self

        def artifact(self, *names):
            return self

        def resolve(self):
            asked.append(zipped.exists())
            zipped.write_bytes(b"not it")
            return zipped

    monkeypatch.setattr(distribution, "MavenContext", Registry)
    with pytest.raises(FetchError, match="has the SHA-512"):
        fetch(VERSION)
    assert asked == [False, False], "the bad one was not thrown away before asking again"


def test_a_half_made_cache_counts_for_nothing(monkeypatch, tmp_path):
    """A folder without its last mark is made again, from the start."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(distribution, "fetch", lambda version, report: tmp_path / "zip")
    monkeypatch.setattr(distribution, "_unpack", lambda zipped, into, report: None)
    warmed: list[Distribution] = []

    class NoPrograms(Programs):
        def run(self, *arguments, **options):
            return None

    def fails(made):
        (made.folder / "half").touch()
        raise StartError("killed half-way", made.folder / "log")

    with pytest.raises(StartError):
        prepare(fails, programs=NoPrograms())
    made = prepare(warmed.append, programs=NoPrograms())
    assert warmed == [made]
    assert not (made.folder / "half").exists()
    assert prepare(warmed.append, programs=NoPrograms()) == made
    assert len(warmed) == 1


def test_settings_of_the_caller_do_not_reach_keycloak(monkeypatch):
    """Another installation's variables, or a Java's, would change this one."""
    monkeypatch.setenv("KC_DB", "postgres")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1m")
    told = java_environment({"PORTAL_URL": "http://localhost:1"})
    assert "KC_DB" not in told
    assert "JAVA_TOOL_OPTIONS" not in told
    assert told["PORTAL_URL"] == "http://localhost:1"


@pytest.mark.keycloak
@pytest.mark.timeout(600)
def test_the_realm_file_can_be_imported_by_keycloak_itself(tmp_path):
    """As `kc.sh import` does it, variables filled in; the server that is started then has the realm."""
    told = {"PORTAL_URL": "https://portal.example", "SECOND_FACTOR_OF_ADMINISTRATORS": "CONDITIONAL"}
    import_realm(REALM_FILE, tmp_path, environment={**SECRETS, **told}, java_options=FIRST_COMPILER_ALONE)
    server = KeycloakServer(tmp_path, java_options=FIRST_COMPILER_ALONE)
    with server:
        (client,) = get(server, "/portal/clients?clientId=portal")
        assert client["baseUrl"] == "https://portal.example/"
        assert client["secret"] == SECRETS["CLIENT_PORTAL_SECRET"]
        assert get(server, "/portal")["accessTokenLifespan"] == 60
        flow = {each["displayName"]: each["requirement"] for each in get(server, SIGN_IN)}
        assert flow["sign-in administrators"] == "CONDITIONAL"
        (policy,) = get(server, "/portal/client-policies/policies")["policies"]
        assert (policy["name"], policy["enabled"]) == ("every service", True)
        with pytest.raises(PortInUseError, match="KEYCLOAK_PORT"):
            KeycloakServer(tmp_path / "other", port=server.port).start()
    assert is_free(server.port)


@pytest.mark.keycloak
@pytest.mark.timeout(600)
def test_a_bad_realm_file_is_told(tmp_path):
    """With the end of Keycloak's own log."""
    bad = tmp_path / "realm.json"
    bad.write_text(json.dumps({"realm": "bad", "noSuchKey": 1}))
    with pytest.raises(StartError, match="noSuchKey"):
        import_realm(bad, tmp_path / "data", java_options=FIRST_COMPILER_ALONE)


@pytest.mark.keycloak
@pytest.mark.timeout(600)
def test_a_server_that_cannot_start_says_why(tmp_path):
    """A broken database: the end of the log is in the error, and nothing listens."""
    server = KeycloakServer(tmp_path, java_options=FIRST_COMPILER_ALONE)
    (tmp_path / "data" / "h2").mkdir(parents=True)
    (tmp_path / "data" / "h2" / "keycloakdb.mv.db").write_bytes(b"broken" * 1000)
    with pytest.raises(StartError, match=r"(?s)instead of becoming ready.*Reading from file"):
        server.start()
    assert is_free(server.port)
