"""What the realm keeps of earlier applies, as two attributes of it."""

import json

from provisioner.kinds import record
from provisioner.model.state import Address, Kind, Record

MADE = frozenset(
    {
        Address(Kind.COMPANY, ("acme",)),
        Address(Kind.COMPANY, ("globex",)),
        Address(Kind.CLIENT_MAPPER, ("portal", 'a mapper, with "quotes"')),
        Address(Kind.USER_PROFILE, ()),
    }
)


def test_it_is_read_as_it_was_written():
    kept = Record(MADE, {"realm/portal#smtpServer.password": "c2FsdA==$ZGlnZXN0"})
    assert record.read(record.attributes(kept)) == kept


def test_nothing_made_is_no_attribute():
    assert record.attributes(Record()) == {}
    assert record.read({}) == Record()


def test_the_order_is_stable():
    texts = {
        record.attributes(Record(frozenset(order)))["provisioner.made"] for order in (MADE, sorted(MADE, key=str))
    }
    assert len(texts) == 1


def test_what_cannot_be_read_counts_as_nothing_made():
    assert record.read({"provisioner.made": "{", "provisioner.digests": "[]"}) == Record()


def test_a_kind_of_another_version_is_left_alone():
    text = json.dumps({"never-heard-of": ["x"], "company": ["acme"]})
    assert record.read({"provisioner.made": text}).made == {Address(Kind.COMPANY, ("acme",))}


def test_other_attributes_are_not_ours():
    assert record.without({"provisioner.made": "{}", "frontendUrl": "x"}) == {"frontendUrl": "x"}
