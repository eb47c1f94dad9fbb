"""The wheel and the source distribution: built without an index, installed and run away from the checkout."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from directory import version
from tests.deployment.compose import ROOT

pytestmark = pytest.mark.slow

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
UV = Path(sys.executable).with_name("uv")
PACKAGES = ("directory", "provisioner", "sandbox", "webapp")
IGNORED = ("__pycache__", ".pyc", ".po", ".mo")
SETTINGS = {
    "CLIENT_PORTAL_SECRET": "portal-secret",
    "CLIENT_SAMPLE_SERVICE_SECRET": "service-secret",
    "CLIENT_PORTAL_DIRECTORY_SECRET": "directory-secret",
    "SECRET_KEY": "a-key-of-more-than-16-characters",
}


def run(*command: str | Path, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder that is not the checkout; what it prints is compared, so it need not succeed."""
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS and name != "PYTHONPATH"}
    return subprocess.run(command, cwd=folder, env=kept | settings, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with both distributions, as `make dist` builds them: the wheel from the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    done = run(UV, "build", "--offline", "--no-config", "--out-dir", folder, ROOT, folder=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return built / f"attache-{version()}-py3-none-any.whl"


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an empty environment with the wheel in it; the libraries are those that run the tests."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    done = run(UV, "pip", "install", "--offline", "--no-deps", "--python", folder, wheel, folder=folder)
    assert done.returncode == 0, done.stderr
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin"


class TestContents:
    def test_both_are_named_after_the_version(self, built: Path) -> None:
        """The one of pyproject.toml."""
        names = {path.name for path in built.iterdir() if path.suffix in {".whl", ".gz"}}
        assert names == {f"attache-{version()}-py3-none-any.whl", f"attache-{version()}.tar.gz"}
        assert version() == PROJECT["version"]

    def test_the_wheel_has_every_file_of_the_packages(self, wheel: Path) -> None:
        """Templates, static files, migrations, the baseline: what is missing fails only where it is installed."""
        files = {
            path.relative_to(ROOT).as_posix()
            for package in PACKAGES
            for path in (ROOT / package).rglob("*")
            if path.is_file() and not any(part in path.as_posix() for part in IGNORED)
        }
        with zipfile.ZipFile(wheel) as archive:
            packed = {name for name in archive.namelist() if not name.endswith("/")}
        assert len(files) > 200
        assert files - packed == set()
        assert {name.split("/")[0] for name in packed} == {*PACKAGES, f"attache-{version()}.dist-info"}

    def test_the_wheel_speaks_french(self, wheel: Path) -> None:
        """The compiled catalogue is no source, and is packed."""
        with zipfile.ZipFile(wheel) as archive:
            assert "webapp/translations/fr/LC_MESSAGES/messages.mo" in archive.namelist()

    def test_the_wheel_says_what_it_needs_and_under_which_licence(self, wheel: Path) -> None:
        """The libraries of pyproject.toml, the oldest Python, Apache-2.0 with its text."""
        info = f"attache-{version()}.dist-info"
        with zipfile.ZipFile(wheel) as archive:
            metadata = message_from_bytes(archive.read(f"{info}/METADATA"))
            licence = archive.read(f"{info}/licenses/LICENSE").decode()
        asked = {str(Requirement(text)) for text in metadata.get_all("Requires-Dist", [])}
        assert asked == {str(Requirement(text)) for text in PROJECT["dependencies"]}
        assert metadata["Requires-Python"] == PROJECT["requires-python"]
        assert metadata["License-Expression"] == "Apache-2.0"
        assert "Apache License" in licence

    def test_the_source_distribution_can_be_built_again(self, built: Path) -> None:
        """It has the project's description, its licence and its readme."""
        with tarfile.open(built / f"attache-{version()}.tar.gz") as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        assert {"pyproject.toml", "LICENSE", "README.md"} <= names


class TestInstalled:
    def test_runs_what_is_in_the_wheel(self, environment: Path) -> None:
        """Not the checkout, and every library that it asks for is there."""
        code = f"import {', '.join(PACKAGES)}\nfor each in {', '.join(PACKAGES)}: print(each.__file__)"
        done = run(environment / "python", "-c", code, folder=environment)
        files = done.stdout.splitlines()
        assert len(files) == len(PACKAGES), done.stderr
        assert all(Path(file).is_relative_to(environment.parent) for file in files), files
        checked = run(environment / "python", "-m", "pip", "check", folder=environment)
        assert checked.returncode == 0, checked.stdout

    def test_provisioner(self, environment: Path, tmp_path: Path) -> None:
        """It says its version, and reads realm and company files."""
        done = run(environment / "provisioner", "--version", folder=tmp_path)
        assert (done.returncode, done.stdout) == (0, f"provisioner {version()}\n"), done.stderr
        files = [ROOT / "keycloak/realm-export.json", ROOT / "companies"]
        done = run(environment / "provisioner", "validate", *files, folder=tmp_path, **SETTINGS)
        assert done.returncode == 0, done.stderr

    def test_portal(self, environment: Path, tmp_path: Path) -> None:
        """It says its version, and makes its tables."""
        done = run(environment / "portal", "--version", folder=tmp_path)
        assert (done.returncode, done.stdout) == (0, f"portal, version {version()}\n"), done.stderr
        database = tmp_path / "portal.sqlite"
        settings = SETTINGS | {"DATABASE_URL": f"sqlite:///{database}"}
        done = run(environment / "portal", "database", "upgrade", folder=tmp_path, **settings)
        assert done.returncode == 0, done.stderr
        assert database.stat().st_size > 0

    def test_portal_names_the_settings_that_are_missing(self, environment: Path, tmp_path: Path) -> None:
        """One line for each, and no stack trace."""
        done = run(environment / "portal", "database", "upgrade", folder=tmp_path)
        assert done.returncode != 0
        for name in ("CLIENT_PORTAL_SECRET", "CLIENT_PORTAL_DIRECTORY_SECRET", "SECRET_KEY"):
            assert f"{name}: Field required" in done.stderr
        assert "Traceback" not in done.stderr
