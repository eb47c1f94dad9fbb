"""`make demo` as a person and a program meet it: one real demo on free ports, ended in every way."""

import html
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.administrator import admin_token
from sandbox.distribution import FIRST_COMPILER_ALONE
from sandbox.ports import Ports, is_free
from sandbox.stack import JAVA_OPTIONS

pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(900)]

PASSWORD = "demonstration-2026"
FIRST_SECONDS = 600.0
STOP_SECONDS = 15.0


class Demo:
    """`python -m sandbox demo` on a folder of its own."""

    def __init__(self, folder, ports):
        self.folder = folder
        self.ports = ports
        self.output = folder.parent / "output"
        self.process = None

    def start(self):
        environment = {**os.environ, **{name.upper(): str(port) for name, port in vars(self.ports).items()}}
        environment[JAVA_OPTIONS] = " ".join(FIRST_COMPILER_ALONE)
        command = [sys.executable, "-m", "sandbox", "--folder", str(self.folder), "demo"]
        with self.output.open("w") as output:
            self.process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        started = time.monotonic()
        while not self.description.exists():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() - started < FIRST_SECONDS, self.output.read_text()
            time.sleep(0.2)

    @property
    def description(self):
        return self.folder / "demo.json"

    def told(self):
        return json.loads(self.description.read_text())

    def end(self, number):
        """Send a signal; how long it took until the process was gone."""
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(60)
        return time.monotonic() - started

    def taken_ports(self):
        return [name for name, port in vars(self.ports).items() if not is_free(port)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    made = Demo(tmp_path_factory.mktemp("demo") / "var", Ports.free())
    made.start()
    yield made
    if made.process.poll() is None:
        made.end(signal.SIGTERM)


class LocalCookies(requests.cookies.RequestsCookieJar):
    """Keycloak's cookies are `Secure`; browsers send them to localhost all the same."""

    def set_cookie(self, cookie, *arguments, **options):
        cookie.secure = False
        return super().set_cookie(cookie, *arguments, **options)


@pytest.fixture
def browser():
    with requests.Session() as session:
        session.cookies = LocalCookies()
        session.headers["Accept-Language"] = "fr"
        yield session


def sign_in(browser, address, email):
    """Follow to the sign-in page, fill it in, come back."""
    page = browser.get(address, timeout=30)
    assert "/protocol/openid-connect/auth" in page.url
    action = html.unescape(re.search(r'<form[^>]*action="([^"]+)"', page.text).group(1))
    return browser.post(action, data={"username": email, "password": PASSWORD}, timeout=30)


def status(browser, address):
    """Of the answer itself: being sent to sign in is not being let in."""
    return browser.get(address, timeout=30, allow_redirects=False).status_code


def post(browser, base, path, **fields):
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(f"{base}/", timeout=30).text).group(1)
    return browser.post(f"{base}{path}", data={"csrf_token": token, **fields}, timeout=30)


def admin(demo, method, path, **arguments):
    url = demo.told()["keycloak"]["url"]
    headers = {"Authorization": f"Bearer {admin_token(url)}"}
    answer = requests.request(method, f"{url}/admin/realms/portal{path}", headers=headers, timeout=30, **arguments)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def keycloak_of(demo):
    """The process id and the command line of the demo's Keycloak."""
    return next(
        (int(folder.name), command)
        for folder in Path("/proc").glob("[0-9]*")
        if f"-Dkc.home.dir={demo.folder}/keycloak".encode() in (command := _command_line(folder))
        and b"watchdog.py" not in command
    )


def user_id(demo, email):
    return admin(demo, "GET", f"/users?email={email}&exact=true")[0]["id"]


def group_id(demo, path):
    return admin(demo, "GET", f"/group-by-path/{path}")["id"]


def test_everything_answers(demo):
    """Each address of `demo.json`, with what it tells; Keycloak runs with the Java options that were given."""
    told = demo.told()
    assert requests.get(f"{told['portal']}/readyz", timeout=30).status_code == 200
    assert requests.get(told["service"], timeout=30).status_code == 200
    assert requests.get(told["mail"]["url"], timeout=30).status_code == 200
    assert admin_token(told["keycloak"]["url"])
    assert FIRST_COMPILER_ALONE[0].encode() in keycloak_of(demo)[1]
    token = requests.post(
        f"{told['keycloak']['url']}/realms/portal/protocol/openid-connect/token",
        data={"grant_type": "client_credentials", **told["service_account"]},
        timeout=30,
    )
    assert token.status_code == 200
    assert "Ready after" in demo.output.read_text()


def test_companies_and_people_are_in_keycloak(demo):
    """As told: each company with its services, each person where he is attached."""
    told = demo.told()
    for company in told["companies"]:
        group = admin(demo, "GET", f"/group-by-path/{company['id']}")
        assert group["attributes"]["services"] == company["services"]
        assert group["attributes"]["displayName"] == [company["name"]]
    for person in told["people"]:
        groups = admin(demo, "GET", f"/users/{user_id(demo, person['email'])}/groups")
        paths = {group["path"] for group in groups}
        wanted = {
            f"/{value.partition(':')[0]}"
            + {"user": "", "administrator": "/administrators", "external": "/externals"}[value.partition(":")[2]]
            for value in person["attachments"]
        }
        assert paths == (wanted or ({"/operators"} if person["kind"] == "operator" else set()))


def test_the_pending_person_got_a_mail(demo):
    """With the first start, one only."""
    told = demo.told()
    (pending,) = [person for person in told["people"] if person["kind"] == "pending"]
    mails = requests.get(told["mail"]["messages"], timeout=30).json()
    assert [mail["to"] for mail in mails] == [[pending["email"]]]
    assert told["keycloak"]["url"] in mails[0]["text"]


