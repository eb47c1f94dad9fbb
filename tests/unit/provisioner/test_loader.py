"""Files to the desired state: variables, shapes, joining, and errors with file, line and key."""

import json
from pathlib import Path

import pytest

from provisioner import loader
from provisioner.errors import InvalidFilesError, ProvisionerError
from provisioner.kinds.kind import Kind

REALM_FILE = Path(__file__).parents[3] / "keycloak" / "realm-export.json"


@pytest.fixture
def write(tmp_path: Path):
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def problems(path: Path, environment: dict[str, str] | None = None, realm: str | None = None) -> list[str]:
    """Return the errors as text, without the folder."""
    with pytest.raises(InvalidFilesError) as caught:
        loader.load([path], environment or {}, realm)
    folder = path if path.is_dir() else path.parent
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


class TestErrors:
    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            ("a.yaml", "realm: portal\nenabeld: true\n", "a.yaml:2:1: enabeld: unknown key"),
            (
                "a.yaml",
                "realm: portal\nDisplayname: x\n",
                "a.yaml:2:1: Displayname: unknown key (did you mean displayName?)",
            ),
            (
                "a.json",
                '{"realm": "portal",\n "clients": [\n  {"clientId": "a",\n   "redirectUri": []}]}',
                "a.json:4:4: clients[0].redirectUri: unknown key",
            ),
            ("a.yaml", "realm: portal\nenabled: maybe\n", "a.yaml:2:1: enabled: must be true or false"),
            ("a.yaml", "realm: portal\nfailureFactor: 1.5\n", "a.yaml:2:1: failureFactor: must be a whole number"),
            ("a.yaml", "realm: portal\ndisplayName: [a]\n", "a.yaml:2:1: displayName: must be text"),
            ("a.yaml", "realm: portal\nclients: {}\n", "a.yaml:2:1: clients: must be a list"),
            ("a.yaml", "realm: portal\nattributes: []\n", "a.yaml:2:1: attributes: must be an object"),
            (
                "a.yaml",
                "realm: portal\nclients:\n  - name: x\n",
                "a.yaml:3:5: clients[0]: the key clientId is missing",
            ),
            (
                "a.yaml",
                "realm: portal\napplications: []\n",
                "a.yaml:2:1: applications: a key of Keycloak that the provisioner does not manage: the form",
            ),
            (
                "a.yaml",
                "realm: portal\nsmtpServer:\n  host: ${SMTP_HOST}\n",
                "a.yaml:3:3: smtpServer.host: the variable SMTP_HOST is not set and has no default",
            ),
            ("a.yaml", "realm: portal\n  bad: x\n", "a.yaml:2:6: not YAML: mapping values are not allowed"),
            (
                "a.json",
                '{"realm": "portal",\nx}',
                "a.json:2:1: not JSON: Expecting property name enclosed in double quotes",
            ),
            (
                "a.json",
                '{"realm": "portal",\n "realm": "x"}',
                "a.json:2:2: realm: this object already has the key in line 1",
            ),
            ("a.yaml", "- 1\n", "a.yaml:1:1: must be an object"),
            (
                "a.yaml",
                "realm: portal\ngroups:\n  - name: a\n    path: /b\n",
                "a.yaml:4:5: groups[0].path: the path of this group is /a",
            ),
            (
                "a.yaml",
                "realm: portal\nauthenticationFlows:\n  - alias: a\n    topLevel: true\n"
                "    authenticationExecutions:\n      - {requirement: REQUIRED, flowAlias: b}\n",
                "a.yaml:6:33: authenticationFlows[0].authenticationExecutions[0].flowAlias: no flow b in this",
            ),
            (
                "a.yaml",
                "realm: portal\nauthenticationFlows:\n  - alias: a\n    topLevel: true\n"
                "    authenticationExecutions:\n      - {requirement: REQUIRED, flowAlias: a}\n",
                "the flow a contains itself",
            ),
            (
                "a.yaml",
                "realm: portal\nauthenticationFlows:\n  - alias: a\n",
                "a.yaml:3:5: authenticationFlows[0]: neither topLevel nor a sub-flow of a top-level flow",
            ),
            (
                "a.yaml",
                "realm: portal\nauthenticationFlows:\n  - alias: a\n    topLevel: true\n"
                "    authenticationExecutions:\n      - {authenticator: auth-cookie}\n",
                "the key requirement is missing",
            ),
            (
                "a.yaml",
                "realm: portal\nauthenticationFlows:\n  - alias: a\n    topLevel: true\n"
                "    authenticationExecutions:\n      - {requirement: REQUIRED}\n",
                "has neither an authenticator nor a flowAlias",
            ),
            (
                "a.yaml",
                "realm: portal\nauthenticationFlows:\n  - alias: a\n    topLevel: true\n"
                "    authenticationExecutions:\n"
                "      - {requirement: REQUIRED, authenticator: b, authenticatorConfig: c}\n",
                "no authenticatorConfig c in this file",
            ),
        ],
    )
    def test_a_realm_file(self, write, name, text, expected):
        assert expected in problems(write(name, text))[0]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("companies:\n  - {id: Acme, name: A}\n", "a.yaml:2:6: companies[0].id: must match"),
            ("companies:\n  - id: a/b\n    name: A\n", "a.yaml:2:5: companies[0].id: must match"),
            ("companies:\n  - id: acme\n", "a.yaml:2:5: companies[0]: the key name is missing"),
            (
                "companies:\n  - id: acme\n    name: '  '\n",
                "a.yaml:3:5: companies[0].name: must have 1 to 255 characters",
            ),
            (
                f"companies:\n  - id: acme\n    name: {'x' * 256}\n",
                "a.yaml:3:5: companies[0].name: must have 1 to 255",
            ),
            (
                "companies:\n  - id: acme\n    name: A\n    admins: []\n",
                "a.yaml:4:5: companies[0].admins: unknown key",
            ),
            (
                "companies:\n  - id: acme\n    name: A\n    administrators:\n      - anne\n",
                "a.yaml:5:9: companies[0].administrators[0]: must be an e-mail address",
            ),
            (
                "people:\n  - email: a@b.example\n    last_name: D\n    first_name: A\n    title: dr\n",
                "a.yaml:5:5: people[0].title: must be one of m, mme",
            ),
            ("people:\n  - {email: a@b.example}\n", "a.yaml:2:5: people[0]: the key last_name is missing"),
        ],
    )
    def test_a_company_file(self, write, text, expected):
        assert problems(write("a.yaml", text), realm="portal")[0].startswith(expected)

    def test_all_errors_are_reported_at_once(self, write):
        write("files/a.yaml", "realm: portal\nx: 1\ny: 2\n")
        path = write("files/b.yaml", "realm: portal\nz: 3\n")
        assert [each.split(": ")[1] for each in problems(path.parent)] == ["x", "y", "z"]

    def test_missing_paths(self, tmp_path):
        with pytest.raises(InvalidFilesError, match=r"missing\.yaml: no such file or folder"):
            loader.load([tmp_path / "missing.yaml"], {})

    def test_a_run_without_a_realm_is_an_error(self, write):
        with pytest.raises(ProvisionerError, match="KEYCLOAK_REALM"):
            loader.load([write("a.yaml", "companies: []\n")], {})


