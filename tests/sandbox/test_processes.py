"""Programs started by the sandbox end with it, however it ends."""

import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest

from sandbox.errors import StartError
from sandbox.processes import Child, Programs, stop_all

pytestmark = pytest.mark.slow

SLEEPER = "import time; time.sleep(120)"
FAMILY = """
import subprocess, sys, pathlib, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
pathlib.Path(sys.argv[1]).write_text(str(grandchild.pid))
time.sleep(120)
"""
PARENT = """
import pathlib, signal, sys, time
from sandbox.processes import Child
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background is born ignoring it
folder = pathlib.Path(sys.argv[1])
child = Child("family", [sys.executable, "-c", sys.argv[2], str(folder / "grandchild")], log=folder / "log")
(folder / "child").write_text(str(child.pid))
time.sleep(120)
"""
STUBBORN = """
import signal, sys, pathlib, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).write_text("ready")
time.sleep(120)
"""


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def alive(pid):
    """Whether a process exists and still runs (an ended one that nobody waited for is not alive)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = pathlib.Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def written(path):
    assert wait_for(lambda: path.exists() and path.read_text()), f"{path.name} was never written"
    return path.read_text()


def python(code, *arguments):
    return [sys.executable, "-c", code, *map(str, arguments)]


@pytest.fixture
def family(tmp_path):
    """A child with a child of its own: (Child, process id of the grandchild)."""
    with Child("family", python(FAMILY, tmp_path / "grandchild"), log=tmp_path / "log") as child:
        yield child, int(written(tmp_path / "grandchild"))


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_child_and_grandchild_end_when_their_parent_is_killed(tmp_path, signal_number):
    """Nothing survives the parent, not even when it had no chance to clean up."""
    parent = subprocess.Popen(python(PARENT, tmp_path, FAMILY), stderr=subprocess.DEVNULL)
    child, grandchild = int(written(tmp_path / "child")), int(written(tmp_path / "grandchild"))
    assert alive(child)
    assert alive(grandchild)

    parent.send_signal(signal_number)
    parent.wait(60)

    assert wait_for(lambda: not alive(child)), "the child survived"
    assert wait_for(lambda: not alive(grandchild)), "the grandchild survived"


def test_stop_leaves_nothing(family):
    """The grandchild is gone too when `stop()` returns."""
    child, grandchild = family
    child.stop()
    assert child.poll() is not None
    assert not alive(child.pid)
    assert not alive(grandchild)


def test_grandchild_ends_when_the_child_dies_by_itself(family):
    """A crash of the program takes along what it had started."""
    child, grandchild = family
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait(10) == 128 + signal.SIGKILL
    assert not alive(grandchild)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_the_program_ends_when_its_watchdog_is_killed(family):
    """Even without a watchdog nothing is left after `stop()`."""
    child, grandchild = family
    child._watchdog.kill()
    assert wait_for(lambda: not alive(child.pid))
    child.stop()
    assert wait_for(lambda: not alive(grandchild))


def test_a_program_that_ignores_the_request_is_killed(tmp_path):
    """Gently first, then not."""
    ready = tmp_path / "ready"
    child = Child("stubborn", python(STUBBORN, ready), log=tmp_path / "log", grace=0.5)
    written(ready)
    started = time.monotonic()
    child.stop()
    assert not alive(child.pid)
    assert 0.4 < time.monotonic() - started < 5


def test_several_stop_at_the_same_time(tmp_path):
    """Three stubborn programs take as long as one."""
    children = []
    for number in range(3):
        ready = tmp_path / str(number)
        children.append(Child("stubborn", python(STUBBORN, ready), log=tmp_path / "log", grace=1.5))
        written(ready)
    started = time.monotonic()
    stop_all(children)
    assert time.monotonic() - started < 3
    assert not any(alive(child.pid) for child in children)


def test_ctrl_c_at_the_terminal_is_left_to_the_parent(family):
    """A program is in no group of the terminal: the parent decides in which order things end."""
    child, _ = family
    assert os.getpgid(child.pid) == child.pid
    assert os.getsid(child.pid) != os.getsid(0)


def test_output_status_environment_and_folder(tmp_path):
    """The program gets exactly the given environment, and its output goes to the log."""
    code = "import os, sys; print(os.environ['WORD'], 'PATH' in os.environ, os.getcwd()); sys.exit(3)"
    child = Child("p", python(code), log=tmp_path / "log", environment={"WORD": "été"}, folder=tmp_path)
    assert child.wait(10) == 3
    assert (tmp_path / "log").read_text(encoding="utf-8").split() == ["été", "False", str(tmp_path)]


def test_a_program_that_does_not_exist(tmp_path):
    """It counts as a failure, and the log says which program."""
    with pytest.raises(StartError, match="cannot run /no/such/program"):
        Programs().run("nothing", ["/no/such/program"], log=tmp_path / "log", timeout=10)


def test_run_tells_the_end_of_the_log(tmp_path):
    """A failing program's last lines are in the error."""
    with pytest.raises(StartError, match=r"(?s)broken failed with status 1.*the reason"):
        Programs().run("broken", python("import sys; sys.exit('the reason')"), log=tmp_path / "log", timeout=10)


def test_run_has_a_time_limit(tmp_path):
    """A program that hangs is ended."""
    with pytest.raises(StartError, match="did not end within"):
        Programs().run("slow", python(SLEEPER), log=tmp_path / "log", timeout=0.3)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands descendants to the watchdog")
def test_a_descendant_in_a_session_of_its_own_is_ended_too(tmp_path):
    """Leaving the process group is no way out."""
    code = FAMILY.replace('time.sleep(120)"])', 'time.sleep(120)"], start_new_session=True)')
    with Child("family", python(code, tmp_path / "grandchild"), log=tmp_path / "log"):
        grandchild = int(written(tmp_path / "grandchild"))
        assert os.getsid(grandchild) == grandchild
    assert wait_for(lambda: not alive(grandchild))


def test_ended_programs_start_no_more(tmp_path):
    """What runs is ended, what is being waited for fails, and nothing new begins."""
    programs = Programs()
    child = programs.start("sleeper", python(SLEEPER), log=tmp_path / "log")
    failures = []

    def wait_in_vain():
        try:
            programs.run("waited for", python(SLEEPER), log=tmp_path / "log2", timeout=60)
        except StartError as error:
            failures.append(error)

    waiting = threading.Thread(target=wait_in_vain)
    waiting.start()
    assert wait_for((tmp_path / "log2").exists)
    programs.end()
    waiting.join(10)
    assert not alive(child.pid)
    assert len(failures) == 1
    with pytest.raises(StartError, match="the others have been ended"):
        programs.start("late", python(SLEEPER), log=tmp_path / "log")
