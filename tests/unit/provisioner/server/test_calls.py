"""The requests to Keycloak, and the translation of every failure into a `ServerError`."""

import inspect
import json

import pytest
import requests
import responses
from keycloak import exceptions
from keycloak.exceptions import KeycloakError, PermissionDefinitionError

from provisioner import errors
from provisioner.errors import (
    ConflictError,
    ForbiddenError,
    MailRefusedError,
    NotFoundError,
    NotSignedInError,
    RejectedError,
    ServerError,
    UnavailableError,
)
from provisioner.server.calls import PAGE, translated
from tests.unit.provisioner.server.conftest import REALM, TOKEN, URL, asked


class TestRequests:
    def test_one_sign_in_for_all(self, wire, api):
        wire.get(f"{REALM}/clients", json=[])
        api.get("clients")
        api.get("clients")
        assert [call.request.url for call in wire.calls].count(TOKEN) == 1
        assert wire.calls[1].request.headers["Authorization"] == "Bearer t"

    def test_all_pages_of_a_list_are_read(self, wire, api):
        wire.get(f"{REALM}/groups", json=[{"name": "a"}] * PAGE)
        wire.get(f"{REALM}/groups", json=[{"name": "b"}])
        assert len(list(api.pages("groups", {"search": "x"}))) == PAGE + 1
        assert asked(wire) == [
            f"GET {REALM}/groups?search=x&first=0&max={PAGE}",
            f"GET {REALM}/groups?search=x&first={PAGE}&max={PAGE}",
        ]

    def test_the_id_of_a_created_object_comes_from_its_location(self, wire, api):
        wire.post(f"{REALM}/users", status=201, headers={"Location": f"{REALM}/users/the-id"})
        assert api.post("users", {"username": "a"}) == "the-id"
        assert json.loads(wire.calls[1].request.body) == {"username": "a"}

    def test_the_id_of_a_created_object_comes_from_the_answer(self, wire, api):
        wire.post(f"{REALM}/x/policy", status=201, json={"id": "the-id"})
        assert api.post("x/policy", {}) == "the-id"

    def test_a_put_needs_no_body(self, wire, api):
        wire.put(f"{REALM}/users/u/groups/g", status=204)
        api.put("users/u/groups/g")
        assert not wire.calls[1].request.body

    def test_a_realm_is_created_in_the_collection_of_realms(self, wire, api):
        wire.post(f"{URL}/admin/realms", status=201)
        api.create_realm({"realm": "portal"})
        assert asked(wire) == [f"POST {URL}/admin/realms"]

    def test_a_failed_write_is_not_repeated(self, wire, api):
        wire.post(f"{REALM}/users", status=503)
        with pytest.raises(UnavailableError):
            api.post("users", {})
        assert asked(wire) == [f"POST {REALM}/users"]


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "error"),
        [
            (400, RejectedError),
            (401, NotSignedInError),
            (403, ForbiddenError),
            (404, NotFoundError),
            (409, ConflictError),
            (413, RejectedError),
            (500, UnavailableError),
            (503, UnavailableError),
        ],
    )
    def test_a_status_code_becomes_an_error_class(self, wire, api, status, error):
        wire.put(f"{REALM}/clients/x", status=status, json={"errorMessage": "message of Keycloak"})
        with pytest.raises(error, match="message of Keycloak") as caught:
            api.put("clients/x", {})
        assert type(caught.value) is error

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({"error": "invalid", "error_description": "a description"}, "a description"),
            ({"error": "only this"}, "only this"),
            ({"errors": [{"errorMessage": "one"}, {"errorMessage": "two"}]}, "one; two"),
            ("<html>", ""),
            ([], ""),
        ],
    )
    def test_the_message_of_keycloak_is_passed_on(self, wire, api, body, message):
        wire.put(f"{REALM}/x", status=400, body=body if isinstance(body, str) else json.dumps(body))
        with pytest.raises(RejectedError) as caught:
            api.put("x", {})
        assert str(caught.value) == f"PUT admin/realms/portal/x: 400 {message}".rstrip()

    def test_a_token_that_is_too_long_is_told_with_what_to_do(self, wire, api):
        """RFC 6585, 5: Keycloak answers 431 without a word when a token names the roles in too many realms."""
        wire.get(f"{REALM}/clients", status=431)
        with pytest.raises(RejectedError, match=r"431 the access token is too long.*a client of the realm itself"):
            api.get("clients")

    @pytest.mark.parametrize("failure", [requests.ConnectionError("refused"), requests.ReadTimeout("slow")])
    def test_a_server_that_does_not_answer(self, wire, api, failure):
        wire.get(f"{REALM}/clients", body=failure)
        with pytest.raises(UnavailableError, match=r"keycloak\.invalid"):
            api.get("clients")
        assert asked(wire) == [f"GET {REALM}/clients"]

    @pytest.mark.parametrize("status", [400, 401, 403])
    def test_a_refused_sign_in(self, api, status):
        with responses.RequestsMock() as mock:
            mock.post(TOKEN, status=status, json={"error_description": "Invalid user credentials"})
            with pytest.raises(NotSignedInError, match="Invalid user credentials"):
                api.get("clients")

    @pytest.mark.parametrize("status", [500, 503])
    def test_a_mail_refused_by_the_mail_server(self, wire, api, status):
        wire.put(f"{REALM}/users/u/execute-actions-email", status=status, json={"errorMessage": "Failed to send"})
        with pytest.raises(MailRefusedError, match="Failed to send"):
            api.send_mail("users/u/execute-actions-email", ["VERIFY_EMAIL"], {"lifespan": 1})
        assert len(asked(wire)) == 1

    def test_a_mail_refused_by_keycloak(self, wire, api):
        wire.put(f"{REALM}/users/u/execute-actions-email", status=400, json={"errorMessage": "User is disabled"})
        with pytest.raises(RejectedError, match="disabled"):
            api.send_mail("users/u/execute-actions-email", ["VERIFY_EMAIL"], {})


LIBRARY = [
    error
    for _, error in inspect.getmembers(exceptions, inspect.isclass)
    if issubclass(error, Exception) and error.__module__ == exceptions.__name__
]


def test_the_list_of_library_errors_is_not_empty():
    """An empty list would let the next test pass."""
    assert {KeycloakError, PermissionDefinitionError, exceptions.KeycloakConnectionError} <= set(LIBRARY)


@pytest.mark.parametrize("error", LIBRARY, ids=lambda error: error.__name__)
@pytest.mark.parametrize("code", [None, 400, 401, 403, 404, 409, 418, 500, 503])
def test_every_error_of_the_library_is_translated(error, code):
    raised = error("a message", code) if issubclass(error, KeycloakError) else error("a message")
    with pytest.raises(ServerError), translated(URL):
        raise raised


def test_the_tree_lists_every_error_class():
    for name, error in inspect.getmembers(errors, inspect.isclass):
        if issubclass(error, Exception):
            assert name in errors.__doc__
