"""What is stored is read back as it was, and has the shape that earlier versions of the portal wrote."""

import json
from datetime import date
from typing import Any

import msgspec
import pytest

from directory.model import Affiliation, AttachmentChange, Company, CompanyRole, Invitation, Locale, Profile, Title
from tests.builders import an_attachment
from webapp.identity.actor import Author
from webapp.imports.plan import Problem, Reason
from webapp.records.codec import decode, decode_optional, encode
from webapp.records.journal import Action, Entry, Outcome, Person, Values
from webapp.records.notice import Addressee, CompanyChange, OperationNotice
from webapp.records.payloads import Act, AttachmentChanges, NewAccount

ANNE = Author("a1", "Anne Durand", "anne@acme.example", "request-1")
STORED_ANNE = {"id": "a1", "name": "Anne Durand", "email": "anne@acme.example", "request_id": "request-1"}
USER, BOSS = an_attachment("acme"), an_attachment("acme", administrator=True, until=date(2027, 6, 30))
STORED_USER = {"company_id": "acme", "role": "user", "affiliation": "internal", "until": None}
STORED_BOSS = {"company_id": "acme", "role": "administrator", "affiliation": "internal", "until": "2027-06-30"}
PROFILE = Profile("emma@acme.example", "Bernard", "Emma", Title.MME, Locale.FR)
ACME = Company("acme", "Acme", ("storm", "tide"), "123456789", "key-of-acme")

STORED: list[tuple[Any, Any]] = [
    (ANNE, STORED_ANNE),
    (USER, STORED_USER),
    (
        Problem(Reason.INVISIBLE, "email", 3, ";"),
        {"reason": Reason.INVISIBLE.value, "column": "email", "line": 3, "signs": ";"},
    ),
    (Values(CompanyRole.USER, Affiliation.EXTERNAL), {"role": "user", "affiliation": "external"}),
    (
        Values(CompanyRole.USER, Affiliation.EXTERNAL, date(2027, 6, 30)),
        {"role": "user", "affiliation": "external", "until": "2027-06-30"},
    ),
    (Values(email="new@acme.example"), {"email": "new@acme.example"}),
    (Values(found=False), {"found": False}),
    (
        NewAccount(PROFILE, (USER,), Invitation("Anne", ("Acme",), 2), mail=False, batch="b"),
        {
            "profile": {
                "email": "emma@acme.example",
                "last_name": "Bernard",
                "first_name": "Emma",
                "title": "mme",
                "locale": "fr",
            },
            "attachments": [STORED_USER],
            "invitation": {"by": "Anne", "companies": ["Acme"], "others": 2},
            "mail": False,
            "batch": "b",
        },
    ),
    (
        AttachmentChanges("e1", (AttachmentChange("acme", USER, BOSS),), "Emma Bernard"),
        {
            "user_id": "e1",
            "changes": [{"company_id": "acme", "before": STORED_USER, "after": STORED_BOSS}],
            "name": "Emma Bernard",
            "batch": "",
        },
    ),
    (
        Act(
            Entry(
                Action.RESEND, ("acme", "globex"), Person("e1", "Emma", "e@acme.example"), None, Values(found=True)
            )
        ),
        {
            "entry": {
                "action": "resend",
                "company_ids": ["acme", "globex"],
                "person": {"id": "e1", "name": "Emma", "email": "e@acme.example"},
                "before": None,
                "after": {"found": True},
                "outcome": "done",
                "reason": "",
            },
            "batch": "",
        },
    ),
    (
        OperationNotice(
            ANNE,
            Addressee("e1", "Emma Bernard", "emma@acme.example", "fr"),
            (CompanyChange(ACME, None, USER),),
            created=True,
        ),
        {
            "author": STORED_ANNE,
            "person": {"id": "e1", "name": "Emma Bernard", "email": "emma@acme.example", "locale": "fr"},
            "changes": [
                {
                    "company": {
                        "id": "acme",
                        "name": "Acme",
                        "services": ["storm", "tide"],
                        "siren": "123456789",
                        "key": "key-of-acme",
                        "described": [],
                    },
                    "before": None,
                    "after": STORED_USER,
                }
            ],
            "created": True,
            "cancelled": False,
        },
    ),
]


def as_json(value: Any) -> Any:
    return json.loads(json.dumps(encode(value)))


@pytest.mark.parametrize(("value", "stored"), STORED, ids=[type(value).__name__ for value, _ in STORED])
def test_a_value_is_stored_in_the_shape_of_earlier_versions_and_read_back(value: Any, stored: Any):
    """Rows that an earlier version left are read by this one, and the other way round."""
    assert as_json(value) == stored
    found = decode(json.loads(json.dumps(stored)), type(value))
    assert found == value
    assert as_json(found) == stored  # the key of a company plays no part in its comparison


def test_what_an_earlier_version_did_not_write_has_its_default():
    """Operations had no batch, no name, and no choice of a mail once; problems did not name characters; no
    attachment had an end."""
    assert decode({"company_id": "acme", "role": "user", "affiliation": "internal"}, type(USER)) == USER
    problem = {"reason": "contradiction", "column": "role", "line": 3}
    assert decode(problem, Problem) == Problem(Reason.CONTRADICTION, "role", 3)
    old = {"profile": encode(PROFILE), "attachments": [STORED_USER]}
    assert decode(old, NewAccount) == NewAccount(PROFILE, (USER,))
    assert decode({"user_id": "e1", "changes": []}, AttachmentChanges) == AttachmentChanges("e1", ())
    entry = {"action": "cancel", "company_ids": [], "person": {"id": None, "name": "", "email": ""}}
    assert decode({"entry": entry}, Act) == Act(Entry(Action.CANCEL, (), Person(None, "", "")))
    assert decode({"entry": entry}, Act).entry.outcome is Outcome.DONE


def test_an_empty_column_is_no_value():
    assert decode_optional(None, Values) is None
    assert encode(None) is None


@pytest.mark.parametrize("stored", [{}, {"company_id": "acme", "role": "king"}, {"company_id": 1}, "acme"])
def test_a_column_that_holds_something_else_is_an_error(stored: Any):
    """Not a value with holes in it."""
    with pytest.raises(msgspec.ValidationError):
        decode(stored, type(USER))
