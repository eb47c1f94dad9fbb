"""Activation mails that wait until a test lets them go, so that what happens meanwhile needs no clock."""

from threading import Semaphore

from tests.fakes import FakeDirectory

PATIENCE = 60.0
MANY = 10_000


class HeldMails:
    """Every activation mail of the directory waits at the door from now on."""

    def __init__(self, directory: FakeDirectory) -> None:
        self._send = directory.send_activation
        self._arrived, self._allowed = Semaphore(0), Semaphore(0)
        directory.send_activation = self._hold  # type: ignore[method-assign]

    def _hold(self, user_id: str) -> None:
        self._arrived.release()
        assert self._allowed.acquire(timeout=PATIENCE), "nobody let the mail go"
        self._send(user_id)

    def arrive(self) -> None:
        """Return when one more mail is at the door."""
        assert self._arrived.acquire(timeout=PATIENCE), "no mail came"

    def go(self) -> None:
        """Let one mail go."""
        self._allowed.release()

    def go_all(self) -> None:
        """Let all go, those to come too."""
        self._allowed.release(MANY)
