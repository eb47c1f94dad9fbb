"""The record of earlier applies in attributes of the realm."""

import json

import pytest

from provisioner.kinds import record
from provisioner.kinds.kind import Kind
from provisioner.model.state import Address, Record

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


@pytest.mark.parametrize("unfinished", [True, False])
def test_the_run_and_its_end_are_kept(unfinished: bool):
    kept = Record(run="1f0c", unfinished=unfinished)
    assert record.read(record.attributes(kept)) == kept


def test_an_empty_record_has_no_attributes():
    assert record.attributes(Record()) == {}
    assert record.read({}) == Record()


def test_the_order_is_stable():
    texts = {
        record.attributes(Record(frozenset(order)))["provisioner.made"] for order in (MADE, sorted(MADE, key=str))
    }
    assert len(texts) == 1


def test_an_unreadable_record_counts_as_empty():
    assert record.read({"provisioner.made": "{", "provisioner.digests": "[]"}) == Record()


def test_an_unknown_kind_is_ignored():
    text = json.dumps({"never-heard-of": ["x"], "company": ["acme"]})
    assert record.read({"provisioner.made": text}).made == {Address(Kind.COMPANY, ("acme",))}


def test_other_attributes_are_kept():
    assert record.without({"provisioner.made": "{}", "frontendUrl": "x"}) == {"frontendUrl": "x"}
