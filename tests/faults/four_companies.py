"""A change at four companies, of which each is another kind; and what somebody may hold while it is made."""

from collections.abc import Mapping, Sequence

from directory.encoding import Subgroup, places
from directory.model import Attachment
from tests.builders import an_attachment

Held = Mapping[str, Attachment | None]


def before(names: Sequence[str]) -> dict[str, Attachment | None]:
    """What the person holds at first."""
    first, second, third, fourth = names
    return {
        first: an_attachment(first, administrator=True, external=True),
        second: an_attachment(second),
        third: None,
        fourth: an_attachment(fourth, administrator=True),
    }


def after(names: Sequence[str]) -> dict[str, Attachment | None]:
    """What they are to hold: less, more, something, and other."""
    first, second, third, fourth = names
    return {
        first: None,
        second: an_attachment(second, administrator=True, external=True),
        third: an_attachment(third, administrator=True),
        fourth: an_attachment(fourth, external=True),
    }


def some(held: Held) -> dict[str, Attachment]:
    """Only where there is something."""
    return {name: at for name, at in held.items() if at}


def no_more_than_the_lesser(groups: set[str], names: Sequence[str]) -> None:
    """Who is in these groups has at each company what was before, what is after, or less than either."""
    first, last = before(names), after(names)
    for name in names:
        mine = {path for path in groups if path.split("/")[1] == name}
        old, new = _paths(first[name]), _paths(last[name])
        if mine in (old, new):
            continue
        assert mine < old | new
        assert f"/{name}" in mine, "nobody is in a subgroup alone"
        administrators = f"/{name}/{Subgroup.ADMINISTRATORS.value}"
        assert administrators not in mine or administrators in old & new


def _paths(attachment: Attachment | None) -> set[str]:
    return {place.path for place in places(attachment)} if attachment else set()