class TestRealmName:
    def test_the_realm_comes_from_the_files(self, write):
        assert loader.load([write("a.yaml", "realm: mine\n")], {}).desired.realm == "mine"

    def test_the_realm_of_company_files_comes_from_the_settings(self, write):
        loaded = loader.load([write("a.yaml", "companies: []\n")], {}, "mine")
        assert loaded.desired.realm == "mine"

    def test_files_that_disagree(self, write):
        write("files/a.yaml", "realm: one\n")
        path = write("files/b.yaml", "enabled: true\nrealm: two\n")
        assert problems(path.parent) == ["b.yaml:2:1: realm: the realm is 'two' here, but 'one' in a.yaml:1"]

    def test_a_realm_in_files_and_settings_must_agree(self, write):
        path = write("a.yaml", "realm: one\n")
        assert problems(path, realm="two") == [
            "a.yaml:1:1: realm: the realm is 'one' here, but 'two' in KEYCLOAK_REALM"
        ]


class TestVariables:
    ENVIRONMENT = {"NAME": 'a "quoted" value', "PORT": "25", "YES": "true"}  # noqa: RUF012

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("${NAME}", 'a "quoted" value'),
            ("http://${NAME}/", 'http://a "quoted" value/'),
            ("${OTHER:http://localhost:8000}/login", "http://localhost:8000/login"),
            ("${OTHER:}", ""),
            ("$${NAME}", "${NAME}"),
            ("${ALIAS}", "${ALIAS}"),
            ("${ALIAS}.${NAME}", '${ALIAS}.a "quoted" value'),
            ("${role_default-roles}", "${role_default-roles}"),
            ("${env.NAME}", "${env.NAME}"),
            ("${name}", "${name}"),
            ("${Name}", "${Name}"),
            ("$NAME", "$NAME"),
        ],
    )
    def test_variables_are_filled_in_after_parsing(self, write, text, expected):
        path = write("a.json", json.dumps({"realm": "portal", "displayName": text}))
        desired = loader.load([path], self.ENVIRONMENT).desired
        assert desired.get(Kind.REALM, "portal").fields["displayName"] == expected

    def test_variables_are_converted_to_the_expected_type(self, write):
        path = write("a.yaml", "realm: portal\nfailureFactor: ${PORT}\nenabled: ${YES}\n")
        desired = loader.load([path], self.ENVIRONMENT).desired
        assert desired.get(Kind.REALM, "portal").fields == {"failureFactor": 25, "enabled": True}

    def test_variables_in_keys_are_not_filled_in(self, write):
        path = write("a.yaml", "realm: portal\nattributes: {'${NAME}': x}\n")
        desired = loader.load([path], self.ENVIRONMENT).desired
        assert desired.get(Kind.REALM, "portal").fields["attributes"] == {"${NAME}": "x"}


