"""The command line without a server: exit status, and what goes to which stream."""

import json
import sys

import pytest

from provisioner import cli
from provisioner.state import Address, Kind, Resource
from tests.unit.provisioner.fakes import FakeRealm

FILE = "realm: portal\nenabled: true\nclients: [{clientId: a, secret: not-to-be-seen}]\n"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a command in a folder that holds the default realm file, on a realm in memory."""
    (tmp_path / "keycloak").mkdir()
    (tmp_path / "keycloak" / "realm-export.json").write_text('{"realm": "portal", "enabled": true}')
    (tmp_path / "file.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    for name in ("URL", "REALM", "USERNAME", "PASSWORD", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"KEYCLOAK_{name}", raising=False)

    def run(*arguments: str, realm: FakeRealm | None = None) -> tuple[int, str, str]:
        if realm is not None:
            monkeypatch.setattr(cli, "_realm", lambda options, name: realm)
        monkeypatch.setattr(sys, "argv", ["provisioner", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return run


@pytest.fixture
def empty() -> FakeRealm:
    return FakeRealm(resources=[Resource(Address(Kind.REALM, ("portal",)), {"enabled": False})])


@pytest.fixture
def equal() -> FakeRealm:
    return FakeRealm(resources=[Resource(Address(Kind.REALM, ("portal",)), {"enabled": True})])


class TestValidate:
    def test_the_default_paths(self, run):
        assert run("validate")[0] == 0

    def test_a_problem_on_standard_error(self, run, tmp_path):
        (tmp_path / "bad.yaml").write_text("realm: portal\nx: 1\n")
        status, out, err = run("validate", "bad.yaml")
        assert (status, out) == (1, "")
        assert err.strip() == "bad.yaml:2:1: x: unknown key"

    def test_nothing_to_read(self, run, tmp_path):
        (tmp_path / "keycloak" / "realm-export.json").unlink()
        status, _, err = run("validate")
        assert status == 1
        assert "no paths given" in err


class TestPlan:
    def test_differences_are_two(self, run, empty):
        status, out, _ = run("plan", "file.yaml", realm=empty)
        assert status == 2
        assert "+ client/a" in out
        assert "not-to-be-seen" not in out

    def test_no_differences_are_zero(self, run, equal):
        assert run("plan", realm=equal)[0] == 0

    def test_json_and_nothing_else(self, run, empty):
        status, out, _ = run("plan", "file.yaml", "--json", realm=empty)
        assert status == 2
        assert [change["address"] for change in json.loads(out)["changes"]] == ["realm/portal", "client/a"]
        assert set(json.loads(out)["changes"][0]) == {"action", "address", "before", "after", "reason"}
        assert "not-to-be-seen" not in out

    def test_no_differences_are_an_empty_list(self, run, equal):
        assert json.loads(run("plan", "--json", realm=equal)[1]) == {"changes": []}

    def test_it_is_written_to_a_file(self, run, empty, tmp_path):
        run("plan", "--out", "plan.json", realm=empty)
        assert json.loads((tmp_path / "plan.json").read_text())["changes"]

    def test_nothing_is_written(self, run, empty):
        run("plan", "file.yaml", realm=empty)
        assert empty.writes == []


class TestApply:
    def test_with_yes(self, run, empty):
        status, out, _ = run("apply", "file.yaml", "--yes", realm=empty)
        assert status == 0
        assert "2 done, 0 not done" in out
        assert empty.writes == [["realm/portal"], ["client/a"]]

    def test_without_yes_and_without_a_terminal_nothing_is_written(self, run, empty):
        status, _, err = run("apply", "file.yaml", realm=empty)
        assert status == 1
        assert "--yes" in err
        assert empty.writes == []

    def test_nothing_to_do_needs_no_yes(self, run, equal):
        assert run("apply", realm=equal)[0] == 0

    def test_json_and_nothing_else(self, run, empty):
        status, out, _ = run("apply", "file.yaml", "--yes", "--json", realm=empty)
        assert status == 0
        assert json.loads(out)["done"] == ["realm/portal", "client/a"]

    def test_prune_is_known(self, run, equal):
        assert run("apply", "--yes", "--prune", realm=equal)[0] == 0

    def test_a_refused_change_stops_all(self, run, empty, tmp_path):
        (tmp_path / "c.yaml").write_text("companies: [{id: acme, name: A, administrators: [a@b.example]}]\n")
        status, out, _ = run("--keycloak-realm", "portal", "apply", "c.yaml", "--yes", realm=empty)
        assert status == 1
        assert "neither in `people` nor on the server" in out
        assert empty.writes == []


class TestErrors:
    @pytest.mark.parametrize(
        "arguments", [("nonsense",), ("plan", "--nonsense"), ("plan", "--out"), ("--nonsense",)], ids=" ".join
    )
    def test_wrong_usage_is_one(self, run, arguments):
        status, out, err = run(*arguments)
        assert (status, out) == (1, "")
        assert "--help" in err

    def test_no_server_named(self, run):
        status, _, err = run("plan")
        assert status == 1
        assert "KEYCLOAK_URL" in err

    def test_json_holds_the_error(self, run):
        status, out, _ = run("plan", "--json")
        assert status == 1
        assert "KEYCLOAK_URL" in json.loads(out)["error"]

    def test_files_and_option_that_disagree(self, run):
        status, _, err = run("--keycloak-realm", "other", "validate")
        assert status == 1
        assert "KEYCLOAK_REALM" in err
