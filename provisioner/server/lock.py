"""One run at a time: a realm role that exists while an apply writes.

Keycloak has no compare-and-set, but creating a role of a name that is taken is refused (409, a unique key of its
database), so exactly one of several runs gets it. Nobody ever holds the role. It says who has the lock and until
when; the holder extends it, and a run that was killed leaves one that ends: at once for a run on the same machine,
whose process is gone, else after `LEASE_SECONDS`.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioner.errors import ConflictError, LockedError, NotFoundError, ServerError
from provisioner.model.ports import Api, Waiting
from provisioner.model.state import Json

ROLE = "provisioner-lock"
LEASE_SECONDS = 60
RENEW_SECONDS = 20
WAIT_SECONDS = 120
POLL_SECONDS = 1.0


class Lock:
    """The lock of one realm."""

    def __init__(self, api: Api, wait_seconds: float = WAIT_SECONDS) -> None:
        self._api = api
        self._wait_seconds = wait_seconds
        self._holder = f"{socket.gethostname()}:{os.getpid()}"

    @contextmanager
    def held(self, waiting: Waiting) -> Iterator[bool]:
        """Takes the lock, waiting for it, and gives it back; the value tells whether it had to wait."""
        waited = self._take(waiting)
        done = threading.Event()
        renewing = threading.Thread(target=self._renew, args=(done,), daemon=True)
        renewing.start()
        try:
            yield waited
        finally:
            done.set()
            renewing.join()
            self._give_back()

    def _take(self, waiting: Waiting) -> bool:
        deadline = time.monotonic() + self._wait_seconds
        waited = False
        while True:
            try:
                self._api.post("roles", self._body())
                return waited
            except ConflictError:
                pass  # somebody has it, or has left it behind
            waited = True
            holder = self._present()
            if holder is None:
                continue
            if self._is_over(holder):
                self._delete(holder)
                continue
            told = f"{_said(holder, 'holder')} is applying to this realm since {_said(holder, 'since')}"
            if time.monotonic() >= deadline:
                raise LockedError(f"{told}; nothing was written, try again when it has ended")
            waiting(told)
            time.sleep(POLL_SECONDS)

    def _body(self) -> Json:
        now = datetime.now(UTC)
        until = now + timedelta(seconds=LEASE_SECONDS)
        return {
            "name": ROLE,
            "description": "Exists while the provisioner changes this realm. Gives nobody any right.",
            "attributes": {
                "holder": [self._holder],
                "since": [now.isoformat(timespec="seconds")],
                "until": [until.isoformat(timespec="seconds")],
            },
        }

    def _present(self) -> Json | None:
        try:
            found: Json = self._api.get(f"roles/{ROLE}")
        except NotFoundError:
            return None
        return found

    def _is_over(self, role: Json) -> bool:
        host, _, process = _said(role, "holder").partition(":")
        if host == socket.gethostname() and process.isdecimal() and not _runs(int(process)):
            return True
        try:
            until = datetime.fromisoformat(_said(role, "until"))
        except ValueError:
            return True
        return datetime.now(UTC) > until

    def _renew(self, done: threading.Event) -> None:
        while not done.wait(RENEW_SECONDS):
            try:
                role = self._present()
                if role is not None and _said(role, "holder") == self._holder:
                    body = self._body()
                    body["attributes"]["since"] = role["attributes"]["since"]
                    self._api.put(f"roles-by-id/{role['id']}", body)
            except ServerError:
                continue  # the next write of the run itself tells what is wrong

    def _give_back(self) -> None:
        try:
            role = self._present()
            if role is not None and _said(role, "holder") == self._holder:
                self._delete(role)
        except ServerError:
            return  # the server is gone: the lease ends by itself, and the run has its own error to tell

    def _delete(self, role: Json) -> None:
        """By id: a lock that another run has taken meanwhile is another role."""
        try:
            self._api.delete(f"roles-by-id/{role['id']}")
        except NotFoundError:
            return


def _said(role: Json, name: str) -> str:
    values: Any = (role.get("attributes") or {}).get(name) or [""]
    return str(values[0])


def _runs(process: int) -> bool:
    """Whether a process of this machine is there and is not this one: a process applies once at a time."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
