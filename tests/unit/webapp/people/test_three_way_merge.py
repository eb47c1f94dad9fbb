"""Three states of one attachment: as it is, as it was typed, as it was shown."""

import pytest

from tests.builders import an_attachment
from webapp.people.three_way_merge import Merge, merge

USER, BOSS, EXTERNAL, NONE = an_attachment(), an_attachment(administrator=True), an_attachment(external=True), None
"""At Acme; one letter each below."""
STATES = {"u": USER, "b": BOSS, "x": EXTERNAL, "-": NONE}


@pytest.mark.parametrize(
    ("seen", "typed", "now", "wanted", "theirs", "conflict"),
    [
        ("u", "b", "u", "b", False, False),  # mine alone
        ("u", "u", "u", "u", False, False),  # nothing
        ("u", "u", "b", "b", True, False),  # theirs alone: stays
        ("u", "u", "-", "-", True, False),
        ("-", "-", "u", "u", True, False),
        ("u", "b", "b", "b", False, False),  # the same wish
        ("u", "-", "-", "-", False, False),
        ("u", "b", "x", "x", False, True),  # two wishes
        ("u", "-", "b", "b", False, True),
        ("-", "u", "b", "b", False, True),
        ("u", "b", "-", "-", False, True),
    ],
)
def test_one_company(seen: str, typed: str, now: str, wanted: str, theirs: bool, conflict: bool):
    """What only one of the two changed is taken; what both changed differently is nobody's yet."""
    found = merge({"acme": STATES[now]}, {"acme": STATES[typed]}, {"acme": STATES[seen]})
    expected = Merge({"acme": STATES[wanted]}, ("acme",) if theirs else (), ("acme",) if conflict else ())
    assert found == expected


@pytest.mark.parametrize("typed", "ubx-")
@pytest.mark.parametrize("now", "ubx-")
def test_what_was_not_shown_is_no_hindrance(typed: str, now: str):
    """Without the hidden field a form acts on the present state."""
    assert merge({"acme": STATES[now]}, {"acme": STATES[typed]}, {}) == Merge({"acme": STATES[typed]})


def test_companies_are_judged_one_by_one():
    other = an_attachment("globex")
    found = merge(
        {"acme": BOSS, "globex": other}, {"acme": EXTERNAL, "globex": None}, {"acme": USER, "globex": other}
    )
    assert found == Merge({"acme": BOSS, "globex": None}, (), ("acme",))
