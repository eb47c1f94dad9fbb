"""The compose file, checked as far as that goes without a container engine."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from directory import version
from sandbox.distribution import PINNED
from tests.deployment.compose import FILE, ROOT, VARIABLE, load, texts

CONTENT = load()
SERVICES = CONTENT["services"]
SECRET = re.compile(r"(SECRET|PASSWORD|KEY)$")


def test_follows_the_specification() -> None:
    """The schema of the compose specification accepts the file."""
    checker = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", "vendor.compose-spec"]
    answer = subprocess.run([*checker, str(FILE)], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_has_every_part() -> None:
    """Keycloak of the pinned version, PostgreSQL, Mailpit, the provisioner, the portal and the sample service."""
    images = {name: service["image"] for name, service in SERVICES.items()}
    assert images["keycloak"] == f"quay.io/keycloak/keycloak:{PINNED}"
    assert {images[name] for name in ("provisioner", "portal", "service")} == {f"attache:{version()}"}
    assert images["database"].startswith("postgres:")
    assert images["mail"].startswith("axllent/mailpit:")
    assert {"provisioner", "portal", "service"} <= images.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_waits_for_what_is_there(name: str) -> None:
    """Each dependency names a service, and one that can say that it is healthy, or one that ends."""
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        match wait["condition"]:
            case "service_healthy":
                assert "healthcheck" in SERVICES[other]
            case "service_completed_successfully":
                assert SERVICES[other]["restart"] == "no"
            case condition:
                pytest.fail(f"{name} waits for {other}: {condition}")


@pytest.mark.parametrize("name", SERVICES)
def test_listens_on_the_loopback_only(name: str) -> None:
    """A published port is bound to 127.0.0.1."""
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", ()))


def test_secrets_come_from_the_environment_without_default() -> None:
    """Whatever is called secret, password or key must be given; compose stops when it is not."""
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name):
                assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value), name


def test_every_variable_is_documented() -> None:
    """The deployment guide names each variable that the file asks for."""
    guide = (ROOT / "docs" / "guide" / "deployment.md").read_text(encoding="utf-8")
    asked = {match["name"] for text in texts(CONTENT) for match in VARIABLE.finditer(text)}
    assert asked
    assert {name for name in asked if f"`{name}`" not in guide} == set()


def test_every_file_exists() -> None:
    """Folders that are mounted, and what the image is built from."""
    mounts = [text for service in SERVICES.values() for text in service.get("volumes", ())]
    sources = [Path(mount.split(":")[0]) for mount in mounts if mount.startswith(".")]
    copies = re.findall(r"^COPY (\S+) ", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert sources
    assert copies
    for source in [*sources, *map(Path, copies)]:
        assert (ROOT / source).exists(), source
    named = {mount.split(":")[0] for mount in mounts if not mount.startswith(".")}
    assert named == set(CONTENT["volumes"])


def test_the_image_installs_what_the_lock_says() -> None:
    """What runs in containers is a part of what is tested: the same versions, by hash."""
    version = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
    tested = dict(version.findall((ROOT / "requirements.lock").read_text(encoding="utf-8")))
    shipped = dict(version.findall((ROOT / "requirements-runtime.lock").read_text(encoding="utf-8")))
    assert shipped
    assert shipped.items() <= tested.items()
    assert "--require-hashes" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_keycloak_wears_the_portals_theme() -> None:
    """The folder that the realm names, and the portal's clock for its mails."""
    keycloak = SERVICES["keycloak"]
    assert "./keycloak/themes/attache:/opt/keycloak/themes/attache:ro" in keycloak["volumes"]
    assert keycloak["environment"]["PORTAL_TIMEZONE"] == SERVICES["portal"]["environment"]["PORTAL_TIMEZONE"]
