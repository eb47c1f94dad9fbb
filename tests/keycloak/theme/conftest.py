"""A realm with the theme, and people in the middle of activating."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.mail_store import Mail
from tests.keycloak.provisioner.conftest import mail, shared_realm
from tests.keycloak.provisioner.realms import TestRealm

__all__ = ["mail", "shared_realm"]

Invite = Callable[..., Mail]


@pytest.fixture
def invite(shared_realm: TestRealm, mail) -> Invite:
    """Make somebody and send him a mail with a link; the mail as he gets it."""

    def make(
        locale: str = "fr",
        *,
        actions: tuple[str, ...] = ("VERIFY_EMAIL",),
        lifespan: int = 2_592_000,
        invitation: dict[str, Any] | str | None = None,
        **names: str,
    ) -> Mail:
        email = f"p{secrets.token_hex(5)}@nouvelle.example"
        attributes = {"locale": [locale]}
        if invitation is not None:
            said = invitation if isinstance(invitation, str) else json.dumps(invitation, ensure_ascii=False)
            attributes["invitation"] = [said]
        required = ["UPDATE_PASSWORD", "VERIFY_EMAIL"]
        id = shared_realm.add_person(email, "/acme", attributes=attributes, requiredActions=required, **names)
        query = {"lifespan": str(lifespan), "client_id": "portal"}
        redirect = f"{shared_realm.environment['PORTAL_URL']}/"
        sent = shared_realm.admin.put(
            f"users/{id}/execute-actions-email", list(actions), redirect_uri=redirect, **query
        )
        assert sent.status_code == 204, sent.text
        (found,) = [one for one in mail.store.all() if email in one.to]
        return found

    return make
