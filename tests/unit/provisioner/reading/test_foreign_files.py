"""What files of other tools and of older versions say, read without a server."""

from pathlib import Path

import pytest

from provisioner import loader
from provisioner.errors import InvalidFilesError
from provisioner.kinds.kind import Kind
from provisioner.loader import Loaded
from provisioner.reading.variables import escape, fill, foreign

CASES = Path(__file__).parent / "cases"


def load(text: str, folder: Path, suffix: str = ".json") -> Loaded:
    file = folder / f"realm{suffix}"
    file.write_text(text, encoding="utf-8")
    return loader.load([file], {})


def problems(text: str, folder: Path, suffix: str = ".json") -> list[str]:
    """What is wrong, without the name of the file."""
    with pytest.raises(InvalidFilesError) as error:
        load(text, folder, suffix)
    return [str(each).partition(f"realm{suffix}:")[2] for each in error.value.problems]


def warnings(text: str, folder: Path, suffix: str = ".json") -> list[str]:
    return [str(each).partition(f"realm{suffix}:")[2] for each in load(text, folder, suffix).notes]


class TestVariablesOfOtherTools:
    def test_one_is_refused_where_it_would_become_a_secret(self, tmp_path: Path):
        """The text itself would be the secret, known to whoever reads the file."""
        text = '{"realm": "r", "clients": [{"clientId": "a", "secret": "$(env:DESK_SECRET:-x)"}]}'
        (found,) = problems(text, tmp_path)
        assert found.endswith("which is not filled here: write ${DESK_SECRET:x}")

    @pytest.mark.parametrize("value", ["$(env:REALM)", "${env.REALM}"])
    def test_one_is_refused_in_the_name_of_the_realm(self, value: str, tmp_path: Path):
        (found,) = problems(f'{{"realm": "{value}"}}', tmp_path)
        assert found.endswith("write ${REALM}")

    def test_an_error_of_another_kind_gets_the_hint(self, tmp_path: Path):
        found = problems((CASES / "env-placeholder.json").read_text(encoding="utf-8"), tmp_path)
        assert found == [
            "4:2: sslRequired: must be one of external, none, all, not '${env.SSL_REQUIRED}'; ${env.SSL_REQUIRED}"
            " is a variable of another tool, which is not filled here: write ${SSL_REQUIRED}"
        ]

    def test_every_place_is_named_at_once(self, tmp_path: Path):
        text = (CASES / "syntax-of-another-tool.yaml").read_text(encoding="utf-8")
        found = problems(text, tmp_path, ".yaml")
        assert [each.partition(": ")[2].partition(":")[0] for each in found] == [
            "sslRequired",
            "accessTokenLifespan",
            "clients[0].secret",
        ]

    def test_elsewhere_it_is_a_warning(self, tmp_path: Path):
        (found,) = warnings('{"realm": "r", "displayName": "${env.TITLE}"}', tmp_path)
        assert found.startswith("1:16: displayName: ${env.TITLE} is a variable of another tool")
        assert found.endswith("write ${TITLE}")

    def test_what_is_keycloaks_own_stays(self):
        for text in (
            "${ALIAS}.${NAMEID}",
            "${UUID}",
            "${ATTRIBUTE.mail | localpart}",
            "${vault.key}",
            "${role_x}",
        ):
            assert fill(text, {}) == text
            assert escape(text) == text
            assert foreign(text) == ""

    def test_a_source_other_than_the_environment_has_no_name_to_write(self):
        assert foreign("$(file:UTF8:/run/secret)").endswith("use a variable of the environment")


class TestKeys:
    def test_one_that_is_there_twice_is_named_with_both_lines(self):
        with pytest.raises(InvalidFilesError) as error:
            loader.load([CASES / "duplicate-key.json"], {})
        assert str(error.value).endswith("5:2: users: this object already has the key in line 4")

    def test_an_unknown_one_is_unknown_with_null_too(self, tmp_path: Path):
        assert problems('{"realm": "r", "nope": null}', tmp_path) == ["1:16: nope: unknown key"]

    def test_null_takes_an_entry_away_and_empties_an_object_of_free_keys(self, tmp_path: Path):
        text = '{"realm": "r", "attributes": {"a": null}, "groups": [{"name": "g", "attributes": null}]}'
        desired = load(text, tmp_path).desired
        assert desired.resources[next(iter(desired.resources))].fields["attributes"] == {"a": None}
        (group,) = desired.of_kind(Kind.GROUP)
        assert group.fields["attributes"] == {}

    def test_elsewhere_null_says_nothing(self, tmp_path: Path):
        assert warnings('{"realm": "r", "displayName": null}', tmp_path) == [
            "1:16: displayName: null says nothing here: left out"
        ]


class TestWordsOfYaml:
    @pytest.mark.parametrize(("word", "shown"), [("Null", "nothing"), ("True", "true"), ("no", None)])
    def test_one_that_yaml_takes_for_a_value_is_no_name(self, word: str, shown: str | None, tmp_path: Path):
        text = f"realm: r\nroles:\n  realm:\n    - name: {word}\n"
        if shown is None:  # text in YAML 1.2
            (role,) = load(text, tmp_path, ".yaml").desired.of_kind(Kind.ROLE)
            assert role.address.names == ("", word)
            return
        (found,) = problems(text, tmp_path, ".yaml")
        assert found == f"4:7: roles.realm[0].name: must be text, not {shown}: write a name in quotes"


class TestOlderVersions:
    def test_client_policies_of_keycloak_13_are_read(self, tmp_path: Path):
        text = '{"realm": "r", "clientPolicies": {"policies": [{"name": "p", "builtin": false, "enable": true}]}}'
        loaded = load(text, tmp_path)
        (policy,) = loaded.desired.of_kind(Kind.CLIENT_POLICY)
        assert policy.fields == {"enabled": True}
        assert sorted(note.message for note in loaded.notes) == [
            "left out: Keycloak 14 and later do not read it",
            "read as enabled, which is its name in Keycloak 26.7",
        ]

    def test_a_set_has_nothing_twice_and_nothing_empty(self, tmp_path: Path):
        text = '{"realm": "r", "clients": [{"clientId": "a", "redirectUris": ["", "x", "x"]}]}'
        loaded = load(text, tmp_path)
        (client,) = loaded.desired.of_kind(Kind.CLIENT)
        assert client.fields["redirectUris"] == ["x"]
        assert len(loaded.notes) == 2

    def test_configurations_of_one_alias_must_be_equal(self, tmp_path: Path):
        def configs(*values: str) -> str:
            listed = ", ".join(f'{{"alias": "c", "config": {{"x": "{value}"}}}}' for value in values)
            return f'{{"realm": "r", "authenticatorConfig": [{listed}]}}'

        assert load(configs("1", "1"), tmp_path).notes == ()
        assert problems(configs("1", "2"), tmp_path)
