"""What the tests ask of Keycloak as its administrator."""

import requests
import responses

from tests.administrator import ask

ADDRESS = "http://keycloak.test/admin/realms/portal/groups"


def answers(method: str, *statuses: int) -> tuple[int, int]:
    """The status that `ask` returns when Keycloak answers so, and how often it asked."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as keycloak:
        for status in statuses:
            keycloak.add(method, ADDRESS, status=status)
        return ask(requests.Session(), method, ADDRESS).status_code, len(keycloak.calls)


def test_a_read_that_failed_is_repeated_once():
    assert answers("GET", 200) == (200, 1)
    assert answers("GET", 500, 200) == (200, 2)
    assert answers("GET", 500, 500, 200) == (500, 2)
    assert answers("GET", 503, 200) == (503, 1)


def test_a_write_is_not():
    assert answers("POST", 500, 201) == (500, 1)
