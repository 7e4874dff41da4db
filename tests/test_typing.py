"""What a type checker sees of the package from outside: the types of right code, and the mistakes of wrong code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import microgradx as mx

RIGHT = '''
from typing import Any, assert_type

import numpy as np

import microgradx as mx
from microgradx import Drawing, Value, draw, explain, nn, stepper, why
from microgradx.replay.compiled import Compiled
from microgradx.testing import check_gradient
from microgradx.testing.report import Report
from microgradx.view.stepping.stepper import Stepper

a, b = Value(2.0, "a"), Value(-3)
assert_type(a * b, Value)
assert_type(a + 1, Value)
assert_type(1 + a, Value)
assert_type(2.0 / a, Value)
assert_type(-a, Value)
assert_type(a**2, Value)
assert_type(abs(a), Value)
assert_type(round(a, 2), Value)
assert_type(a.tanh(), Value)
assert_type(a.maximum(0.0), Value)
assert_type(a.where(1.0, b), Value)
assert_type(a.clip(low=0.0), Value)
assert_type(a < b, bool)
assert_type(a.data, float)
assert_type(a.label, str | None)
assert_type(mx.tanh(a), Value)
assert_type(mx.tanh(0.5), float)
assert_type(mx.tanh(1), float)
assert_type(mx.exp(np.array([1.0])), np.ndarray[tuple[Any, ...], np.dtype[Any]])
assert_type(mx.maximum(0.0, a), Value)
assert_type(mx.maximum(0.0, 1.0), float)
assert_type(mx.clip(a, low=0, high=2), Value)
assert_type(mx.clip(1.0, low=0, high=2), float)
assert_type(mx.leaky_relu(a, slope=0.1), Value)
assert_type(mx.round(a, digits=1), Value)
assert_type(mx.silu(a), Value)
assert_type(mx.sum([a, b]), Value)
assert_type(mx.sum(a, 1.0), Value)
assert_type(mx.mean([1.0, 2.0]), float)
assert_type(mx.dot([a, b], [1.0, 2.0]), Value)
assert_type(mx.softmax([a, b]), list[Value])
mx.sum([a, 1.0])
assert_type(draw(a), Drawing)
assert_type(stepper(a), Stepper)
assert_type(mx.compile(lambda x: x * x), Compiled)
assert_type(check_gradient(lambda x: x * x, 1.0), Report)
assert_type(nn.MLP(2, [3, 1]), nn.MLP)
assert_type(mx.teach.Sheet("Week 3", []).paper("anna").grade({}), mx.teach.Grade)
assert_type(nn.MLP(2, [1]).parameters(), list[Value])
assert_type(mx.__version__, str)
print(explain(a * b, a), why(a * b, a), mx.topological_order(a * b))

cube = mx.primitive("cube", "{}**3", lambda x: x * x * x, lambda x, out: 3.0 * x * x)
assert_type(cube(a), Value)


def neuron(x: Value, w: Value) -> Value:
    return (x * w + 1.0).tanh()


a.data = 3.0
a.label = "x"
a.backward()
'''

WRONG = [
    "mx.tahn(1.0)",
    "mx.darw(a)",
    "mx.nn.MLPP(2, [1])",
    'mx.teach.Sheet("Week 3", []).papr("anna")',
    "from microgradx import darw",
    "(a * b).backwrd()",
    "a.tahn()",
    'Value(1.0, 2)',
    'a.data = "1"',
    'a * "2"',
    "a.relu(3)",
    "a.maximum()",
    "mx.maximum(a)",
    'mx.tanh("1")',
    "mx.tanh(a, b)",
    "a.where(1.0)",
    "x: float = a * b",
    "x: Value = mx.tanh(0.5)",
    'draw(a, theem="dark")',
    "stepper(a).bakc()",
    "mx.compile(3)",
]


def checked(code: str, folder: Path) -> list[str]:
    """What mypy --strict says of the code of a user who has the package."""
    path = folder / "user_code.py"
    path.write_text(code)
    root = Path(mx.__file__).parents[1]
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--cache-dir", str(root / ".mypy_cache")]
    run = subprocess.run(
        [*command, "--no-error-summary", str(path)], cwd=folder, env={**os.environ, "MYPYPATH": str(root)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return [line for line in (run.stdout + run.stderr).splitlines() if "user_code.py" in line]


def test_right_code_has_the_types_one_expects_and_each_mistake_is_reported(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    start = len(RIGHT.splitlines()) + 1
    said = checked(RIGHT + "\n".join(WRONG), tmp_path)
    reported = {int(line.split(":")[1]) for line in said if ": error:" in line}
    assert [line for line in said if ": error:" in line and int(line.split(":")[1]) < start] == []
    assert [mistake for place, mistake in enumerate(WRONG, start) if place not in reported] == []
