"""Every error of the library python-keycloak becomes one of ours: a walk over all of them."""

import inspect
from typing import Any

import pytest
from keycloak import exceptions
from keycloak.exceptions import KeycloakError, PermissionDefinitionError

from directory import errors
from directory.errors import (
    CompanyNotFoundError,
    ConflictError,
    DirectoryError,
    EmailTakenError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from directory.gateway import Directory
from directory.keycloak_gateway.translation import translation
from directory.model import Invitation
from tests.builders import NOON, a_change, a_company, a_profile, a_user, an_attachment
from tests.unit.directory.wire import a_directory

LIBRARY = [
    error
    for _, error in inspect.getmembers(exceptions, inspect.isclass)
    if issubclass(error, Exception) and error.__module__ == exceptions.__name__
]
OURS = [error for _, error in inspect.getmembers(errors, inspect.isclass) if error.__module__ == errors.__name__]

ACME = a_company()
ANNE = a_user()
ARGUMENTS: dict[str, Any] = {
    "user_id": ANNE.id,
    "user_ids": [ANNE.id],
    "user": ANNE,
    "company": ACME,
    "email": "new@acme.example",
    "before": NOON,
    "by": NOON.date(),
    "at": NOON,
    "profile": a_profile(),
    "attachments": [an_attachment()],
    "invitation": Invitation("Bob", ("Acme",)),
    "change": a_change(None, an_attachment(administrator=True, external=True)),
}
"""What each parameter of a verb is called with."""
VERBS = {
    name: [
        parameter.name
        for parameter in inspect.signature(verb).parameters.values()
        if parameter.name != "self" and parameter.kind is not inspect.Parameter.KEYWORD_ONLY
    ]
    for name, verb in inspect.getmembers(Directory, inspect.isfunction)
    if not name.startswith("_")
}
"""All verbs of the Protocol, with the names of their parameters."""


def call(directory: Directory, verb: str) -> None:
    getattr(directory, verb)(*(ARGUMENTS[parameter] for parameter in VERBS[verb]))


def raised(error: type[Exception]) -> Exception:
    """One of that class, as the library makes it."""
    return error("a message", 418) if issubclass(error, KeycloakError) else error("a message")


def test_the_walk_meets_the_classes_and_verbs_that_we_know_of():
    """So that an empty walk cannot pass."""
    assert {KeycloakError, PermissionDefinitionError, exceptions.KeycloakConnectionError} <= set(LIBRARY)
    assert len(LIBRARY) >= 14
    assert len(VERBS) >= 16
    assert {parameter for parameters in VERBS.values() for parameter in parameters} == ARGUMENTS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("verb", sorted(VERBS.keys() - {"sign_in"}))  # which has a test of its own
@pytest.mark.parametrize("error", LIBRARY, ids=lambda error: error.__name__)
def test_no_verb_lets_an_error_of_the_library_through(monkeypatch, error, verb):
    """Whichever call of the library it comes from, with the library's own one as its cause."""
    directory = a_directory()

    def fail(*_arguments, **_options):
        raise raised(error)

    for method in ("raw_get", "raw_post", "raw_put", "raw_delete"):
        for client in (directory._admin, directory._mailer):
            monkeypatch.setattr(client.connection, method, fail)

    with pytest.raises(DirectoryError) as caught:
        call(directory, verb)
    assert isinstance(caught.value.__cause__, error)


@pytest.mark.parametrize("error", LIBRARY, ids=lambda error: error.__name__)
def test_a_sign_in_that_fails_with_any_of_them_means_unavailable(monkeypatch, error):
    directory = a_directory()

    def fail(*_arguments, **_options):
        raise raised(error)

    monkeypatch.setattr(directory._admin.connection, "get_token", fail)

    for verb in (directory.check, directory.sign_in):
        with pytest.raises(UnavailableError) as caught:
            verb()
        assert isinstance(caught.value.__cause__, error)


@pytest.mark.parametrize("error", [e for e in LIBRARY if issubclass(e, KeycloakError)], ids=lambda e: e.__name__)
@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (None, UnavailableError),
        (400, RefusedError),
        (401, UnavailableError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (405, RefusedError),
        (409, ConflictError),
        (413, RefusedError),
        (415, RefusedError),
        (429, RefusedError),
        (302, RefusedError),
        (500, UnavailableError),
        (502, UnavailableError),
        (503, UnavailableError),
        (504, UnavailableError),
        (599, UnavailableError),
    ],
)
def test_the_response_code_decides_and_not_the_class(error, code, meaning):
    """The library types its errors by HTTP verb, which says nothing about what went wrong."""
    assert isinstance(translation(error("a message", code)), meaning)


@pytest.mark.parametrize(("code", "meaning"), [(403, CompanyNotFoundError), (409, EmailTakenError)])
def test_a_call_may_say_what_a_code_means_in_it(code, meaning):
    assert type(translation(KeycloakError("", code), {code: meaning})) is meaning
    assert type(translation(KeycloakError("", 404), {code: meaning})) is NotFoundError


def test_what_is_said_of_other_codes_does_not_make_an_unreached_keycloak_known():
    assert type(translation(KeycloakError(""), {404: CompanyNotFoundError})) is UnavailableError


@pytest.mark.parametrize("error", OURS, ids=lambda error: error.__name__)
def test_our_errors_form_one_tree_and_each_is_drawn_in_it(error):
    assert issubclass(error, DirectoryError)
    assert f"{error.__name__} " in f"{errors.__doc__} " or f"{error.__name__}\n" in str(errors.__doc__)


def test_the_drawing_has_the_parents_right():
    """Its indentation is compared with the classes."""
    drawn: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in str(errors.__doc__).splitlines():
        bare = line.lstrip("│├└─ ")
        name = bare.split(" ")[0]
        if not name.endswith("Error") or name not in vars(errors):
            continue
        depth = len(line) - len(bare)
        above = [(d, n) for d, n in above if d < depth]
        drawn[name] = above[-1][1] if above else ""
        above.append((depth, name))

    assert drawn == {
        error.__name__: "" if error is DirectoryError else error.__mro__[1].__name__ for error in OURS
    }
