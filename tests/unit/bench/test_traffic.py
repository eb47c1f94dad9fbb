"""The client of `make load` and `make soak`, on a server that answers as it is told."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.traffic import NO_ANSWER, Answer, Visits, errors, flat_out, kinds, paced, percentile


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cookies: list[str] = []  # noqa: RUF012 - one server a test, which empties it
    breaks = False

    def do_GET(self) -> None:
        self.cookies.append(self.headers["Cookie"])
        if self.breaks:
            self.close_connection = True
            return
        self.send_response(503 if self.headers["Cookie"] == "b" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Page, "cookies", [])
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/users"
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_people_come_in_turn(address: str):
    """Each with the cookies of their own; what is not the page is an error."""
    with Visits(address, ["a", "b"]) as visits:
        answers = paced(visits, rate=100, seconds=0.1)
    assert sorted(Page.cookies) == ["a"] * 5 + ["b"] * 5
    assert [answer.status for answer in answers] == [200, 503] * 5
    assert len(errors(answers)) == 5


@pytest.mark.slow
def test_a_broken_connection_is_an_error_and_not_tried_again(address: str, monkeypatch: pytest.MonkeyPatch):
    """The next request opens another one."""
    with Visits(address, ["a"]) as visits:
        monkeypatch.setattr(Page, "breaks", True)
        assert visits(0) == NO_ANSWER
        assert len(Page.cookies) == 1
        monkeypatch.setattr(Page, "breaks", False)
        assert visits(1) == 200


@pytest.mark.slow
def test_the_time_of_a_request_begins_when_it_is_due():
    """A server that stands still is seen by everybody who would have come meanwhile."""

    def stands_still_first(number: int) -> int:
        time.sleep(0.5 if number == 0 else 0)
        return 200

    answers = paced(stands_still_first, rate=100, seconds=0.3, threads=1)
    assert len(answers) == 30
    assert all(answer.took > 0.15 for answer in answers)
    assert [answer.due for answer in answers] == [number / 100 for number in range(30)]


def test_it_stops_when_told():
    """What was sent is answered."""
    stop = threading.Event()

    def third_is_the_last(number: int) -> int:
        if number == 2:
            stop.set()
        return 200

    assert 3 <= len(paced(third_is_the_last, rate=20, seconds=60, stop=stop)) <= 5


def test_as_fast_as_it_goes():
    """So many at a time, numbers that differ."""
    numbers = []

    def send(number: int) -> int:
        numbers.append(number)
        time.sleep(0.01)
        return 200

    answers = flat_out(send, 2, 0.2)
    assert len(answers) == len(set(numbers)) >= 4


def test_percentiles():
    """Of a hundred answers, the one that so many are not slower than."""
    answers = [Answer(0, took / 100, 200) for took in range(1, 101)]
    assert [percentile(answers, part) for part in (0.5, 0.95, 0.99)] == [0.5, 0.95, 0.99]
    assert percentile(answers[:1], 0.95) == 0.01


def test_errors_have_a_kind_and_a_time():
    """What went wrong is looked for in the logs of that time."""
    answers = [Answer(0.5, 0.1, 200), Answer(2.0, 0.1, 503), Answer(3.25, 0.1, NO_ANSWER), Answer(4.0, 0.1, 503)]
    assert kinds(answers) == "0: 1, 200: 1, 503: 2; errors from 2.0 to 4.0 s"
    assert kinds(answers[:1]) == "200: 1"
