"""The command line without a server: exit status and output streams."""

import json
import sys

import pytest

from provisioner import cli
from provisioner.kinds.kind import Kind
from provisioner.model.state import Address, Resource
from provisioner.verbs import Verbs
from tests.unit.provisioner.fakes import FakeRealm

FILE = "realm: portal\nenabled: true\nclients: [{clientId: a, secret: not-to-be-seen}]\n"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that runs a command in a folder with the default realm file, on a realm in memory."""
    (tmp_path / "keycloak").mkdir()
    (tmp_path / "keycloak" / "realm-export.json").write_text('{"realm": "portal", "enabled": true}')
    (tmp_path / "file.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    for name in ("URL", "REALM", "USERNAME", "PASSWORD", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"KEYCLOAK_{name}", raising=False)

    def run(*arguments: str, realm: FakeRealm | None = None) -> tuple[int, str, str]:
        if realm is not None:
            monkeypatch.setattr(Verbs, "_realm", lambda self, name: realm)
        monkeypatch.setattr(sys, "argv", ["provisioner", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

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

    def test_an_empty_default_folder_is_ignored(self, run, tmp_path):
        (tmp_path / "companies").mkdir()
        assert run("validate")[0] == 0

    def test_no_default_path_is_an_error(self, run, tmp_path):
        (tmp_path / "keycloak" / "realm-export.json").unlink()
        status, _, err = run("validate")
        assert status == 1
        assert "no paths given" in err


class TestWarnings:
    """A file with a warning of its own, and one of what the server makes of it."""

    TEXT = (
        "realm: portal\nclients:\n  - clientId: a\n    publicClient: true\n    secret: x\n"
        "    redirectUris: [b, b]\n"
    )

    @pytest.fixture
    def file(self, tmp_path) -> str:
        (tmp_path / "warned.yaml").write_text(self.TEXT)
        return "warned.yaml"

    def test_validate_has_those_of_the_files(self, run, file):
        status, out, _ = run("validate", file)
        assert status == 0
        assert out.splitlines() == [
            "  warned.yaml:6:5: clients[0].redirectUris: 'b' is in this list several times: taken once",
            "Realm portal: 1 file, 2 resources, 1 warning, nothing refused.",
        ]

    def test_plan_has_those_of_the_server_too(self, run, file, empty):
        status, out, _ = run("plan", file, "--json", realm=empty)
        assert status == 2
        assert json.loads(out)["warnings"][1] == {
            "address": "client/a",
            "file": "warned.yaml",
            "line": 3,
            "reason": "a public client has no secret: left out",
        }

    def test_strict_makes_them_errors(self, run, file, empty):
        assert run("validate", file, "--strict")[0] == 1
        assert run("plan", file, "--strict", realm=empty)[0] == 1
        status, out, _ = run("apply", file, "--yes", "--strict", realm=empty)
        assert status == 1
        assert "a public client has no secret" in out
        assert empty.writes == []

    def test_without_strict_they_bar_nothing(self, run, file, empty):
        assert run("apply", file, "--yes", realm=empty)[0] == 0
        assert empty.writes


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
        assert json.loads(run("plan", "--json", realm=equal)[1]) == {"changes": [], "warnings": []}

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

    def test_a_refused_change_prevents_all_others(self, run, empty, tmp_path):
        (tmp_path / "c.yaml").write_text("companies: [{id: acme, name: A, administrators: [a@b.example]}]\n")
        status, out, _ = run("--keycloak-realm", "portal", "apply", "c.yaml", "--yes", realm=empty)
        assert status == 1
        assert "neither in `people` nor on the server" in out
        assert empty.writes == []


class TestErrors:
    @pytest.mark.parametrize(
        "arguments", [("nonsense",), ("plan", "--nonsense"), ("plan", "--out"), ("--nonsense",)], ids=" ".join
    )
    def test_wrong_usage_exits_with_1(self, run, arguments):
        status, out, err = run(*arguments)
        assert (status, out) == (1, "")
        assert "--help" in err

    def test_a_missing_server_address_is_an_error(self, run):
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


class TestOptions:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["--keycloak-realm", "other", "validate"],
            ["validate", "--keycloak-realm", "other"],
            ["validate", "--keycloak-realm=other"],
        ],
    )
    def test_connection_options_may_be_anywhere(self, run, arguments):
        status, _, err = run(*arguments)
        assert status == 1
        assert "the realm is 'portal' here, but 'other' in KEYCLOAK_REALM" in err

    def test_wrong_usage_is_an_error(self, run):
        status, out, err = run("plan", "--no-such-option")
        assert (status, out) == (1, "")
        assert "See provisioner --help" in err

    def test_arguments_after_two_dashes_are_paths(self, run):
        status, _, err = run("validate", "--", "--keycloak-realm")
        assert status == 1
        assert "--keycloak-realm: no such file or folder" in err


class TestDrift:
    def test_unmanaged_resources_only_count_with_strict(self, run, equal):
        equal.state = equal.state.with_resources(
            [*equal.state.resources.values(), Resource(Address(Kind.GROUP, ("/by-hand",)), {})]
        )
        assert run("drift", realm=equal)[0] == 0
        assert run("plan", realm=equal)[0] == 0
        status, out, _ = run("drift", "--strict", realm=equal)
        assert status == 2
        assert "unmanaged (kept)" in out

    def test_markdown_is_for_a_pull_request(self, run, empty):
        status, out, _ = run("drift", "--markdown", realm=empty)
        assert status == 2
        assert out.splitlines() == [
            "**Realm portal**: 1 to update, nothing refused.",
            "",
            "### realm",
            "",
            "```diff",
            "! realm/portal",
            "    enabled: false -> true",
            "```",
        ]


class TestSavedPlan:
    def test_it_is_applied_while_the_server_is_as_it_was(self, run, empty):
        assert run("plan", "--out", "plan.json", realm=empty)[0] == 2
        assert run("apply", "plan.json", "--yes", realm=empty)[0] == 0
        assert empty.state.get(Kind.REALM, "portal").fields == {"enabled": True}

    def test_it_is_refused_afterwards(self, run, empty):
        run("plan", "--out", "plan.json", realm=empty)
        assert run("apply", "plan.json", "--yes", realm=empty)[0] == 0
        status, _, err = run("apply", "plan.json", "--yes", realm=empty)
        assert status == 1
        assert "the server has changed since the plan was made" in err


class TestSchema:
    def test_it_is_one_json_object(self, run):
        status, out, _ = run("schema")
        assert status == 0
        assert json.loads(out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
