"""The portal's map of addresses, for tests that are made from it."""

from pathlib import Path

from flask import Flask
from werkzeug.routing import Rule

import webapp
from directory.model import Locale
from tests.fakes import FakeDirectory
from tests.web.browser import PORTAL, SERVICE
from tests.web.fake_identity import CLIENT, FakeIdentity
from webapp.app import create_app
from webapp.http.guards import Access, access_of
from webapp.settings import Settings

PACKAGE = Path(webapp.__file__).parent
ROOT = PACKAGE.parent
TEMPLATES = PACKAGE / "templates"
WRITTEN = [locale for locale in Locale if (TEMPLATES / "help" / locale.value).is_dir()]
"""The languages of the whole texts; what is not written in a language is shown in English."""
EXAMPLES = {
    "<id:user_id>": "5b7a1a6e-0000-4000-8000-000000000000",
    "<id:company_id>": "nowhere",
    "<id:operation_id>": "0" * 32,
    "<id:change_id>": "0" * 32,
    "<id:import_id>": "0" * 32,
    "<id:review_id>": "0" * 32,
    "<id:session_id>": "0" * 32,
    "<id:task>": "create",
}
"""For each parameter of an address, one that leads to nothing."""


def make_portal(database_url: str, directory: FakeDirectory, identity: FakeIdentity) -> Flask:
    """The portal with nothing real behind it."""
    settings = Settings(
        portal_url=PORTAL,
        service_url=SERVICE,
        keycloak_url="http://keycloak.test",
        keycloak_public_url="",
        client_portal_id=CLIENT,
        client_portal_secret="secret of the portal",
        client_portal_directory_secret="secret of the directory",
        database_url=database_url,
        secret_key="a key for tests only",
    )
    return create_app(settings, directory=directory, identity=identity)


def rules(method: str | None = None, *levels: Access) -> list[Rule]:
    """The portal's addresses (without static files), of that method and for these people."""
    return [
        rule
        for rule in _APP.url_map.iter_rules()
        if rule.endpoint != "static"
        and (method is None or method in (rule.methods or ()))
        and (not levels or access_of(_APP, rule.endpoint) in levels)
    ]


def level_of(rule: Rule) -> Access | None:
    """Whom the view behind the address is for."""
    return access_of(_APP, rule.endpoint)


def example(rule: Rule) -> str:
    """An address of that rule, with ids of nobody and of no company."""
    address = rule.rule
    for parameter, value in EXAMPLES.items():
        address = address.replace(parameter, value)
    return address


_DIRECTORY = FakeDirectory()
_APP = make_portal("sqlite://", _DIRECTORY, FakeIdentity(_DIRECTORY))
