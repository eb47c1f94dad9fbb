"""Keycloak as seen on the wire: answers to order, and a list of what was asked."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from re import compile as regex
from re import escape
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import responses

from directory.encoding import company_group
from directory.keycloak_gateway.directory import KeycloakDirectory
from tests.builders import a_company

URL = "http://keycloak.invalid:8080"
REALM = f"{URL}/admin/realms/portal"
TOKEN = f"{URL}/realms/portal/protocol/openid-connect/token"


@dataclass(frozen=True)
class Asked:
    """One request that was made: below the realm's admin address, the query with single values, the JSON body."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    authorization: str | None
    timeout: Any


class Wire:
    """Answers for the admin API of one realm; without one for it, a request fails as if nothing listened."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self._mock = mock

    def answers(self, method: str, path: str, *answers: tuple[int, Any] | int | Exception) -> None:
        """The answers to this request, one after the other; the last one for all that follow.

        Each is a status, a status with a JSON body (or text), or an exception of the transport.
        """
        for answer in answers:
            if isinstance(answer, Exception):
                self._mock.add(method, f"{REALM}{path}", body=answer)
                continue
            status, body = answer if isinstance(answer, tuple) else (answer, None)
            kind = {"body": body or ""} if body is None or isinstance(body, str) else {"json": body}
            self._mock.add(method, f"{REALM}{path}", status=status, **kind)

    def knows(self, user_id: str, *groups: dict[str, Any]) -> None:
        """The account exists; it is in these groups, or else in a company."""
        found = list(groups) or [{"id": str(uuid4()), **company_group(a_company("elsewhere"))}]
        self.answers("GET", f"/users/{user_id}/groups", (200, found))
        self.answers("GET", f"/users/{user_id}", (200, people([user_id])[0]))

    def knows_no_other_account(self) -> None:
        """Every other account does not exist."""
        self._mock.add("GET", regex(f"{escape(REALM)}/users/[^/]+/groups"), status=404)

    def has_groups(self, *groups: dict[str, Any]) -> None:
        """The realm has these top-level groups."""
        self.answers("GET", "/groups/count", (200, {"count": len(groups)}))
        self.answers("GET", "/groups", (200, list(groups)))

    def creates(self, user_id: str) -> None:
        self._mock.add("POST", f"{REALM}/users", status=201, headers={"Location": f"{REALM}/users/{user_id}"})

    def signs_in(self, *lives: int) -> None:
        """Sign-ins succeed with token-1, token-2, ... living so many seconds; the last one for all that follow."""
        for number, seconds in enumerate(lives or (60,), start=1):
            self._mock.add("POST", TOKEN, json={"access_token": f"token-{number}", "expires_in": seconds})

    def on(self, method: str, path: str, callback: Callable[[Any], tuple[int, dict[str, str], str]]) -> None:
        """The callback answers this request."""
        self._mock.add_callback(method, f"{REALM}{path}", callback=callback)

    def on_sign_in(self, callback: Callable[[Any], tuple[int, dict[str, str], str]]) -> None:
        """The callback answers sign-ins from now on, instead of whatever did."""
        self._mock.remove("POST", TOKEN)
        self._mock.add_callback("POST", TOKEN, callback=callback)

    def sign_in_fails(self, answer: tuple[int, Any] | Exception) -> None:
        if isinstance(answer, Exception):
            self._mock.add("POST", TOKEN, body=answer)
        else:
            status, body = answer
            self._mock.add(
                "POST", TOKEN, status=status, **({"body": body} if isinstance(body, str) else {"json": body})
            )

    @property
    def sign_ins(self) -> list[dict[str, str]]:
        """The forms with which a token was asked for."""
        return [
            {name: values[0] for name, values in parse_qs(str(call.request.body)).items()}
            for call in self._mock.calls
            if call.request.url == TOKEN
        ]

    @property
    def asked(self) -> list[Asked]:
        """Every other request, in order."""
        return [_asked(call) for call in self._mock.calls if call.request.url != TOKEN]

    @property
    def lines(self) -> list[str]:
        """The same as `GET /users/1`, without queries."""
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    @property
    def acts(self) -> list[str]:
        """The lines without the reads that judge whether a person is known."""
        return [line for line in self.lines if not line.startswith("GET /users/")]

    @property
    def timeouts(self) -> set[Any]:
        return {call.request.req_kwargs["timeout"] for call in self._mock.calls}  # type: ignore[attr-defined]


def _asked(call: Any) -> Asked:
    address = urlsplit(call.request.url)
    query = {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
    return Asked(
        call.request.method,
        f"{URL}{address.path}".removeprefix(REALM),
        query,
        json.loads(call.request.body) if call.request.body else None,
        call.request.headers.get("Authorization"),
        call.request.req_kwargs["timeout"],
    )


def a_directory(*secrets: str) -> KeycloakDirectory:
    return KeycloakDirectory(
        URL,
        "portal",
        "portal-directory",
        lambda: secrets or ["the-secret"],
        portal_client_id="portal",
        redirect_uri="http://localhost:8000/",
    )


def people(ids: Iterable[str]) -> list[dict[str, Any]]:
    """Brief representations, as member lists give them."""
    return [
        {"id": user_id, "username": f"{user_id}@acme.example", "email": f"{user_id}@acme.example"}
        for user_id in ids
    ]
