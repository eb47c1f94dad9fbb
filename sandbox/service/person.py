"""The person a token speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Person:
    """Who is signed in and where he is attached, as Keycloak said at the last reading."""

    id: str
    name: str
    locale: str | None
    attachments: frozenset[str]
    """`<company id>:user`, and besides `:administrator` and `:external`."""
    keycloak_session: str

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Self:
        """Read the claims of an ID token; who is attached nowhere has no claim `attachments` at all."""
        return cls(
            id=str(claims["sub"]),
            name=str(claims.get("name") or claims.get("preferred_username") or ""),
            locale=claims.get("locale"),
            attachments=frozenset(map(str, claims.get("attachments") or ())),
            keycloak_session=str(claims.get("sid") or ""),
        )

    def is_attached_to(self, company_id: str) -> bool:
        return f"{company_id}:user" in self.attachments

    def administers(self, company_id: str) -> bool:
        return f"{company_id}:administrator" in self.attachments

    def is_external_to(self, company_id: str) -> bool:
        return f"{company_id}:external" in self.attachments

    @property
    def companies(self) -> list[str]:
        """The ids of the companies he is attached to, in alphabetical order."""
        return sorted(value.removesuffix(":user") for value in self.attachments if value.endswith(":user"))