class TestFiles:
    def test_folders_are_read_recursively_without_hidden_files(self, write, tmp_path):
        write("a.yaml", "realm: portal\n")
        write("deep/er/b.yml", "groups: [{name: b}]\n")
        write("deep/.hidden.yaml", "not: a realm\n")
        write(".git/config.yaml", "not: a realm\n")
        write("README.md", "no file of ours\n")
        loaded = loader.load([tmp_path], {})
        assert [Path(each.source.file).name for each in loaded.documents] == ["a.yaml", "b.yml"]
        assert loaded.desired.get(Kind.GROUP, "/b")

    def test_one_file_may_hold_several_documents(self, write):
        path = write("a.yaml", "realm: portal\n---\n---\ncompanies:\n  - {id: acme, name: Acme}\n")
        assert loader.load([path], {}).desired.get(Kind.COMPANY, "acme")

    def test_a_file_named_twice_is_read_once(self, write, tmp_path):
        path = write("a.yaml", "realm: portal\n")
        assert [each.source.file for each in loader.load([tmp_path, path], {}).documents] == [str(path)]

    def test_ids_in_files_are_ignored(self, write):
        path = write("a.yaml", "realm: portal\nid: x\nclients: [{id: y, clientId: a}]\n")
        assert loader.load([path], {}).desired.get(Kind.CLIENT, "a").fields == {}

    def test_authorization_services_need_a_service_account(self, write):
        path = write("a.yaml", "realm: portal\nclients: [{clientId: a, authorizationServicesEnabled: true}]\n")
        fields = loader.load([path], {}).desired.get(Kind.CLIENT, "a").fields
        assert fields == {"authorizationServicesEnabled": True, "serviceAccountsEnabled": True}

    def test_a_null_value_is_ignored(self, write):
        path = write("a.yaml", "realm: portal\ndisplayName:\n")
        assert loader.load([path], {}).desired.get(Kind.REALM, "portal").fields == {}


class TestOldExports:
    @staticmethod
    def _text(version: str) -> str:
        return f'{{{version}"realm": "portal",\n "userCacheEnabled": true}}'

    @pytest.mark.parametrize("version", ["18.0.0", "25.0.6", "26.0.8", "26.6.1"])
    def test_dropped_keys_are_noted_and_left_out(self, write, version):
        path = write("a.json", self._text(f'"keycloakVersion": "{version}", '))
        (note,) = loader.load([path], {}).notes
        assert str(note) == f"{path}:2:2: userCacheEnabled: no longer in Keycloak 26.7: left out"

    @pytest.mark.parametrize("version", ["", '"keycloakVersion": "26.7.4", ', '"keycloakVersion": "27.0", '])
    def test_a_dropped_key_is_an_error_in_other_files(self, write, version):
        (found,) = problems(write("a.json", self._text(version)))
        assert found.endswith("userCacheEnabled: Keycloak dropped this key in 1.9")

    def test_an_unknown_key_is_an_error_in_old_exports(self, write):
        path = write("a.yaml", "realm: portal\nkeycloakVersion: 18.0.0\nusers: [{username: x, userName: y}]\n")
        assert problems(path) == ["a.yaml:3:23: users[0].userName: unknown key (did you mean username?)"]

    def test_keys_that_no_request_can_set_are_noted(self, write):
        path = write("a.yaml", "realm: portal\nusers:\n  - username: anne\n    clientConsents: []\n")
        loaded = loader.load([path], {})
        (note,) = loaded.notes
        assert str(note).startswith(f"{path}:4:5: users[0].clientConsents: left out: no request can set")
        assert loaded.desired.get(Kind.USER, "anne").fields == {}


class TestMaskedSecrets:
    def test_masks_are_ignored(self, write):
        mask = "'**********'"
        path = write(
            "a.yaml",
            f"realm: portal\nsmtpServer: {{password: {mask}, host: h}}\ndisplayName: {mask}\n"
            f"clients: [{{clientId: a, secret: {mask}, attributes: {{key: {mask}}}}}]\n",
        )
        desired = loader.load([path], {}).desired
        assert desired.get(Kind.REALM, "portal").fields == {
            "smtpServer": {"host": "h"},
            "displayName": "**********",
        }
        assert desired.get(Kind.CLIENT, "a").fields == {"attributes": {}}


