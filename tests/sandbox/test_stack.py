"""The parts of the demo that need no server: ports, secrets, content, description, and who may use a folder."""

import json
import socket
import stat
import threading
import time
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from sandbox import __main__ as command_line
from sandbox.content import COMPANIES, Kind, read_content
from sandbox.demo_run import clean, write_description
from sandbox.errors import AlreadyRunningError, PortInUseError, SandboxError
from sandbox.ports import DEFAULTS, Ports, free_ports, is_free
from sandbox.progress import Lines
from sandbox.secrets_file import Secrets
from sandbox.stack import Stack, claim
from sandbox.together import together


def listening(host="127.0.0.1"):
    server = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    server.bind((host, 0))
    server.listen()
    return server


def test_the_default_ports_are_the_contract_s():
    """And each may be chosen."""
    assert Ports.from_environment({}) == Ports(8000, 8080, 9000, 8025, 1025, 8001)
    chosen = Ports.from_environment({"SERVICE_PORT": "18001", "PORTAL_PORT": ""})
    assert chosen.service_port == 18001
    assert chosen.portal_port == 8000


@pytest.mark.parametrize("text", ["0", "65536", "-1", "8000x", "٨"])
def test_what_is_no_port(text):
    """The variable is named."""
    with pytest.raises(SandboxError, match="SMTP_PORT"):
        Ports.from_environment({"SMTP_PORT": text})


def test_the_same_port_twice():
    """Both variables are named."""
    with pytest.raises(SandboxError, match="PORTAL_PORT and SERVICE_PORT"):
        Ports.from_environment({"PORTAL_PORT": "18000", "SERVICE_PORT": "18000"}).check()


@pytest.mark.parametrize("variable", DEFAULTS)
def test_a_port_in_use_names_its_variable(tmp_path, variable):
    """Before anything starts, and nothing is left behind."""
    ports = Ports.free()
    with listening() as server:
        taken = server.getsockname()[1]
        numbers = {name: str(getattr(ports, name.lower())) for name in DEFAULTS} | {variable: str(taken)}
        stack = Stack(tmp_path, Ports.from_environment(numbers))
        with pytest.raises(PortInUseError, match=f"{taken}.*{variable}"):
            stack.start()
    assert stack.keycloak.child is None
    assert all(is_free(getattr(ports, name.lower())) for name in DEFAULTS if name != variable)


def test_somebody_on_the_other_loopback_counts():
    """A browser that asks for `localhost` may meet him instead of us."""
    try:
        server = listening("::1")
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with server:
        assert not is_free(server.getsockname()[1])


def test_free_ports_differ():
    """None twice."""
    assert len(set(free_ports(20))) == 20


def test_the_command_tells_errors_without_a_trace(tmp_path, monkeypatch, capsys):
    """One line on standard error, status 1."""
    monkeypatch.setenv("PORTAL_PORT", "none")
    assert command_line.main(["--folder", str(tmp_path), "demo"]) == 1
    assert capsys.readouterr().err == "error: PORTAL_PORT='none' is not a port number\n"


def test_secrets_are_made_once_and_for_the_owner_only(tmp_path):
    """A restart agrees with what Keycloak was told."""
    made = Secrets.kept_in(tmp_path / "secrets.json")
    assert Secrets.kept_in(tmp_path / "secrets.json") == made
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    values = made.environment()
    assert set(values) == {
        "CLIENT_PORTAL_SECRET",
        "CLIENT_SAMPLE_SERVICE_SECRET",
        "CLIENT_PORTAL_DIRECTORY_SECRET",
        "SECRET_KEY",
    }
    assert len(set(values.values())) == 4
    assert all(len(value) >= 32 for value in values.values())
    assert not any(value in repr(made) for value in values.values())


