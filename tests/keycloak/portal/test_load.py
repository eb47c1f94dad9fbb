"""`make load` and `make soak` in small, on the portal that the other tests use."""

import os
import re
from pathlib import Path

import pytest

from bench.load import Pace, lists, sign_ins
from bench.soak import soak
from bench.traffic import session_of
from sandbox.stack import Stack

pytestmark = pytest.mark.keycloak


def passwords(stack: Stack) -> dict[str, str]:
    """Of everybody who administers a company."""
    return {
        person.email: person.password
        for person in stack.content.people
        if person.password and any(value.endswith(":administrator") for value in person.attachments)
    }


@pytest.fixture(scope="module")
def cookies(stack: Stack) -> list[str]:
    return [session_of(stack.portal_url, *each) for each in list(passwords(stack).items())[:2]]


def test_load(stack: Stack, cookies: list[str]):
    """Every list is answered; it is said how fast, and what limits."""
    figures = list(lists(stack, cookies, Pace(rate=3, seconds=2)))
    judged = {figure.name.rpartition(": ")[2]: figure for figure in figures}
    assert judged["answers"].value == "6"
    assert [figure.value for figure in figures if figure.name.endswith("errors")] == ["0", "0"]
    assert judged["p95"].value.endswith(" ms")
    used = judged[f"busy cores of {os.cpu_count()}"].value
    assert re.search(r"portal [\d.]+, ", used)
    assert re.search(r"Keycloak [\d.]+, ", used)
    assert "processor" in judged["what limits"].value


def test_sign_ins(stack: Stack):
    """Each of them ends with tokens."""
    figures = list(sign_ins(stack, list(passwords(stack)), 1.0))
    assert {figure.value for figure in figures if figure.name.endswith("errors")} == {"0"}


def test_soak(stack: Stack, cookies: list[str], tmp_path: Path):
    """Each process is there by name, and the picture is drawn."""
    picture = tmp_path / "build" / "soak.svg"
    figures = list(soak(stack, cookies, rate=3, seconds=4, picture=picture, every=0.5))
    assert figures[0].value == "0"
    names = {figure.name.partition(": ")[0] for figure in figures[2:]}
    assert {"portal", "portal, worker 1", "Keycloak"} <= names
    assert "Keycloak" in picture.read_text(encoding="utf-8")