class TestJoining:
    def test_files_are_joined(self, write):
        write("files/a.yaml", "realm: portal\nattributes: {a: 1}\nclients: [{clientId: x, name: X}]\n")
        path = write("files/b.yaml", "attributes: {b: 2, a: 1}\nclients: [{clientId: x, baseUrl: /}]\n")
        desired = loader.load([path.parent], {}).desired
        assert desired.get(Kind.REALM, "portal").fields == {"attributes": {"a": "1", "b": "2"}}
        assert desired.get(Kind.CLIENT, "x").fields == {"name": "X", "baseUrl": "/"}

    def test_a_contradiction_names_both_places(self, write):
        write("files/a.yaml", "realm: portal\nclients:\n  - clientId: x\n    name: one\n")
        path = write("files/b.yaml", "clients:\n  - name: two\n    clientId: x\n")
        (found,) = problems(path.parent)
        assert found == "b.yaml:2:5: clients[0].name: client/x: differs from what another place says (a.yaml:4)"

    def test_a_contradiction_in_a_nested_object(self, write):
        write("files/a.yaml", "realm: portal\nattributes:\n  a: 1\n")
        path = write("files/b.yaml", "attributes: {b: 2,\n  a: 3}\n")
        (found,) = problems(path.parent)
        assert found == "b.yaml:2:3: attributes.a: realm/portal: differs from what another place says (a.yaml:3)"

    def test_a_company_twice_in_one_file(self, write):
        path = write("a.yaml", "companies:\n  - {id: acme, name: A}\n  - {id: acme, name: B}\n")
        assert "a.yaml:3:6: companies[1].id: 'acme' is already in this list" in problems(path, realm="portal")[0]

    def test_the_profile_as_object_and_as_component(self, write):
        profile = {"attributes": [{"name": "email"}]}
        component = {
            "org.keycloak.userprofile.UserProfileProvider": [
                {
                    "providerId": "declarative-user-profile",
                    "config": {"kc.user.profile.config": [json.dumps(profile)]},
                }
            ]
        }
        one = loader.load([write("a.json", json.dumps({"realm": "p", "userProfile": profile}))], {}).desired
        other = loader.load([write("b.json", json.dumps({"realm": "p", "components": component}))], {}).desired
        unset = {"groups": {}, "unmanagedAttributePolicy": None}  # a component is the whole profile
        assert {**unset, **one.get(Kind.USER_PROFILE).fields} == other.get(Kind.USER_PROFILE).fields


class TestOurOwnRealmFile:
    SECRETS = {  # noqa: RUF012
        "CLIENT_PORTAL_SECRET": "p",
        "CLIENT_SAMPLE_SERVICE_SECRET": "s",
        "CLIENT_PORTAL_DIRECTORY_SECRET": "d",
    }

    def test_it_is_valid(self):
        assert loader.load([REALM_FILE], self.SECRETS).desired.realm == "portal"

    @pytest.mark.parametrize("name", sorted(SECRETS))
    def test_no_secret_has_a_default(self, name):
        environment = {key: value for key, value in self.SECRETS.items() if key != name}
        with pytest.raises(InvalidFilesError, match=name):
            loader.load([REALM_FILE], environment)

    def test_addresses_come_from_the_environment(self):
        names = ("PORTAL_URL", "PORTAL_BACKCHANNEL_URL", "SERVICE_URL", "SERVICE_BACKCHANNEL_URL")
        environment = {**self.SECRETS, **{name: f"https://{name.split('_')[0].lower()}.example" for name in names}}
        desired = loader.load([REALM_FILE], environment).desired
        for name, address in (("portal", "https://portal.example"), ("sample-service", "https://service.example")):
            client = desired.get(Kind.CLIENT, name).fields
            signed_in = ["/login/callback", *(["/login"] if name == "portal" else []), "/"]
            assert client["redirectUris"] == [address + path for path in signed_in]
            assert client["attributes"]["backchannel.logout.url"] == f"{address}/backchannel-logout"
            assert client["attributes"]["post.logout.redirect.uris"] == f"{address}/"
            assert "localhost" not in json.dumps(client)

    def test_people_cannot_change_their_address(self):
        desired = loader.load([REALM_FILE], self.SECRETS).desired
        attributes = desired.get(Kind.USER_PROFILE).fields["attributes"]
        assert [name for name, each in attributes.items() if "user" in each["permissions"]["edit"]] == [
            "firstName",
            "lastName",
            "title",
            "locale",
        ]
        assert "user" not in attributes["activationSentAt"]["permissions"]["view"]
