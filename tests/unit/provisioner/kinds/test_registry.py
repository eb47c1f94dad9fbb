"""Each kind has one record, and generic code knows no kind but by its record."""

from collections import Counter
from pathlib import Path

import pytest

from provisioner.kinds.kind import ORDER, Kind
from provisioner.kinds.registry import FAMILIES, KINDS

PACKAGE = Path(__file__).parents[4] / "provisioner"
GENERIC = ("model", "reading", "planning", "server", "rendering", "representation")


def test_each_kind_has_exactly_one_record():
    """A kind without a record could not be compared; one with two would be read twice."""
    counted = Counter(each.kind for family in FAMILIES for each in family.kinds)
    assert counted == Counter(Kind)
    assert set(KINDS) == set(ORDER)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda definition: definition.kind)
def test_each_kind_can_be_created(kind):
    """By itself, or together with others in one request."""
    assert kind.create or kind.create_many


@pytest.mark.parametrize("room", GENERIC)
def test_generic_code_names_no_kind(room: str):
    """Only the realm itself is named: it is created first, and its settings hold the record of applies."""
    found = [
        f"{path.name}: {line.strip()}"
        for path in sorted((PACKAGE / room).glob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if "compan" in line.lower() or "Kind." in line.replace("Kind.REALM", "").replace("FindingKind.", "")
    ]
    assert found == []
