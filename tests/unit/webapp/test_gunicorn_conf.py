"""What gunicorn lets through to the portal."""

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import LimitRequestLine
from gunicorn.http.parser import RequestParser

from webapp import gunicorn_conf


def parsed(search: str) -> str:
    """The query of a request for the list, as gunicorn reads it with our settings."""
    config = Config()
    config.set("limit_request_line", gunicorn_conf.limit_request_line)
    request = f"GET /users?q={search} HTTP/1.1\r\nHost: portal.example\r\n\r\n".encode()
    return str(next(RequestParser(config, iter([request]), ("127.0.0.1", 1))).query)


def test_ten_kilobytes_of_search_reach_the_portal():
    """Which says in words that it looked for the beginning only."""
    assert parsed("x" * 10_000) == "q=" + "x" * 10_000


def test_there_is_an_end():
    with pytest.raises(LimitRequestLine):
        parsed("x" * 40_000)
