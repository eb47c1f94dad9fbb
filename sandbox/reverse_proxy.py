"""HAProxy in front of several servers of one kind, on the loopback."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from sandbox.errors import MissingProgramError
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
    timeout check 2s
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
SITE = """\

frontend {name}
    bind {loopback}:{port}
    default_backend {name}

backend {name}
    balance roundrobin
    # What changes something is sent again only where no connection came about.
    http-request disable-l7-retry unless METH_GET
    option httpchk GET {alive}
"""


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


class ReverseProxy:
    """Started with all sites; a server that is not there yet gets nothing until it answers its check."""

    def __init__(self, folder: Path, overview_port: int, sites: Sequence[Site], programs: Programs) -> None:
        self.overview_url = f"http://localhost:{overview_port}/"
        self.child: Child | None = None
        self._folder = folder
        self._overview_port = overview_port
        self._sites = sites
        self._programs = programs

    def start(self) -> None:
        """`MissingProgramError` says how to get it; `StartError` what is wrong with it."""
        program = found()
        file = self._folder / "haproxy.cfg"
        file.write_text(configuration(self._sites, self._overview_port), encoding="ascii")
        log = self._folder / "haproxy.log"
        # In its folder, so that the path of its socket is short. -db: it stays what was started.
        self.child = self._programs.start(
            "reverse proxy", [program, "-db", "-f", file.name], log=log, folder=self._folder
        )

    def set_state(self, site: str, server: str, state: State) -> None:
        """From now on, until another state is set."""
        self._tell(f"set server {site}/{server} state {state.value}")

    def _tell(self, command: str) -> None:
        with socket.socket(socket.AF_UNIX) as commands:
            here = os.open(self._folder, os.O_RDONLY)
            try:
                commands.connect(f"/proc/self/fd/{here}/{COMMANDS}")
            finally:
                os.close(here)
            commands.sendall(f"{command}\n".encode())
            answer = commands.recv(4096).decode().strip()
        if answer:
            raise ValueError(f"{command}: {answer}")


def found() -> str:
    """Where the program is. Debian puts it where not everybody looks."""
    path = shutil.which(PROGRAM, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        raise MissingProgramError(PROGRAM, "apt-get install haproxy")
    return path


def configuration(sites: Sequence[Site], overview_port: int) -> str:
    """What the program reads."""
    common: Mapping[str, object] = {"loopback": LOOPBACK}
    parts = [COMMON.format(**common, commands=COMMANDS, overview=overview_port)]
    for site in sites:
        parts.append(SITE.format(**common, name=site.name, port=site.port, alive=site.alive))
        for server in site.servers:
            checked = f" port {server.checked}" if server.checked else ""
            parts.append(f"    server {server.name} {LOOPBACK}:{server.port}{checked}\n")
    return "".join(parts)
