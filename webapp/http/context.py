"""What a request has at hand: the portal's parts, and who is acting.

The parts are put on the application by `webapp.app.create_app`; views get them here and hand them to services.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import cast
from uuid import uuid4

from flask import current_app, g, session

from directory.gateway import Directory
from webapp.identity.actor import Actor, Author, author_of
from webapp.identity.oidc import Identity, Tokens
from webapp.identity.service_account_check import ServiceAccountCheck
from webapp.identity.sessions import KEYCLOAK_SESSION, PERSON
from webapp.imports.worker import ImportWorker
from webapp.listing.cache import Roster
from webapp.listing.query import Present
from webapp.people.administration import Administration, administration_of
from webapp.people.context import Context
from webapp.people.end_dates import day_at
from webapp.resend_all.worker import ResendingWorker
from webapp.selection.worker import SelectionWorker
from webapp.settings import Settings
from webapp.storage.database import Database, now

EXTENSION = "attache"
TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the portal is made of; built once, by the composition root."""

    settings: Settings
    directory: Directory
    database: Database
    identity: Identity
    roster: Roster
    clock: Callable[[], float] = now
    imports: ImportWorker = field(default_factory=ImportWorker)
    resendings: ResendingWorker = field(default_factory=ResendingWorker)
    selections: SelectionWorker = field(default_factory=SelectionWorker)
    admission: ServiceAccountCheck = field(default_factory=ServiceAccountCheck)


def parts() -> Parts:
    """The parts of the application that serves this request."""
    return cast(Parts, current_app.extensions[EXTENSION])


def actor() -> Actor:
    """Who is acting. Only in views that need somebody signed in (the guard has seen to it)."""
    return cast(Actor, g.actor)


def author() -> Author:
    """Who is acting, as the author of what this request does."""
    return author_of(actor(), request_id())


def context() -> Context:
    """What the use cases of this request work with: the portal's parts, in the name of who is acting."""
    return Context(parts().directory, parts().database, author(), parts().clock)


def today() -> date:
    """The day it is now, by the portal's clock."""
    return day_at(parts().clock(), parts().settings.portal_timezone)


def present() -> Present:
    """What the list of the actor's people is compared with."""
    names = {company.id: company.name for company in administration().companies}
    return Present(datetime.fromtimestamp(parts().clock(), UTC), today(), names)


def request_id() -> str:
    """What tells this request from every other, in the journal and in the log; our own, never the client's."""
    if "request_id" not in g:
        g.request_id = uuid4().hex
    return str(g.request_id)


def administration() -> Administration:
    """The actor's companies, read once for this request; `NotAdministratorError` when they have none."""
    if "administration" not in g:
        g.administration = administration_of(parts().directory, actor())
    return cast(Administration, g.administration)


def read_tokens() -> Tokens | None:
    """What Keycloak gave for this session, none when no one is signed in."""
    kept = session.get(TOKENS)
    return Tokens(**kept) if kept else None


def keep_tokens(tokens: Tokens) -> None:
    """Keep renewed tokens in the session, on our side only."""
    session[TOKENS] = {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "id_token": tokens.id_token,
        "expires_at": tokens.expires_at,
    }


def forget_person() -> None:
    """Empty the session: no one is signed in any more."""
    for key in (TOKENS, PERSON, KEYCLOAK_SESSION):
        session.pop(key, None)