def test_secrets_asked_for_at_the_same_time_are_the_same(tmp_path):
    """Portal and sample service are started by two threads; what is left behind is one file."""
    for number in range(50):
        folder = tmp_path / str(number)
        folder.mkdir()
        start = threading.Barrier(4)
        told = []

        def ask(folder=folder, start=start, told=told):
            start.wait()
            told.append(Secrets.kept_in(folder / "secrets.json").environment()["SECRET_KEY"])

        asking = [threading.Thread(target=ask) for _ in range(4)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join(10)
        assert len(told) == 4
        assert len(set(told)) == 1
        assert [path.name for path in folder.iterdir()] == ["secrets.json"]


def test_a_folder_is_one_demo_s(tmp_path):
    """A second start and `clean` are refused while it lasts, not afterwards."""
    with claim(tmp_path):
        with pytest.raises(AlreadyRunningError, match="already running"):
            Stack(tmp_path, Ports.free()).start()
        with pytest.raises(AlreadyRunningError):
            clean(tmp_path)
    clean(tmp_path)
    assert not tmp_path.exists()
    clean(tmp_path)


def test_the_demo_has_what_the_contract_asks_for():
    """Five companies or more, and everybody who is named there."""
    content = read_content()
    assert len(content.companies) >= 5
    administrators = {
        company.id: [p for p in content.people if f"{company.id}:administrator" in p.attachments]
        for company in content.companies
    }
    assert all(administrators.values()), "a company without an administrator"
    counts = [len(found) for found in administrators.values()]
    assert 1 in counts
    assert 2 in counts
    administered = [sum(v.endswith(":administrator") for v in p.attachments) for p in content.people]
    assert 1 in administered
    assert any(count > 1 for count in administered)
    kinds = [person.kind for person in content.people]
    assert kinds.count(Kind.PENDING) == 1
    assert kinds.count(Kind.OPERATOR) == 1
    people = [person for person in content.people if person.kind is Kind.PERSON]
    assert any(not person.attachments for person in people)
    assert any(p.attachments and not any(v.endswith(":administrator") for v in p.attachments) for p in people)
    assert any(v.endswith(":external") for p in people for v in p.attachments)
    for person in content.people:
        assert (person.password is None) == (person.kind is Kind.PENDING)
        for value in person.attachments:
            assert f"{value.partition(':')[0]}:user" in person.attachments


def test_company_files_and_people_agree():
    """Who administers a company in the people's file does so in its company file, and the other way round."""
    by_files = {
        (company["id"], email)
        for file in COMPANIES.glob("*.yaml")
        for company in yaml.safe_load(file.read_text(encoding="utf-8")).get("companies", [])
        for email in company["administrators"]
    }
    by_people = {
        (value.partition(":")[0], person.email)
        for person in read_content().people
        for value in person.attachments
        if value.endswith(":administrator")
    }
    assert by_people == by_files
    named = read_content(people=None)
    assert [person.kind for person in named.people] == [Kind.PENDING]


def test_the_description_has_the_contract_s_shape(tmp_path):
    """Exactly these keys, written whole, for the owner only (it has a secret)."""
    ports = Ports.free()
    stack = Stack(tmp_path, ports)
    file = tmp_path / "demo.json"
    write_description(stack, file)
    written = json.loads(file.read_text(encoding="utf-8"))
    keycloak = f"http://localhost:{ports.keycloak_port}"
    mail = f"http://localhost:{ports.mail_http_port}"
    assert set(written) == {"portal", "service", "keycloak", "mail", "service_account", "companies", "people"}
    assert written["portal"] == f"http://localhost:{ports.portal_port}"
    assert written["service"] == f"http://localhost:{ports.service_port}"
    assert written["keycloak"]["url"] == keycloak
    assert written["keycloak"]["realm"] == "portal"
    assert set(written["keycloak"]["admin"]) == {"username", "password"}
    assert written["mail"] == {"url": mail, "messages": f"{mail}/api/messages"}
    assert written["service_account"] == {
        "client_id": "portal-directory",
        "client_secret": stack.secrets.client_portal_directory_secret,
    }
    assert all(set(company) == {"id", "name", "services"} for company in written["companies"])
    assert all(set(p) == {"email", "password", "kind", "attachments"} for p in written["people"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not (tmp_path / "demo.partial").exists()


def test_the_programs_environment_is_ours_alone(tmp_path, monkeypatch):
    """What the caller has set for another installation does not reach them."""
    monkeypatch.setenv("KEYCLOAK_CLIENT_SECRET", "foreign")
    monkeypatch.setenv("DATABASE_URL", "postgresql://foreign")
    monkeypatch.setenv("PORTAL_HOST", "portal.example")
    stack = Stack(tmp_path, Ports.free())
    told = stack.environment()
    assert "KEYCLOAK_CLIENT_SECRET" not in told
    assert "PORTAL_HOST" not in told
    assert told["DATABASE_URL"] == f"sqlite:///{tmp_path}/portal.sqlite"
    assert told["KEYCLOAK_URL"] == stack.keycloak.url
    assert read_content(Path(told["SERVICE_COMPANIES"]), None).services == stack.content.services != ()
    assert told["CLIENT_PORTAL_SECRET"] == stack.secrets.client_portal_secret


def test_steps_together_take_as_long_as_the_longest():
    """And all are done."""
    done = []
    started = time.monotonic()
    together(*[lambda n=n: (time.sleep(0.2), done.append(n)) for n in range(4)])
    assert sorted(done) == [0, 1, 2, 3]
    assert time.monotonic() - started < 0.7


def test_the_first_failure_is_told_at_once():
    """Without waiting for the others."""
    never = threading.Event()

    def fail():
        raise SandboxError("broken")

    started = time.monotonic()
    with pytest.raises(SandboxError, match="broken"):
        together(lambda: never.wait(30), fail)
    assert time.monotonic() - started < 5
    never.set()


def test_plain_progress_for_logs(capsys):
    """A line for what is being done and one for the end, with its time; no control characters."""
    with Lines(Console()) as shown, shown.step("Keycloak") as report:
        report("fetching [50%]")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "  Keycloak: fetching [50%]"
    assert lines[1].startswith("  Keycloak: ready after 0.")
