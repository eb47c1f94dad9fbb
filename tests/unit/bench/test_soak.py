"""Whether memory and open files stay flat, in words and as a picture."""

from xml.etree import ElementTree

import pytest

from bench.soak import MEGABYTE, Sample, flatness, pictured, table
from bench.usage import Usage

SVG = "{http://www.w3.org/2000/svg}"


def samples(*megabytes: float) -> list[Sample]:
    return [
        Sample(10.0 * number, {"portal": Usage(0, 0, 7), "Keycloak & co": Usage(0, int(used * MEGABYTE), 300)})
        for number, used in enumerate(megabytes)
    ]


@pytest.mark.parametrize(
    ("megabytes", "is_flat"),
    [
        ((10, 60, 90, 100, 100, 100, 100, 109, 100), True),
        ((10, 60, 90, 100, 100, 100, 111, 112, 111), False),
        ((10, 60, 90, 100, 100, 100, 100, 300, 100), True),
    ],
)
def test_flat(megabytes: tuple[float, ...], is_flat: bool):
    """The warming up does not count, nor does one moment."""
    noted = [Sample(sample.at, {"Keycloak": sample.used["Keycloak & co"]}) for sample in samples(*megabytes)]
    memory, handles = flatness(noted)
    assert memory.is_met is is_flat
    assert handles.is_met


def test_picture():
    """An SVG with a title, a description and a line for each process in both panels."""
    picture = ElementTree.fromstring(pictured(samples(10, 20, 30)))  # noqa: S314 - made here
    assert picture.get("role") == "img"
    assert picture.findtext(f"{SVG}title") == "Memory and open files of each process"
    assert "Keycloak & co: 10 MB and 300 files first, 30 MB and 300 files last" in str(
        picture.findtext(f"{SVG}desc")
    )
    assert len([line for line in picture.iter(f"{SVG}polyline") if len(str(line.get("points")).split()) == 3]) == 4


def test_table_is_not_long():
    """Whatever the time was; who was not there at a moment has no number."""
    text = table([Sample(-10.0, {}), *samples(*range(300))])
    assert len(text.splitlines()) < 40
    assert "–" in text
