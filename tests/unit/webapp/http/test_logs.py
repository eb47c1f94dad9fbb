"""What a line of the log may say, and what it may not."""

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.http import logs

JWT = "eyJhbGciOiJIUzUxMiJ9.eyJlbWwiOiJhIn0.c2lnbmF0dXJl"


@pytest.fixture
def stream() -> Iterator[StringIO]:
    """Everything that is logged meanwhile; afterwards logging is as it was."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    out = StringIO()
    logs.configure(out)
    yield out
    root.handlers = before
    root.setLevel(level)
    logging.captureWarnings(False)


def lines(stream: StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"got {JWT}", JWT),
        (f"Authorization: Bearer {JWT}", JWT),
        ("Authorization: Basic cG9ydGFsOnNlY3JldA==", "cG9ydGFsOnNlY3JldA"),
        ("client_secret=hunter2&grant_type=x", "hunter2"),
        ("{'password': 'hunter2'}", "hunter2"),
        ('{"refresh_token": "abc.def"}', "abc.def"),
        ("GET http://localhost/realms/p/login-actions/action-token?key=abcdef&x=1", "abcdef"),
        ("/login/callback?code=s3cr3tc0de&state=x", "s3cr3tc0de"),
        ("no mail for anne.durand@acme.example today", "anne.durand"),
        ("to=<o'neil+tag@acme.example>", "neil+tag"),
    ],
)
def test_secrets_are_masked(text: str, secret: str, stream: StringIO):
    """In the message, in its arguments, in what comes along, and in the text of an exception."""
    log = logging.getLogger("somewhere")
    log.error(text)
    log.error("wrapped %s", text)
    log.error("along", extra={"detail": {"deep": [text]}})
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("failed")
    assert secret not in stream.getvalue()
    assert [line["event"] for line in lines(stream)][2:] == ["along", "failed"]
    assert "ValueError" in lines(stream)[3]["exception"]


def test_what_is_no_secret_stays():
    """A mask that took everything would be no log."""
    for text in ("interrupted operation create 0123: done", "3 of 5 keys", "the state of Denmark", "a@b"):
        assert logs.masked(text) == text
    assert logs.masked({"status": 200, "route": "/users/<id:user_id>"}) == {
        "status": 200,
        "route": "/users/<id:user_id>",
    }


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text())
def test_a_line_is_one_line(text: str):
    """Whatever somebody sends, he writes no second line (log injection)."""
    out = StringIO()
    handler = logging.StreamHandler(out)
    root = logging.getLogger()
    before = root.handlers
    try:
        handler.setFormatter(logs.configure(out).formatter)
        handler.handle(logging.makeLogRecord({"name": "x", "levelno": 20, "levelname": "INFO", "msg": text}))
    finally:
        root.handlers = before
        logging.captureWarnings(False)
    (line,) = out.getvalue().rstrip("\n").split("\n")
    assert json.loads(line)["event"] == logs.masked(text)
