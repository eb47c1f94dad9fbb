"""Each directory has exactly the verbs of the Protocol."""

import inspect

import pytest

from directory.gateway import Directory
from directory.keycloak_gateway.directory import KeycloakDirectory
from tests.fakes import FakeDirectory


def verbs_of(directory: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(function)
        for name, function in inspect.getmembers(directory, inspect.isfunction)
        if not name.startswith("_")
    }


VERBS = verbs_of(Directory)


def test_the_protocol_has_the_verbs_that_the_portal_needs():
    """So that comparing with an empty Protocol cannot pass; the portal may ask nothing else of Keycloak."""
    assert set(VERBS) == {
        "attachments_of",
        "companies",
        "members",
        "administrators",
        "user",
        "dossier",
        "users",
        "find_by_email",
        "create_user",
        "change_attachment",
        "send_activation",
        "record_activation_sent",
        "record_invitation",
        "correct_email",
        "delete_user",
        "never_activated",
        "made_before",
        "ending",
        "check",
        "own_rights",
        "sign_in",
    }


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("directory", [KeycloakDirectory, FakeDirectory])
def test_each_directory_has_each_verb_with_the_same_arguments(directory, verb):
    assert verbs_of(directory)[verb] == VERBS[verb]


def test_the_real_directory_has_no_other_verbs():
    """No resetting of passwords, no impersonation, no search over everybody."""
    assert set(verbs_of(KeycloakDirectory)) == set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_says_what_it_promises(verb):
    assert inspect.getdoc(getattr(Directory, verb))
