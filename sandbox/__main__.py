"""`python -m sandbox COMMAND`: the sandbox for a person at a terminal, and its parts one by one."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from rich.console import Console
from werkzeug.serving import make_server

from sandbox.errors import SandboxError
from sandbox.ports import LOOPBACK, Ports

VAR = Path(__file__).parent.parent / "var"
CLUSTER = "cluster"


def main(arguments: list[str] | None = None) -> int:
    """0 when done or ended as asked, 1 with a message when something went wrong."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--folder", type=Path, default=VAR, help="where data are kept (default: var)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="everything, in the foreground until Ctrl-C")
    commands.add_parser("cluster", help="likewise: two portals and two Keycloaks behind HAProxy")
    commands.add_parser("clean", help="forget the demo's data; the cache of downloads stays")
    commands.add_parser("fetch", help="fetch, build and warm Keycloak now, so that the next start is quick")
    commands.add_parser("mail", help="the mail catcher alone")
    commands.add_parser("service", help="the sample service alone")
    commands.add_parser("browser", help="find a browser for the tests, or get one")
    chosen = parser.parse_args(arguments)
    try:
        COMMANDS[chosen.command](chosen.folder)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _demo(folder: Path) -> None:
    from sandbox.demo_run import run_demo

    run_demo(folder, Console())


def _cluster(folder: Path) -> None:
    from sandbox.cluster import Cluster
    from sandbox.demo_run import clean, run_demo

    clean(folder / CLUSTER)
    run_demo(folder / CLUSTER, Console(), Cluster)


def _clean(folder: Path) -> None:
    from sandbox.demo_run import clean

    clean(folder / CLUSTER)
    clean(folder)


def _fetch(_: Path) -> None:
    from sandbox.keycloak import prepared

    print(prepared(report=lambda what: print(what, flush=True)).folder)


def _mail(folder: Path) -> None:
    from sandbox.mail_catcher import MailCatcher

    ports = Ports.from_environment(os.environ)
    with MailCatcher(smtp_port=ports.smtp_port, http_port=ports.mail_http_port, folder=folder / "mails") as mail:
        print(f"SMTP on {LOOPBACK}:{mail.smtp_port}, mails on {mail.url}", flush=True)
        _wait_for_the_end()


def _service(_: Path) -> None:
    from sandbox.service.app import from_environment

    ports = Ports.from_environment(os.environ)
    host = os.environ.get("SERVICE_HOST") or LOOPBACK  # another one is for inside a container only
    with make_server(host, ports.service_port, from_environment(), threaded=True) as server:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        server.serve_forever()


def _browser(_: Path) -> None:
    from sandbox.browser import find_or_get

    print(find_or_get())


def _wait_for_the_end() -> None:
    """Until Ctrl-C or SIGTERM."""
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    signal.sigwait(ends)


COMMANDS = {
    "demo": _demo,
    "cluster": _cluster,
    "clean": _clean,
    "fetch": _fetch,
    "mail": _mail,
    "service": _service,
    "browser": _browser,
}

if __name__ == "__main__":
    sys.exit(main())
