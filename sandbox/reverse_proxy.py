"""HAProxy in front of several servers of one kind, on the loopback."""

from __future__ import annotations

import csv
import os
import shutil
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from sandbox.errors import MissingProgramError, StartError
from sandbox.ports import LOOPBACK
from sandbox.processes import Child, Programs

PROGRAM = "haproxy"
COMMANDS = ".commands"
"""The socket file for commands, in the folder of the proxy: a short name, as its path may have 107 bytes only."""

COMMON = """\
global
    maxconn 2000
    stats socket unix@{commands} mode 600 level admin

defaults
    mode http
    log stdout format raw local0
    option httplog
    option forwardfor
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    # Longer than a busy server takes to say that it is there; one that is not refuses the connection at once.
    timeout check 5s
    # Who waits longer is asked to come back, instead of waiting for an answer that nobody expects any more.
    timeout queue {queue_seconds}s
    http-error status 503 content-type "text/plain; charset=utf-8" string "{busy}" hdr Retry-After {queue_seconds}
    # A server that refuses the connection, or closes it without an answer, was not the right one: another one.
    retries 3
    option redispatch 1
    retry-on conn-failure empty-response
    default-server check inter 1s fall 2 rise 1

frontend overview
    bind {loopback}:{overview}
    stats enable
    stats uri /
"""
QUEUE_SECONDS = 10
"""How long a request waits at the proxy for its turn, and how much later it may be sent again."""
BUSY = "Trop de demandes à la fois\N{NO-BREAK SPACE}: réessayez bientôt. / Too many requests: try again soon."
FRONTEND = """\

frontend {name}
    bind {loopback}:{port}
    default_backend {name}
"""
FALLBACK = """\
    # None says that it is ready, which may be a false alarm: whoever still answers is better than none.
    use_backend {name}-anyway if {{ nbsrv({name}) eq 0 }}
"""
BACKEND = """\

backend {name}
    balance roundrobin
    # What changes something is sent again only where no connection came about.
    http-request disable-l7-retry unless METH_GET
    option httpchk GET {alive}
"""
CHECKED_SECONDS = 30.0
"""Within which a server that is given back has to pass a check."""
POLL_SECONDS = 0.1


class State(Enum):
    """What the proxy does with a server."""

    READY = "ready"
    DRAIN = "drain"
    """No new request; what is in flight is answered."""


@dataclass(frozen=True)
class Server:
    """One of the servers behind an address; `checked` is the port of its check, where it is another one."""

    name: str
    port: int
    checked: int = 0


@dataclass(frozen=True)
class Site:
    """One address and the servers behind it; a server whose `alive` is not answered gets nothing."""

    name: str
    port: int
    alive: str
    servers: Sequence[Server] = field(default_factory=tuple)
    at_once: int = 0
    """Requests under way at one server, the others wait at the proxy; 0 for no limit."""
    answers: str = ""
    """What a server that says it is not ready may still answer: those that do are used while none is ready."""


class ReverseProxy:
    """Started with all sites; a server that is not there yet gets nothing until it answers its check."""

    def __init__(self, folder: Path, overview_port: int, sites: Sequence[Site], programs: Programs) -> None:
        self.overview_url = f"http://localhost:{overview_port}/"
        self.child: Child | None = None
        self._folder = folder
        self._overview_port = overview_port
        self._sites = sites
        self._programs = programs

    @property
    def log(self) -> Path:
        return self._folder / "haproxy.log"

    def start(self) -> None:
        """`MissingProgramError` says how to get it; `StartError` what is wrong with it."""
        program = found()
        file = self._folder / "haproxy.cfg"
        file.write_text(configuration(self._sites, self._overview_port), encoding="utf-8")
        # In its folder, so that the path of its socket is short. -db: it stays what was started.
        self.child = self._programs.start(
            "reverse proxy", [program, "-db", "-f", file.name], log=self.log, folder=self._folder
        )

    def set_state(self, site: str, server: str, state: State) -> None:
        """From now on, until another state is set."""
        self._tell(f"set server {site}/{server} state {state.value}")

    def give_back(self, site: str, server: str) -> None:
        """Let a drained server have requests again; return when it has passed a check, and so gets them.

        `StartError` when it does not pass one.
        """
        self.set_state(site, server, State.READY)
        deadline = time.monotonic() + CHECKED_SECONDS
        while self.status(site, server) != "UP":
            if time.monotonic() > deadline:
                raise StartError(f"{server} gets no requests: {self.status(site, server)}", self.log)
            time.sleep(POLL_SECONDS)

    def status(self, site: str, server: str) -> str:
        """How the proxy finds the server: `UP`, `DOWN`, `DRAIN`, or `UP 1/2` on the way to another."""
        rows = csv.DictReader(self._ask("show stat").removeprefix("# ").splitlines())
        return next(row["status"] for row in rows if (row["pxname"], row["svname"]) == (site, server))

    def _tell(self, command: str) -> None:
        if answer := self._ask(command):
            raise ValueError(f"{command}: {answer}")

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as commands:
            here = os.open(self._folder, os.O_RDONLY)
            try:
                commands.connect(f"/proc/self/fd/{here}/{COMMANDS}")
            finally:
                os.close(here)
            commands.sendall(f"{command}\n".encode())
            with commands.makefile(encoding="utf-8") as answer:
                return answer.read().strip()


def found() -> str:
    """Where the program is. Debian puts it where not everybody looks."""
    path = shutil.which(PROGRAM, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        raise MissingProgramError(PROGRAM, "apt-get install haproxy")
    return path


def configuration(sites: Sequence[Site], overview_port: int) -> str:
    """What the program reads."""
    common: Mapping[str, object] = {"loopback": LOOPBACK}
    waiting: Mapping[str, object] = {"queue_seconds": QUEUE_SECONDS, "busy": BUSY}
    parts = [COMMON.format(**common, **waiting, commands=COMMANDS, overview=overview_port)]
    for site in sites:
        parts.append(FRONTEND.format(**common, name=site.name, port=site.port))
        if site.answers:
            parts.append(FALLBACK.format(name=site.name))
        parts += _backend(site.name, site.alive, site.servers, site.at_once)
        if site.answers:
            as_served = [replace(server, checked=0) for server in site.servers]
            parts += _backend(f"{site.name}-anyway", site.answers, as_served, site.at_once)
    return "".join(parts)


def _backend(name: str, alive: str, servers: Iterable[Server], at_once: int) -> Iterator[str]:
    yield BACKEND.format(name=name, alive=alive)
    for server in servers:
        checked = f" port {server.checked}" if server.checked else ""
        limit = f" maxconn {at_once}" if at_once else ""
        yield f"    server {server.name} {LOOPBACK}:{server.port}{checked}{limit}\n"
