"""The loopback ports that the sandbox listens on."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from sandbox.errors import PortInUseError, SandboxError

LOOPBACK = "127.0.0.1"
FREE_FROM, FREE_UP_TO = 20_000, 32_000
DEFAULTS = {
    "PORTAL_PORT": 8000,
    "KEYCLOAK_PORT": 8080,
    "KEYCLOAK_MANAGEMENT_PORT": 9000,
    "MAIL_HTTP_PORT": 8025,
    "SMTP_PORT": 1025,
    "SERVICE_PORT": 8001,
}


@dataclass(frozen=True)
class Ports:
    """One port for each thing that listens; a field's name in capitals is the variable that chooses it."""

    portal_port: int
    keycloak_port: int
    keycloak_management_port: int
    mail_http_port: int
    smtp_port: int
    service_port: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """The ports of the contract; `SandboxError` names the variable that is no port number."""
        return cls(**{name.lower(): _number(name, environment) for name in DEFAULTS})

    @classmethod
    def free(cls) -> Self:
        """Six ports nobody listens on just now."""
        return cls(**dict(zip((field.name for field in fields(cls)), free_ports(len(fields(cls))), strict=True)))

    def check(self) -> None:
        """`SandboxError` when two are the same, `PortInUseError` when somebody listens on one."""
        chosen: dict[int, str] = {}
        for field in fields(self):
            port, variable = getattr(self, field.name), field.name.upper()
            if port in chosen:
                raise SandboxError(f"{chosen[port]} and {variable} are both {port}")
            chosen[port] = variable
        for port, variable in chosen.items():
            if not is_free(port):
                raise PortInUseError(variable, port)


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now, and nobody would meet another one there.

    `localhost` may mean `::1` to a browser, so somebody there counts too.
    """
    if any(_answers(host, port) for host in (LOOPBACK, "::1")):
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just left is no port in use
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:  # refused, or no such address on this machine
        return False
    return True


def free_port() -> int:
    """A loopback port that nobody listens on."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Several different ones, below those that systems give to outgoing connections: they last."""
    found: list[int] = []
    while len(found) < count:
        port = FREE_FROM + secrets.randbelow(FREE_UP_TO - FREE_FROM)
        if port not in found and is_free(port):
            found.append(port)
    return found


def _number(name: str, environment: Mapping[str, str]) -> int:
    text = environment.get(name) or str(DEFAULTS[name])
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
        raise SandboxError(f"{name}={text!r} is not a port number")
    return int(text)
