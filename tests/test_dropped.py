"""As a thing is dropped no Python runs, in which Ctrl-C or what a tracer raises would be lost; nor as the interpreter ends."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

import microgradx as mx
from microgradx import Value, detect_anomaly, draw, nn
from microgradx.by_identity import ByIdentity


class Scaled:
    """An object with a compiled method."""

    def __init__(self):
        self.w = 2.0

    @mx.compile
    def times(self, x):
        return self.w * x


def a_frozen_model():
    return nn.MLP(2, [3, 1], rng=0).freeze()


def an_object_with_recordings():
    thing = Scaled()
    assert thing.times(3.0) == thing.times(3.0) == 6.0
    return thing


def a_checked_graph():
    with detect_anomaly():
        return Value(2.0) * 3.0 + 1.0


def a_drawing_and_its_graph():
    y = Value(2.0) * 3.0 + 1.0
    return draw(y), y


def a_graph_of_a_drawing_that_stays(drawings=[]):  # noqa: B006
    y = Value(2.0) * 3.0 + 1.0
    drawings[:] = [draw(y)]
    return y


MADE = [a_frozen_model, an_object_with_recordings, a_checked_graph, a_drawing_and_its_graph, a_graph_of_a_drawing_that_stays]


def frames_as_it_goes(made):
    """The functions in Python that run as what `made` gives is dropped."""
    things, frames = [made()], []
    sys.setprofile(lambda frame, event, arg: event == "call" and frames.append(frame.f_code.co_qualname))
    try:
        things.clear()
    finally:
        sys.setprofile(None)
    return frames


@pytest.mark.parametrize("made", MADE)
def test_no_python_runs_as_a_thing_is_dropped(made):
    made()
    assert frames_as_it_goes(made) == []


def test_a_finalizer_in_python_would_be_seen():
    class Watched:
        def __del__(self):
            pass

    assert frames_as_it_goes(Watched) == ["test_a_finalizer_in_python_would_be_seen.<locals>.Watched.__del__"]


def test_of_a_thing_at_the_same_address_nothing_is_known():
    known, seen = ByIdentity(), set()
    for k in range(100):
        value = Value(float(k))
        assert value not in known
        assert known.get(value) is None
        assert known.setdefault(value, k) == known.setdefault(value, -1) == k
        seen.add(id(value))
        del value
    assert len(seen) < 100  # or no address was used again, and nothing is shown
    assert len(known) == 0


def test_what_is_forgotten_may_be_dropped_or_known_anew():
    known, value = ByIdentity(), Value(1.0)
    known.setdefault(value, "old")
    known.forget([value, Value(2.0)])
    assert known.get(value) is None
    assert known.setdefault(value, "new") == "new"
    del value
    assert len(known) == 0


def test_threads_may_drop_what_others_look_up():
    known, errors = ByIdentity(), []

    def use():
        try:
            for k in range(2000):
                value = Value(1.0)
                assert known.setdefault(value, k) == k
                assert known.get(value) == k
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(known) == 0


AT_EXIT = """
import sys, threading
sys.path[:0] = [{tests!r}, {root!r}]
import test_dropped as t
kept = [made() for made in t.MADE]
cycles = [[made()] for made in t.MADE]
for cycle in cycles:
    cycle.append(cycle)
del cycles, cycle
sys.settrace(lambda *_: None)
sys.setprofile(lambda *_: None)
threading.Thread(target=lambda: [made() for made in t.MADE]).start()
f = t.mx.compile(lambda xs: sum(x * x for x in xs))
f([1.0] * 9)
"""


def test_the_interpreter_ends_with_everything_alive_and_says_nothing():
    code = AT_EXIT.format(tests=str(Path(__file__).parent), root=str(Path(mx.__file__).parents[1]))
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
