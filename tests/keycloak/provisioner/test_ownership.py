"""Who made what, on the real server: deletions, what others made, masked secrets, two runs at once, kills."""

import json
import signal
import subprocess
import sys
import threading
import time

import pytest

from provisioner import loader
from provisioner.errors import ServerError, StalePlanError
from provisioner.kinds.company import BATCH
from provisioner.kinds.kind import Kind
from provisioner.model.changes import Action, Change
from provisioner.model.state import Address, RealmState
from provisioner.planning.apply import apply
from provisioner.planning.plan import plan
from provisioner.server.lock import ROLE
from tests.keycloak.provisioner.realms import KilledError, TestRealm

COMPANIES = """
companies:
  - {id: acme, name: Acme Énergie, services: [data]}
  - {id: globex, name: Globex, services: [data]}
"""
ACME = """
companies:
  - {id: acme, name: Acme Énergie, services: [data]}
"""


@pytest.fixture
def small(realm: TestRealm) -> TestRealm:
    """A realm with little in it, not applied yet."""
    realm.content = {
        "realm": realm.name,
        "enabled": True,
        "groups": [{"name": "operators"}],
        "clients": [
            {
                "clientId": "service",
                "secret": "not-to-be-seen",
                "redirectUris": ["http://localhost/*"],
                "protocolMappers": [mapper("first"), mapper("second")],
            }
        ],
    }
    realm.write()
    realm.write_companies(COMPANIES)
    return realm


def mapper(name: str) -> dict:
    return {
        "name": name,
        "protocol": "openid-connect",
        "protocolMapper": "oidc-usermodel-attribute-mapper",
        "config": {"user.attribute": name, "claim.name": name, "access.token.claim": "true"},
    }


def actions(realm: TestRealm) -> dict[str, str]:
    return {str(change.address): change.action.value for change in realm.plan()}


class TestDeletions:
    def test_only_what_an_apply_made_and_only_when_asked(self, small: TestRealm):
        assert small.apply().complete
        small.add_person("paul@globex.example", "/globex")
        small.admin.post("groups", {"name": "by-hand"}).raise_for_status()
        acme = small.group("/acme")
        small.admin.post(f"groups/{acme}/children", {"name": "inner"}).raise_for_status()
        client = small.admin.get("clients", clientId="service").json()[0]["id"]
        small.admin.post(f"clients/{client}/protocol-mappers/models", mapper("by hand")).raise_for_status()
        small.content["clients"][0]["protocolMappers"] = [mapper("first")]
        small.write()
        small.write_companies(ACME)

        assert actions(small) == {
            "company/globex": "delete",
            "client-mapper/service/second": "delete",
            "client-mapper/service/by hand": "unmanaged",
            "group/by-hand": "unmanaged",
            "group/acme/inner": "unmanaged",
        }
        told = {str(change.address): change.reason for change in small.plan()}
        assert "1 person would be detached" in told["company/globex"]

        outcome = small.apply()
        assert outcome.complete
        assert (len(outcome.done), len(outcome.kept)) == (0, 2)
        assert small.api.writes == []

        assert small.apply(prune=True).complete
        assert small.admin.get("group-by-path/globex").status_code == 404
        assert small.admin.get("users", email="paul@globex.example", exact="true").json()[0]["enabled"]
        assert set(actions(small).values()) == {"unmanaged"}
        assert small.group("/by-hand")
        assert small.group("/acme/inner")

    def test_an_empty_list_is_none_of_mine(self, small: TestRealm):
        assert small.apply().complete
        small.admin.post("groups", {"name": "by-hand"}).raise_for_status()
        small.content["groups"] = []
        small.write()
        small.write_companies("companies: []\n")
        found = actions(small)
        assert found["group/operators"] == found["company/acme"] == found["company/globex"] == "delete"
        assert found["group/by-hand"] == "unmanaged"

    def test_what_was_there_before_is_never_deleted(self, small: TestRealm):
        """Named in a file and found on the server, it is looked after, and still somebody else's."""
        assert small.apply().complete
        small.admin.post("groups", {"name": "by-hand"}).raise_for_status()
        small.content["groups"].append({"name": "by-hand", "attributes": {"a": ["b"]}})
        small.write()
        assert small.apply().complete
        small.content["groups"].pop()
        small.write()
        assert actions(small) == {"group/by-hand": "unmanaged"}

    def test_files_of_another_kind_delete_nothing(self, small: TestRealm):
        assert small.apply().complete
        (small.folder / "companies.yaml").unlink()
        assert small.plan().writes == ()

    def test_another_machine_knows_too(self, small: TestRealm):
        """Nothing but the realm remembers: the command in a process of its own sees the same."""
        assert small.apply().complete
        small.write_companies(ACME)
        ended = small.command("drift", str(small.folder), "--json")
        assert ended.returncode == 2, ended.stderr
        assert [(each["action"], each["address"]) for each in json.loads(ended.stdout)["changes"]] == [
            ("delete", "company/globex")
        ]