def test_service_by_single_sign_on(demo, browser):
    """Signed in once; own company's data, nobody else's; favourites; signed out at Keycloak too."""
    service = demo.told()["service"]
    page = sign_in(browser, f"{service}/companies/acme/data", "lea.petit@acme.example")
    assert page.url == f"{service}/companies/acme/data"
    assert "Points de livraison" in page.text
    assert "Données de comptage" in page.text, "the service knows no names of services"
    assert status(browser, f"{service}/companies/borea/data") == 403
    assert browser.get(f"{service}/downloads/pointes-mensuelles.csv", timeout=30).text.startswith("mois,")
    assert post(browser, service, "/favourites", name="pointes-mensuelles").status_code == 200

    # Without this service's own session, Keycloak's is enough.
    other = [cookie for cookie in browser.cookies if cookie.name == "sample_service_session"]
    for cookie in other:
        browser.cookies.clear(cookie.domain, cookie.path, cookie.name)
    assert browser.get(f"{service}/favourites", timeout=30).url == f"{service}/favourites"

    left = post(browser, service, "/logout")
    assert left.url == f"{service}/"
    assert "/protocol/openid-connect/auth" in browser.get(f"{service}/favourites", timeout=30).url


def test_attached_nowhere(demo, browser):
    """Signs in and gets what is public."""
    service = demo.told()["service"]
    page = sign_in(browser, f"{service}/login", "theo.girard@ailleurs.example")
    assert "rattachement à aucune société" in page.text
    assert status(browser, f"{service}/downloads/pointes-mensuelles.csv") == 200
    assert status(browser, f"{service}/companies/acme/data") == 403


def test_the_portal_and_the_service_share_one_sign_in(demo, browser):
    """Signed in at the portal, the service asks for nothing."""
    told = demo.told()
    page = sign_in(browser, f"{told['portal']}/login", "anne.durand@acme.example")
    assert urlsplit(page.url).netloc == urlsplit(told["portal"]).netloc
    page = browser.get(f"{told['service']}/companies/borea/data", timeout=30)
    assert page.url == f"{told['service']}/companies/borea/data"
    assert "Administrateur" in page.text


def test_keycloak_signs_people_out_here_too(demo, browser):
    """An ended session at Keycloak ends the service's at once, by the back channel."""
    service = demo.told()["service"]
    sign_in(browser, f"{service}/login", "karim.benali@cevenne.example")
    assert status(browser, f"{service}/companies/cevenne-hydro/data") == 200
    admin(demo, "POST", f"/users/{user_id(demo, 'karim.benali@cevenne.example')}/logout")
    answer = browser.get(f"{service}/favourites", timeout=30, allow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login")


def test_a_second_demo_on_the_same_data_is_refused(demo):
    """A clear line, status 1, and the first goes on."""
    ports = {**os.environ, **{name.upper(): str(port) for name, port in vars(Ports.free()).items()}}
    again = subprocess.run(
        [sys.executable, "-m", "sandbox", "--folder", str(demo.folder), "demo"],
        env=ports,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert again.returncode == 1
    assert again.stderr == f"error: a demo is already running on {demo.folder}\n"
    assert demo.description.exists()


def test_the_same_ports_elsewhere_are_refused(demo, tmp_path):
    """The variable is named, and nothing was started."""
    taken = {**os.environ, **{name.upper(): str(port) for name, port in vars(demo.ports).items()}}
    again = subprocess.run(
        [sys.executable, "-m", "sandbox", "--folder", str(tmp_path), "demo"],
        env=taken,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert again.returncode == 1
    assert "PORTAL_PORT" in again.stderr
    assert not (tmp_path / "keycloak").exists()


def test_ending_and_starting_again(demo):
    """SIGTERM ends all within 15 s. A second start keeps what people did, and sends no second mail."""
    lea, acme = user_id(demo, "lea.petit@acme.example"), group_id(demo, "acme")
    admin(demo, "DELETE", f"/users/{lea}/groups/{acme}")
    mails = requests.get(demo.told()["mail"]["messages"], timeout=30).json()

    assert demo.end(signal.SIGTERM) < STOP_SECONDS
    assert demo.process.returncode == 0
    assert demo.taken_ports() == []
    assert not demo.description.exists()

    demo.start()
    assert admin(demo, "GET", f"/users/{user_id(demo, 'lea.petit@acme.example')}/groups") == []
    assert requests.get(demo.told()["mail"]["messages"], timeout=30).json() == mails


def test_one_program_s_end_ends_all(demo):
    """Keycloak killed: the demo says so, with the end of its log, and ends with status 1."""
    os.kill(keycloak_of(demo)[0], signal.SIGKILL)
    assert demo.process.wait(STOP_SECONDS) == 1
    assert "Keycloak ended by itself with status 137" in demo.output.read_text()
    assert demo.taken_ports() == []
    assert not demo.description.exists()


def test_being_killed_leaves_nothing_running(demo):
    """SIGKILL while it runs: nobody listens any more within 15 s."""
    demo.start()
    demo.end(signal.SIGKILL)
    started = time.monotonic()
    while demo.taken_ports():
        assert time.monotonic() - started < STOP_SECONDS, demo.taken_ports()
        time.sleep(0.2)


def _command_line(folder):
    try:
        return (folder / "cmdline").read_bytes()
    except OSError:  # it has just ended
        return b""
