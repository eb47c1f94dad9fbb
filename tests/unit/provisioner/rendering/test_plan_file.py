"""A plan in a file: without secrets, applied only to a server that is as it was."""

import json
from pathlib import Path

import pytest

from provisioner import loader
from provisioner.errors import ProvisionerError, StalePlanError
from provisioner.model.state import Address, Kind, RealmState, Resource
from provisioner.planning.plan import plan
from provisioner.rendering import plan_file

FILE = """
realm: portal
enabled: true
smtpServer: {host: mail, auth: true, password: "${SMTP_PASSWORD}"}
clients:
  - {clientId: portal, secret: spelled-out, name: Portail}
"""
ENVIRONMENT = {"SMTP_PASSWORD": "from-the-environment"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "realm.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def server(**settings) -> RealmState:
    return RealmState.of("portal", [Resource(Address(Kind.REALM, ("portal",)), settings)])


def save(file: Path, observed: RealmState) -> Path:
    loaded = loader.load([file], ENVIRONMENT)
    path = file.with_name("plan.json")
    path.write_text(plan_file.as_json(plan(loaded.desired, observed), loaded.documents), encoding="utf-8")
    return path


def again(path: Path, observed: RealmState, environment=ENVIRONMENT):
    """The plan made from the saved one, and the desired state."""
    found = plan_file.read(path)
    desired = loader.load_documents(plan_file.documents(found), environment).desired
    planned = plan(desired, observed)
    plan_file.check(found, planned)
    return planned, desired


def test_no_secret_is_in_it(file):
    text = save(file, server()).read_text(encoding="utf-8")
    assert "spelled-out" not in text
    assert "from-the-environment" not in text
    assert "${SMTP_PASSWORD}" in text


def test_the_same_plan_comes_out_again_with_all_secrets(file):
    planned, desired = again(save(file, server()), server())
    assert [str(change.address) for change in planned] == ["realm/portal", "client/portal"]
    assert desired.get(Kind.CLIENT, "portal").fields["secret"] == "spelled-out"
    assert desired.get(Kind.REALM, "portal").fields["smtpServer"]["password"] == "from-the-environment"


def test_a_server_that_has_moved_on_is_refused(file):
    path = save(file, server(enabled=False))
    with pytest.raises(StalePlanError, match="realm/portal"):
        again(path, server(enabled=True))


def test_what_others_made_meanwhile_does_not_count(file):
    path = save(file, server())
    foreign = Resource(Address(Kind.GROUP, ("/by-hand",)), {})
    again(path, server().with_resources([*server().resources.values(), foreign]))


def test_an_undefined_variable_is_told(file):
    with pytest.raises(ProvisionerError, match="SMTP_PASSWORD"):
        again(save(file, server()), server(), environment={})


def test_a_file_with_a_secret_that_is_gone_is_named(file):
    path = save(file, server())
    file.unlink()
    with pytest.raises(ProvisionerError, match=r"realm\.yaml: the plan needs a secret"):
        plan_file.documents(plan_file.read(path))


def test_other_files_are_no_plans(file, tmp_path):
    assert plan_file.read(file) is None
    assert plan_file.read(tmp_path / "not-there") is None
    (tmp_path / "realm.json").write_text('{"realm": "portal"}')
    assert plan_file.read(tmp_path / "realm.json") is None


def test_a_plan_of_another_version_is_refused(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"provisionerPlan": 99}))
    with pytest.raises(ProvisionerError, match="plan again"):
        plan_file.read(path)
