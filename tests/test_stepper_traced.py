"""`stepper(f, *args)`: variables, rounds of loops and lines of a function that runs under watch, and nothing stays installed."""

import inspect
import subprocess
import sys

import pytest
from test_stepper import bits

from microgradx import Value, detect_anomaly, source_line, stepper


def cell(h, w, u, x):
    z = h * w + u * x
    return z.tanh()


def recurrence(w, u, xs):
    h = Value(0.0)
    for x in xs:
        h = cell(h, w, u, x)
    loss = h * h
    return loss


def collecting(w, xs):
    h, hs = 0.0, []
    for x in xs:
        h = (h * w + x).tanh()
        hs.append(h)
    return h * h


def line_in(function, text):
    source, start = inspect.getsourcelines(function)
    return start + next(k for k, line in enumerate(source) if text in line)


def run(count=30):
    return stepper(recurrence, 0.5, 1.5, [1.0 - 0.1 * k for k in range(count)])


def test_rounds_of_a_loop_are_told_apart():
    s = run()
    names = set(s.names.values())
    assert {f"h @ {k}" for k in range(1, 31)} <= names
    assert {f"z @ {k}" for k in range(1, 31)} <= names
    assert {"w", "u", "h", "loss", "xs[3]"} <= names
    assert "(h @ 29)*w" in names
    kept = stepper(collecting, 0.5, [1.0] * 5)
    assert kept["hs[3]"].node is kept["h @ 4"].node
    assert s["h @ 29"].node is s["h @ 30"].node.parents[0].parents[0].parents[0]


def test_a_step_knows_its_line_and_a_line_its_steps():
    s = run(3)
    made = line_in(cell, "z = h * w")
    step = s["z @ 2"]
    assert (step.line.number, step.line.text) == (made, "z = h * w + u * x")
    assert step.line.file == inspect.getsourcefile(cell)
    assert {"z @ 1", "z @ 2", "z @ 3"} <= {found.name for found in s.at_line(made)}
    assert len(s.at_line(made)) == 9
    assert s.at_line(made, "test_stepper_traced.py") != []
    assert s.at_line(made, "other.py") == s.at_line(1) == []
    last = str(step).splitlines()[-1]
    assert last == f"  test_stepper_traced.py:{made}   z = h * w + u * x"
    assert last.strip().split("   ")[1] in s.goto("z @ 2")._repr_html_()


def test_lines_are_known_in_every_phase_and_in_what_if():
    s = stepper(recurrence, 0.5, 1.5, [1.0], forward=True)
    assert s[1].line is not None
    made = line_in(cell, "z = h * w")
    assert {found.phase for found in s.at_line(made)} == {"forward", "backward"}
    t = s.what_if(w=2.0)
    assert [found.index for found in t.at_line(made)] == [found.index for found in s.at_line(made)]


def test_a_graph_whose_lines_were_not_seen_says_so_and_one_of_detect_anomaly_knows_them():
    x = Value(2.0, "x")
    with pytest.raises(ValueError, match=r"the lines of this graph are not known: write stepper\(f, \*args\)"):
        stepper(x * x).at_line(3)
    assert stepper(x * x)[1].line is None
    with detect_anomaly():
        y = x * x
    assert stepper(y)[1].line.text == "y = x * x"


def test_a_variable_bound_on_several_lines_is_told_apart_by_line():
    def changing(x):
        y = x * 2.0
        y = y + 1.0
        return y * y

    s = stepper(changing, 3.0)
    names = set(s.names.values())
    assert {f"y (line {line_in(changing, text)})" for text in ("x * 2.0", "y + 1.0")} <= names


def test_two_functions_with_one_variable_are_told_apart():
    def inner(a):
        h = a * 2.0
        return h * h

    def outer(a):
        h = a + 1.0
        return inner(h)

    names = set(stepper(outer, 3.0).names.values())
    assert {"h", "inner.h"} <= names