class TestGroupsOfCompanies:
    def test_a_company_that_lost_its_mark_gets_it_back(self, small: TestRealm):
        assert small.apply().complete
        id = small.group("/acme")
        group = small.admin.get(f"groups/{id}").json()
        del group["attributes"]["kind"]
        small.admin.put(f"groups/{id}", group).raise_for_status()
        assert actions(small) == {"company/acme": "update"}
        assert small.apply().complete
        assert small.group("/acme") == id
        assert small.plan().changes == ()

    def test_a_group_of_the_same_name_is_somebody_else_s(self, small: TestRealm):
        small.write_companies("companies: []\n")
        assert small.apply().complete
        small.admin.post("groups", {"name": "acme"}).raise_for_status()
        small.write_companies(ACME)
        assert actions(small) == {"company/acme": "refused", "group/acme": "unmanaged"}

    def test_one_that_keycloak_refuses_takes_its_batch_along(self, small: TestRealm):
        """What the checks of files keep away: the server is asked directly."""
        assert small.apply().complete
        good, bad = (
            Change(Action.CREATE, Address(Kind.COMPANY, (id,)), None, {"attributes": {}, "subGroups": []})
            for id in ("good", "b" * 300)
        )
        server = small.server()
        server.observe(loader.load([small.folder], small.environment).desired)
        with pytest.raises(ServerError):
            server.perform(good, bad)
        assert small.admin.get("group-by-path/good").status_code == 404


class TestStrictDrift:
    def test_what_others_made_counts_only_then(self, small: TestRealm):
        assert small.apply().complete
        small.admin.post("groups", {"name": "by-hand"}).raise_for_status()
        assert small.command("drift", str(small.folder)).returncode == 0
        assert small.command("drift", str(small.folder), "--strict").returncode == 2


class TestMaskedSecrets:
    def test_a_rotated_one_shows_once_and_is_one_write(self, small: TestRealm):
        small.content["smtpServer"] = {
            "host": "localhost",
            "from": "a@b.example",
            "auth": "true",
            "user": "portal",
            "password": "${SMTP_PASSWORD}",
        }
        small.write()
        small.environment["SMTP_PASSWORD"] = "first-not-to-be-seen"
        assert small.apply().complete
        assert small.plan().changes == ()

        small.environment["SMTP_PASSWORD"] = "second-not-to-be-seen"
        (change,) = small.plan()
        assert str(change.address) == f"realm/{small.name}"
        assert small.apply().complete
        assert small.api.writes == ["PUT "]
        assert small.plan().changes == ()

        kept = json.dumps(small.admin.get("").json())
        assert "not-to-be-seen" not in kept

    def test_an_unrelated_setting_keeps_the_password(self, small: TestRealm):
        """The server shows a mask, and a mask sent back would be the new password."""
        small.content["smtpServer"] = {
            "host": "localhost",
            "from": "a@b.example",
            "auth": "true",
            "password": "s3cret",
        }
        small.write()
        assert small.apply().complete
        before = small.admin.get("").json()["attributes"]["provisioner.digests"]
        small.content["displayName"] = "Portail"
        small.write()
        assert small.apply().complete
        assert small.plan().changes == ()
        assert small.admin.get("").json()["attributes"]["provisioner.digests"] == before


