"""One run at a time: a realm role that exists while an apply writes.

Keycloak has no compare-and-set, but it refuses to create a role whose name exists (409, a unique key of its
database), so only one of several runs succeeds. The role is never assigned to anyone. It stores the holder and the
end of the lease, which the holder extends. The lock of a killed run ends immediately for a run on the same
machine, where its process no longer exists, otherwise after `LEASE_SECONDS`.
"""

import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
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
        """Take the lock, waiting for it if necessary, and release it at the end. The value is True if it had to
        wait."""
        waited = self._take(waiting)
        done = Event()
        try:
            with ThreadPoolExecutor(1, "lock") as renewer:
                renewing = renewer.submit(self._renew, done)
                try:
                    yield waited
                finally:
                    done.set()
            renewing.result()
        finally:
            self._release()

    def _take(self, waiting: Waiting) -> bool:
        deadline = time.monotonic() + self._wait_seconds
        waited = False
        while True:
            try:
                self._api.post("roles", self._body())
                return waited
            except ConflictError:
                pass  # another run holds it, or has left it behind
            waited = True
            holder = self._present()
            if holder is None:
                continue
            if self._is_over(holder):
                self._delete(holder)
                continue
            message = f"{_value(holder, 'holder')} has been applying to this realm since {_value(holder, 'since')}"
            if time.monotonic() >= deadline:
                raise LockedError(f"{message}; nothing was written; try again when it has finished")
            waiting(message)
            time.sleep(POLL_SECONDS)

    def _body(self) -> Json:
        now = datetime.now(UTC)
        until = now + timedelta(seconds=LEASE_SECONDS)
        return {
            "name": ROLE,
            "description": "Exists while the provisioner changes this realm. Grants no rights.",
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
        host, _, process = _value(role, "holder").partition(":")
        if host == socket.gethostname() and process.isdecimal() and not _runs(int(process)):
            return True
        try:
            until = datetime.fromisoformat(_value(role, "until"))
        except ValueError:
            return True
        return datetime.now(UTC) > until

    def _renew(self, done: Event) -> None:
        while not done.wait(RENEW_SECONDS):
            try:
                role = self._present()
                if role is not None and _value(role, "holder") == self._holder:
                    body = self._body()
                    body["attributes"]["since"] = role["attributes"]["since"]
                    self._api.put(f"roles-by-id/{role['id']}", body)
            except ServerError:
                continue  # the next write of the run itself raises the error

    def _release(self) -> None:
        try:
            role = self._present()
            if role is not None and _value(role, "holder") == self._holder:
                self._delete(role)
        except ServerError:
            return  # the server is not reachable: the lease expires, and the run raises its own error

    def _delete(self, role: Json) -> None:
        """Delete the role by its id, because a lock that another run has taken in the meantime has another one."""
        try:
            self._api.delete(f"roles-by-id/{role['id']}")
        except NotFoundError:
            return


def _value(role: Json, name: str) -> str:
    values: Any = (role.get("attributes") or {}).get(name) or [""]
    return str(values[0])


def _runs(process: int) -> bool:
    """Return whether another process of this machine with this id exists."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
