"""Whether the portal may work with its account: asked until the answer is yes."""

import logging
from threading import Event, Lock, Semaphore, Thread

import pytest

from directory.errors import ForbiddenError, UnavailableError
from directory.rights import DIRECTORY_RIGHTS, MANAGEMENT, Rights
from tests.fakes import FakeDirectory
from webapp.identity.service_account_check import ExcessError, Opening, ServiceAccountCheck, examine

TOO_MUCH = Rights({MANAGEMENT: DIRECTORY_RIGHTS | {"view-realm", "impersonation"}})


class Counting(FakeDirectory):
    """Says how often it was asked."""

    asked = 0

    def own_rights(self) -> Rights:
        self.asked += 1
        return super().own_rights()


class Refusing(FakeDirectory):
    def own_rights(self) -> Rights:
        raise ForbiddenError("no right to ask")


def test_too_much_is_named():
    directory = FakeDirectory()
    directory.own = TOO_MUCH
    with pytest.raises(ExcessError) as caught:
        examine(directory)
    assert caught.value.reasons == (
        "holds impersonation of realm-management",
        "holds view-realm of realm-management",
    )


@pytest.mark.parametrize("directory", [Refusing(), FakeDirectory()])
def test_what_cannot_be_judged_is_unavailable(directory: FakeDirectory):
    """Not refused for good."""
    directory.own = Rights()
    with pytest.raises(UnavailableError) as caught:
        examine(directory)
    assert not isinstance(caught.value, ExcessError)


def test_yes_is_kept():
    directory, admission = Counting(), ServiceAccountCheck()
    for _ in range(3):
        admission.require(directory)
    assert directory.asked == 1
    assert not admission.refused


def test_no_is_asked_again_and_told_once(caplog: pytest.LogCaptureFixture):
    """So that it ends without a restart."""
    directory, admission = Counting(), ServiceAccountCheck()
    directory.own = TOO_MUCH
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            with pytest.raises(ExcessError):
                admission.require(directory)
    assert admission.refused
    assert directory.asked == 3
    assert caplog.text.count("view-realm") == 1
    directory.own = FakeDirectory().own
    admission.require(directory)
    assert not admission.refused


class Door:
    """A lock that says who has come to it."""

    def __init__(self) -> None:
        self.come = Semaphore(0)
        self._lock = Lock()

    def __enter__(self) -> None:
        self.come.release()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_who_comes_while_somebody_asks_shares_the_answer():
    """However many come: a Keycloak that hangs is waited for once."""
    answer = Event()

    class Slow(Counting):
        def own_rights(self) -> Rights:
            self.asked += 1
            assert answer.wait(30)
            raise UnavailableError("not now")

    directory, admission, refused = Slow(), ServiceAccountCheck(), []
    admission._lock = door = Door()

    def ask() -> None:
        try:
            admission.require(directory)
        except UnavailableError as error:
            refused.append(str(error))

    everybody = [Thread(target=ask) for _ in range(9)]
    for each in everybody:
        each.start()
        assert door.come.acquire(timeout=30)
    answer.set()
    for each in everybody:
        each.join(30)
    assert len(refused) == 9
    assert directory.asked == 1


class TestOpening:
    def test_at_once(self):
        begun: list[int] = []
        Opening(ServiceAccountCheck(), FakeDirectory(), lambda: begun.append(1)).start()
        assert begun == [1]

    def test_not_at_all_while_refused(self):
        directory = FakeDirectory()
        directory.own = TOO_MUCH
        begun: list[int] = []
        opening = Opening(ServiceAccountCheck(), directory, lambda: begun.append(1))
        opening.start()
        opening.stop()
        assert begun == []