class TestTwoRuns:
    def test_the_second_waits_and_says_for_whom(self, small: TestRealm):
        assert small.apply().complete
        small.write_companies(COMPANIES + "".join(f"  - {{id: c{n}, name: C{n}}}\n" for n in range(60)))
        body = {
            "name": ROLE,
            "attributes": {
                "holder": ["other-host:1"],
                "since": ["2026-01-01"],
                "until": ["2999-01-01T00:00:00+00:00"],
            },
        }
        small.admin.post("roles", body).raise_for_status()
        started = subprocess.Popen(
            [sys.executable, "-m", "provisioner", "apply", str(small.folder), "--yes"],
            env=small.command_environment(),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        told = started.stderr.readline()
        assert "other-host:1 has been applying to this realm" in told
        assert small.admin.get("group-by-path/c1").status_code == 404
        small.admin.delete(f"roles/{ROLE}").raise_for_status()
        _, rest = started.communicate(timeout=60)
        assert started.returncode == 0, rest
        assert small.plan().writes == ()
        assert small.admin.get(f"roles/{ROLE}").status_code == 404

    def test_one_that_came_and_went_since_the_plan_is_noticed(self, small: TestRealm):
        """Nobody waits for the lock then, and nothing is made twice."""
        assert small.apply().complete
        small.write_companies(COMPANIES + "".join(f"  - {{id: c{n}, name: C{n}}}\n" for n in range(2)))
        desired = loader.load([small.folder], small.environment).desired
        realm = small.server()
        observed = realm.observe(desired)
        planned = plan(desired, observed)
        assert small.apply().complete
        with pytest.raises(StalePlanError, match="plan again"):
            apply(desired, planned, observed, realm)
        assert small.plan().writes == ()

    def test_one_that_was_at_work_during_the_plan_is_noticed(self, small: TestRealm):
        """Its record is the same in the middle of its work and at its end, except that it is unfinished."""
        assert small.apply().complete
        small.write_companies(COMPANIES + "".join(f"  - {{id: c{n}, name: C{n}}}\n" for n in range(2 * BATCH)))
        desired = loader.load([small.folder], small.environment).desired
        other = small.server()
        seen: list[RealmState] = []

        def look(_: int) -> None:
            if not seen:
                seen.append(other.observe(desired))

        assert small.apply(progress=look).complete
        (middle,) = seen
        planned = plan(desired, middle)
        assert Address(Kind.COMPANY, ("c49",)) in {change.address for change in planned.writes}
        with pytest.raises(StalePlanError, match="plan again"):
            apply(desired, planned, middle, other)
        assert small.plan().writes == ()

    def test_both_at_once_end_well(self, small: TestRealm):
        """One does the work; the other finds it done, or is told to plan again. Nothing is made twice."""
        assert small.apply().complete
        small.write_companies(COMPANIES + "".join(f"  - {{id: c{n}, name: C{n}}}\n" for n in range(120)))
        ended = []
        runs = [
            threading.Thread(target=lambda: ended.append(small.command("apply", str(small.folder), "--yes")))
            for _ in range(2)
        ]
        for run in runs:
            run.start()
        for run in runs:
            run.join()
        assert sorted(each.returncode for each in ended) in ([0, 0], [0, 1]), [each.stderr for each in ended]
        for each in ended:
            assert each.returncode == 0 or "plan again" in each.stderr, each.stdout[-6000:]
        names = [group["name"] for group in small.admin.get("groups", max="500").json()]
        assert len(names) == len(set(names)) == 123
        assert small.plan().writes == ()


def test_killed_at_every_call_the_next_run_converges(small: TestRealm):
    """Of an apply of 26 new companies (two requests) and a changed setting; the run after that writes nothing.

    No more of them: while others write, H2 deletes a realm in a time that grows with the square of its groups, for
    it looks for all of them anew for each. With 50 in each round that took half a minute.
    """
    assert small.apply().complete
    killed_at = 0
    while True:
        small.content["displayName"] = f"Portail {killed_at}"
        small.write()
        ids = (f"c{n}" for n in range((BATCH + 1) * (killed_at + 1)))
        small.write_companies("companies:\n" + "".join(f"  - {{id: {id}, name: {id}}}\n" for id in ids))
        desired = loader.load([small.folder], small.environment).desired
        server = small.server()
        observed = server.observe(desired)
        counted = len(small.api.requests)
        small.api.killed_after = counted + killed_at
        try:
            apply(desired, plan(desired, observed), observed, server)
        except KilledError:
            killed = True
        else:
            killed = False
        assert small.apply().complete
        assert small.apply().complete
        assert small.api.writes == []
        if not killed:
            break
        killed_at += 1
    assert killed_at > 5
    assert small.admin.get(f"roles/{ROLE}").status_code == 404


def test_killed_for_real_the_next_run_converges(small: TestRealm):
    """SIGKILL in the middle of a large apply; its lock is taken over at once, since its process is gone."""
    small.write_companies("companies:\n" + "".join(f"  - {{id: c{n}, name: C{n}}}\n" for n in range(200)))
    started = subprocess.Popen(
        [sys.executable, "-m", "provisioner", "apply", str(small.folder), "--yes"],
        env=small.command_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while small.admin.get("group-by-path/c60").status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    started.kill()
    assert started.wait() == -signal.SIGKILL, "the apply ended before it was killed"
    before = time.monotonic()
    ended = small.command("apply", str(small.folder), "--yes")
    assert ended.returncode == 0, ended.stderr
    assert time.monotonic() - before < 50
    assert small.plan().writes == ()
