"""A plan for people: grouped by kind with counts first, long ones folded, warnings with their places."""

from rich.text import Text

from provisioner.errors import Problem
from provisioner.kinds.kind import Kind
from provisioner.model.changes import Action, Change, Plan
from provisioner.model.state import Address
from provisioner.rendering import render


def plan_of(roles: int, updates: int = 0) -> Plan:
    created = [Change(Action.CREATE, Address(Kind.ROLE, ("", f"new-{number:03}"))) for number in range(roles)]
    changed = [
        Change(
            Action.UPDATE, Address(Kind.ROLE, ("", f"old-{number}")), {"description": "a"}, {"description": "b"}
        )
        for number in range(updates)
    ]
    return Plan("library", (*created, *changed))


def lines(*args: object, **options: bool) -> list[str]:
    return Text.from_markup(render.as_text(*args, **options)).plain.splitlines()  # type: ignore[arg-type]


WARNINGS = [Problem("a.json", 3, "client/a", "left out"), Problem("a.json", 9, "client/b", "left out", 5)]


def test_a_section_begins_with_its_counts():
    assert lines(plan_of(2, 1))[0] == "role: 2 to create, 1 to update"
    assert lines(plan_of(1))[0] == "role"


def test_a_long_plan_lists_the_first_creations_and_every_update():
    found = lines(plan_of(45, 2))
    assert found[:8] == [
        "role: 45 to create, 2 to update",
        *(f"  + role/new-{number:03}" for number in range(5)),
        "  ~ role/old-0",
        '      description: "a" -> "b"',
    ]
    assert "  … and 40 more (--verbose lists them)" in found
    assert len(lines(plan_of(45, 2), verbose=True)) == 1 + 45 + 4 + 2


def test_the_last_line_says_what_it_comes_to():
    assert lines(plan_of(2, 1), WARNINGS)[-1] == (
        "Realm library: 2 to create, 1 to update, 2 warnings, nothing refused."
    )
    assert lines(Plan("library", ())) == ["Realm library: nothing to change."]
    assert lines(Plan("library", ()), WARNINGS)[-1] == (
        "Realm library: nothing to change, 2 warnings, nothing refused."
    )


def test_warnings_that_say_the_same_are_one_line():
    assert "  a.json:3: client/a: left out (and 1 more of the same)" in lines(plan_of(1), WARNINGS)
    assert "  a.json:9:5: client/b: left out" in lines(plan_of(1), WARNINGS, verbose=True)


def test_long_sections_of_markdown_are_folded():
    text = render.as_markdown(plan_of(6), WARNINGS)
    assert "<details><summary>role: 6 to create</summary>" in text
    assert "### warnings (2)" in text
    assert "<details>" not in render.as_markdown(plan_of(5))


def test_the_json_has_every_warning_with_its_place():
    assert '"line": 9' in render.as_json(plan_of(0), WARNINGS)
    assert render.as_json(plan_of(0), [Problem("", 0, "role/x", "made")]).count("null") == 2
