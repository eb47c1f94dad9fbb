"""Several things at the same time: each once, and the first error ends it."""

import subprocess
import sys

import pytest

from webapp.parallel import for_each, read_all

ENDS_WHILE_IT_READS = """
import threading, time
from webapp.parallel import for_each, in_the_background
begun = threading.Event()
def act(number):
    begun.set()
    time.sleep(0.2)
in_the_background(lambda: for_each(act, range(10_000), 2))
begun.wait()
"""


class TestForEach:
    def test_an_error_is_raised_where_it_is_waited_for_and_ends_the_rest(self):
        done = []

        def act(number):
            if number == 1:
                raise ValueError("on purpose")
            done.append(number)

        with pytest.raises(ValueError, match="on purpose"):
            for_each(act, range(1000), 1)
        assert done == [0]

    @pytest.mark.parametrize("at_once", [1, 3, 50])
    def test_each_thing_once(self, at_once):
        done = []

        for_each(done.append, range(20), at_once)

        assert sorted(done) == list(range(20))

    def test_an_error_of_another_thread_is_raised_here(self):
        def act(number):
            raise ValueError(str(number))

        with pytest.raises(ValueError, match=r"\d"):
            for_each(act, range(10), 4)

    def test_nothing_to_do(self):
        for_each(lambda _thing: None, [], 8)

    def test_no_more_than_so_many_at_once(self):
        """What is not begun is not queued either."""
        under_way, most = set(), []

        def act(number):
            under_way.add(number)
            most.append(len(under_way))
            under_way.discard(number)

        for_each(act, range(200), 3)
        assert max(most) <= 3

    def test_after_an_error_no_more_is_begun(self):
        begun = []

        def act(number):
            begun.append(number)
            raise ValueError("on purpose")

        with pytest.raises(ValueError, match="on purpose"):
            for_each(act, range(1000), 4)
        assert len(begun) <= 8

    @pytest.mark.slow
    def test_a_process_that_ends_does_not_wait_for_the_rest(self):
        """Two calls are under way and 10,000 are left, of 0.2 seconds each; the log has no stack trace of it."""
        ended = subprocess.run(
            [sys.executable, "-c", ENDS_WHILE_IT_READS], timeout=60, check=True, capture_output=True
        )
        assert ended.stderr == b""


def test_what_is_read_is_in_the_order_of_the_things():
    assert read_all(lambda number: number * 2, range(50)) == [number * 2 for number in range(50)]
