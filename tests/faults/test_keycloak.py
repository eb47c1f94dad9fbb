"""R1 to R6: Keycloak down, slow, hanging, failing on the nth call, losing its answer; every fault happens.

Each on the small Keycloak and on a real one.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from directory import budget, transport
from directory.errors import EmailTakenError, UnavailableError
from directory.keycloak_gateway import connection
from directory.keycloak_gateway.directory import KeycloakDirectory
from tests.builders import a_profile, an_attachment
from tests.contract.worlds import a_new_address
from tests.faults.keycloaks import Keycloak
from tests.faults.proxy import Fault, FaultProxy, Kind
from tests.waiting import until

FOR_EVER = 1_000_000


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same times in small: a test does not wait for ten seconds."""
    monkeypatch.setattr(connection, "READ_TIMEOUT", 1.0)
    monkeypatch.setattr(budget, "BUDGET", 2.0)
    monkeypatch.setattr(budget, "HEALTHY", 0.5)
    monkeypatch.setattr(transport, "PAUSE", 0.3)
    monkeypatch.setattr(transport, "TURN", 0.4)


@pytest.fixture
def patient(impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call hangs for long enough that a busy machine can ask something else meanwhile."""
    monkeypatch.setattr(connection, "READ_TIMEOUT", 6.0)
    monkeypatch.setattr(budget, "BUDGET", 8.0)


@pytest.fixture
def anne(keycloak: Keycloak) -> str:
    return keycloak.person()


@pytest.fixture
def bruno(keycloak: Keycloak) -> str:
    return keycloak.person()


def took(act: Callable[[], object]) -> float:
    began = time.monotonic()
    try:
        act()
    except UnavailableError:
        return time.monotonic() - began
    raise AssertionError("it answered")


@pytest.mark.parametrize("kind", ["503", "reset before", "reset after"])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_read_that_fails_once_is_made_again(
    kind: Kind, nth: int, proxy: FaultProxy, directory: KeycloakDirectory, anne: str
):
    """5xx or a lost answer on the nth call: the person sees nothing of it."""
    fault = proxy.add(Fault(kind, "GET", "/users/", nth=nth))
    assert directory.user(anne).id == anne
    assert fault.happened == 1


def test_an_answer_lost_after_the_account_was_made(
    proxy: FaultProxy, keycloak: Keycloak, directory: KeycloakDirectory
):
    """Never sent again; the account is found by its address, and a repeat by hand meets it."""
    email, at = a_new_address(), [an_attachment(keycloak.company_id)]
    fault = proxy.add(Fault("reset after", "POST", "/users$"))
    with pytest.raises(UnavailableError):
        directory.create_user(a_profile(email), at)
    assert fault.happened == 1
    (made,) = keycloak.made(email)
    found = directory.find_by_email(email)
    assert found is not None
    assert found.id == made
    with pytest.raises(EmailTakenError):
        directory.create_user(a_profile(email), at)


def test_an_answer_lost_before_the_account_was_made(
    proxy: FaultProxy, keycloak: Keycloak, directory: KeycloakDirectory
):
    email = a_new_address()
    fault = proxy.add(Fault("reset before", "POST", "/users$"))
    with pytest.raises(UnavailableError):
        directory.create_user(a_profile(email), [an_attachment(keycloak.company_id)])
    assert (fault.happened, keycloak.made(email)) == (1, [])
    assert directory.find_by_email(email) is None


def test_a_mail_whose_answer_is_lost_is_one_mail(
    proxy: FaultProxy, keycloak: Keycloak, directory: KeycloakDirectory, anne: str
):
    fault = proxy.add(Fault("reset after", "PUT", "execute-actions-email"))
    with pytest.raises(UnavailableError):
        directory.send_activation(anne)
    assert (fault.happened, keycloak.mails(anne)) == (1, 1)


def test_a_slow_answer_is_waited_for(proxy: FaultProxy, directory: KeycloakDirectory, anne: str):
    """1.5 seconds: slow, and no error."""
    fault = proxy.add(Fault("delay", "GET", "/groups", seconds=1.5))
    budget.begin()
    assert directory.user(anne).id == anne
    assert fault.happened == 1


@pytest.mark.usefixtures("impatient")
def test_a_request_waits_for_its_budget_and_no_longer(proxy: FaultProxy, directory: KeycloakDirectory, anne: str):
    """However many calls it would make, each of which hangs."""
    fault = proxy.add(Fault("hang", "GET", "/users", times=FOR_EVER))
    directory.sign_in()
    budget.begin()
    waited = sum(took(lambda: directory.user(anne)) for _ in range(4))
    assert fault.happened >= 2
    assert waited < budget.BUDGET + 2.5


@pytest.mark.usefixtures("impatient")
def test_once_it_is_known_to_be_down_nobody_waits_any_more(
    proxy: FaultProxy, directory: KeycloakDirectory, anne: str
):
    """Five failures open the breaker: the next ones fail at once, and Keycloak is asked by one probe at a time."""
    fault = proxy.add(Fault("hang", "GET", "/users", times=FOR_EVER))
    directory.sign_in()
    with ThreadPoolExecutor(transport.FAILURES) as people:
        list(people.map(lambda _: took(lambda: directory.user(anne)), range(transport.FAILURES)))
    met = fault.happened
    assert met >= transport.FAILURES
    with ThreadPoolExecutor(20) as people:
        waits = sorted(people.map(lambda _: took(lambda: directory.user(anne)), range(40)))
    assert waits[20] < 1.0, "nearly all at once"
    assert fault.happened - met <= 8, "probes"


@pytest.mark.usefixtures("impatient")
def test_back_by_itself(proxy: FaultProxy, directory: KeycloakDirectory, anne: str):
    """Within five seconds of Keycloak's readiness, without a restart."""
    directory.sign_in()
    fault = proxy.add(Fault("503", path="/realms/portal/", times=FOR_EVER))
    for _ in range(3):
        took(lambda: directory.user(anne))
    assert fault.happened >= transport.FAILURES
    proxy.clear()
    began = time.monotonic()
    until(lambda: answers(directory, anne), "it answers", seconds=30, pause=0.05)
    assert time.monotonic() - began < 5


def answers(directory: KeycloakDirectory, user_id: str) -> bool:
    try:
        return bool(directory.user(user_id))
    except UnavailableError:
        return False


@pytest.mark.usefixtures("patient")
def test_while_the_calls_of_one_person_hang_those_of_others_go_on(
    proxy: FaultProxy, directory: KeycloakDirectory, anne: str, bruno: str
):
    """Forty requests of one administrator: a part of the threads is held, and never that of anybody else."""
    fault = proxy.add(Fault("hang", "GET", f"/users/{anne}", times=FOR_EVER))
    directory.sign_in()

    def ask(person: str, user_id: str) -> float:
        began = time.monotonic()
        budget.begin(person)
        try:
            directory.user(user_id)
        except UnavailableError:
            return -1.0
        finally:
            budget.end()
        return time.monotonic() - began

    with ThreadPoolExecutor(40) as threads:
        hanging = [threads.submit(ask, "anne", anne) for _ in range(36)]
        until(lambda: fault.happened >= transport.AT_ONCE_FOR_ONE, "they hang", seconds=30, pause=0.02)
        others = [ask("bruno", bruno) for _ in range(5)]
        assert all(0 <= wait < 1.0 for wait in others), others
        assert {each.result() for each in hanging} == {-1.0}


def test_two_hundred_calls_that_are_not_slow_take_the_time_they_take(
    proxy: FaultProxy, directory: KeycloakDirectory, anne: str, monkeypatch: pytest.MonkeyPatch
):
    """The budget is for slow answers: many quick ones are no trouble."""
    monkeypatch.setattr(budget, "BUDGET", 5.0)
    monkeypatch.setattr(budget, "HEALTHY", 30.0)
    budget.begin()
    assert [directory.user(anne).id for _ in range(40)] == [anne] * 40
    assert budget.left() == 5.0
    assert len(proxy.calls) > 80
