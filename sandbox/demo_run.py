"""`make demo`: everything brought up, its addresses told, and kept up until somebody ends it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.table import Table

from sandbox.content import DemoPerson, Kind
from sandbox.ports import Ports
from sandbox.progress import display
from sandbox.stack import Stack, claim

LOOK_SECONDS = 0.5
DESCRIPTION = "demo.json"


class Ended(BaseException):
    """Somebody asked for the end: Ctrl-C, SIGTERM, a closed terminal. Not an error."""


def run_demo(folder: Path, console: Console, make: type[Stack] = Stack) -> None:
    """Bring the demo up on `folder`, write `demo.json`, stay until told to end.

    Returns when the end was asked for; raises `SandboxError` when something cannot be started or ends by itself.
    In both cases nothing is left running and `demo.json` is gone.
    """
    ports = Ports.from_environment(os.environ)
    description = folder / DESCRIPTION
    began = time.monotonic()
    with _ending_on_signals():
        try:
            with display(console) as shown:
                stack = make(folder, ports, shown=shown)
                stack.start()
            try:
                write_description(stack, description)
                _tell(stack, console, time.monotonic() - began)
                _watch(stack)
            finally:
                description.unlink(missing_ok=True)
                console.print(stack.farewell)
                stack.stop()
        except Ended:
            return


def write_description(stack: Stack, file: Path) -> None:
    """The whole file or none of it: who sees it can read it."""
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(stack.describe(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    partial.chmod(0o600)
    partial.replace(file)


def clean(folder: Path) -> None:
    """Forget the demo's data; `AlreadyRunningError` while a demo uses them. The cache of downloads stays."""
    if not folder.exists():
        return
    with claim(folder):
        shutil.rmtree(folder)


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """Inside, the first signal that asks for the end raises `Ended`; later ones change nothing."""

    def end(number: int, frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise Ended

    wanted = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup's wish
        wanted.append(signal.SIGHUP)
    before = {number: signal.signal(number, end) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(stack: Stack) -> None:
    """Stay until a program ends by itself, or make does (somebody killed it: nobody is left to end us)."""
    make = os.getppid() if "MAKELEVEL" in os.environ else None
    while make is None or os.getppid() == make:
        stack.check()
        time.sleep(LOOK_SECONDS)


def who(person: DemoPerson) -> str:
    """What a person of the demo is, in a few words."""
    administered = [v.partition(":")[0] for v in person.attachments if v.endswith(":administrator")]
    external = [v.partition(":")[0] for v in person.attachments if v.endswith(":external")]
    attached = [v.partition(":")[0] for v in person.attachments if v.endswith(":user")]
    plain = [company for company in attached if company not in (*administered, *external)]
    parts = [
        f"{word} {', '.join(companies)}"
        for word, companies in (("administers", administered), ("at", plain), ("external at", external))
        if companies
    ]
    match person.kind:
        case Kind.OPERATOR:
            parts = ["operator"]
        case Kind.PENDING:
            parts.append("not activated: see his mail")
        case Kind.PERSON:
            parts = parts or ["attached nowhere"]
    return "; ".join(parts)


def _tell(stack: Stack, console: Console, seconds: float) -> None:
    addresses = Table.grid(padding=(0, 2))
    for name, address in stack.addresses:
        addresses.add_row(name, f"[link={address}]{address}[/link]")
    people = Table(box=None, pad_edge=False)
    people.add_column("E-mail", no_wrap=True)
    people.add_column("Password", no_wrap=True)
    people.add_column("Who")
    for person in stack.content.people:
        people.add_row(person.email, person.password or "–", who(person))
    admin = stack.describe()["keycloak"]["admin"]
    people.add_row(admin["username"], admin["password"], "Keycloak itself")
    console.print(f"\nReady after {seconds:.1f} s.\n", highlight=False)
    console.print(addresses, highlight=False)
    console.print()
    console.print(people, highlight=False)
    console.print("\nCtrl-C ends it.\n", highlight=False)