def test_the_numbers_are_those_of_running_the_function():
    s = run(5)
    leaves = [Value(0.5), Value(1.5), *(Value(1.0 - 0.1 * k) for k in range(5))]
    loss = recurrence(leaves[0], leaves[1], leaves[2:])
    loss.backward()
    assert bits([s.output.data]) == bits([loss.data])
    assert bits(s.gradient(name) for name in ("w", "u", "xs[0]")) == bits([leaves[0].grad, leaves[1].grad, leaves[2].grad])


def test_what_traced_before_traces_again_and_sees_what_it_would_have_seen():
    seen = []

    def tracer(frame, event, arg):
        if frame.f_code.co_name in ("cell", "recurrence"):
            seen.append((frame.f_code.co_name, event))
            return tracer
        return None

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        s = stepper(recurrence, 0.5, 1.5, [1.0, 2.0])
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)
    assert "h @ 2" in s.names.values()
    assert seen.count(("cell", "call")) == seen.count(("cell", "return")) == 2
    assert ("recurrence", "line") in seen


def test_nothing_stays_installed_even_after_an_error():
    def failing(x):
        raise KeyError("mine")

    before = sys.gettrace()
    with pytest.raises(KeyError, match="mine"):
        stepper(failing, 1.0)
    assert sys.gettrace() is before
    y = Value(1.0) * 2.0
    assert source_line(y) is None


def test_a_debugger_that_is_entered_inside_stays(monkeypatch):
    def other(frame, event, arg):
        return None

    def entering(x):
        sys.settrace(other)
        return x * x

    before = sys.gettrace()
    try:
        stepper(entering, 2.0)
        assert sys.gettrace() is other
    finally:
        sys.settrace(before)


def test_coverage_still_counts_the_lines_of_the_function(tmp_path):
    pytest.importorskip("coverage")
    (tmp_path / "work.py").write_text(
        "from microgradx import stepper\ndef f(x):\n    y = x * x\n    return y * 2.0\n"
        "assert 'y' in stepper(f, 3.0).names.values()\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "coverage", "run", "--include=work.py", "work.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    report = subprocess.run([sys.executable, "-m", "coverage", "report"], cwd=tmp_path, capture_output=True, text=True).stdout
    assert "100%" in report


def test_a_function_without_arguments_and_one_with_structures():
    assert "y" in stepper(lambda: made_inside()).names.values()

    def weighted(params):
        total = params["w"][0] * 2.0 + params["b"]
        return total * total

    assert {"total", 'params["w"][0]', 'params["b"]'} <= set(stepper(weighted, {"w": [1.0], "b": 2.0}).names.values())


def made_inside():
    x = Value(2.0)
    y = x * x
    return y + 1.0


def test_what_a_function_was_given_is_called_by_its_parameter_and_found_by_both_names():
    def closing_over(bias):
        def inner(weight, x):
            product = weight * x
            return product + bias

        return inner

    mine = Value(2.0)
    s = stepper(closing_over(Value(1.0)), mine, 3.0)
    assert list(s.names.values()) == ["weight", "x", "product", "bias", "product + bias"]
    assert s.find("mine") is s.find("weight") is mine


def test_a_generator_that_goes_on_was_not_given_its_variables_anew():
    def squares(xs):
        for x in xs:
            square = x * x
            yield square

    def added(a, b):
        return sum(squares([a, b]))

    assert {"square @ 1", "square @ 2"} <= set(stepper(added, 2.0, 3.0).names.values())


def test_a_folder_whose_name_begins_as_that_of_the_package_is_the_users(tmp_path):
    from microgradx.view.stepping.traced import PACKAGE

    text = "def f(x):\n    inner = x * x\n    return inner + 1.0\n"
    seen = {}
    for file in (f"{PACKAGE}_play/mine.py", f"{PACKAGE}/mine.py", str(tmp_path / "mine.py")):
        space = {}
        exec(compile(text, file, "exec"), space)
        seen[file] = "inner" in stepper(space["f"], 2.0).names.values()
    assert list(seen.values()) == [True, False, True]
