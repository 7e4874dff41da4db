"""An operation written in another language gives its own numbers there."""

import json
import math
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import microgradx as mx
from microgradx import primitive
from microgradx.operation import OPS, Op
from microgradx.translate import SPECIAL, JavaScript, Script, Term, javascript

SPECIAL_JS = Path(mx.__file__).with_name("special.js").read_text()
EDGES = [0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e300, -1e300, math.inf, -math.inf, math.nan]


def count(op):
    return op.arity or 4


def test_every_operation_of_the_table_can_be_written_as_javascript():
    assert [op.name for op in OPS.values() if javascript(op, count(op)) is None] == []


def test_the_functions_that_a_page_brings_along_are_those_that_are_called():
    returned = re.search(r"return \{([^}]*)\};\n\}\)\(\);", SPECIAL_JS)[1]
    assert {name.split(":")[0].strip() for name in returned.split(",")} == SPECIAL


@pytest.mark.skipif(not shutil.which("node"), reason="no JavaScript outside a browser")
def test_scripts_give_the_values_and_local_derivatives_of_the_table():
    r, cases = random.Random(1), []
    for op in OPS.values():
        points = [[r.uniform(*(op.domain * count(op))[i]) for i in range(count(op))] for _ in range(20)]
        points += [r.choices(EDGES, k=count(op)) for _ in range(100)]
        cases += [(op, x, op.forward(*x)) for x in points]
    scripts = {op.name: javascript(op, count(op)) for op in OPS.values()}
    functions = ",".join(f"{name}: [{script.value}, {script.slopes}]" for name, script in scripts.items())
    numbers = [[op.name, [JavaScript().literal(number) for number in (*x, out)]] for op, x, out in cases]
    program = f"""{SPECIAL_JS}
    const table = {{{functions}}};
    console.log(JSON.stringify({json.dumps(numbers)}.map(([name, texts]) => {{
      const x = texts.map(Number);
      return [table[name][0](...x.slice(0, -1)), ...table[name][1](...x)].map(String);
    }})))"""
    answer = subprocess.run(["node", "-"], input=program, capture_output=True, text=True, check=True).stdout
    for (op, x, out), row in zip(cases, json.loads(answer), strict=True):
        expected = [out, *op.local_derivatives(x, out)]
        assert [float(a) for a in row] == pytest.approx(expected, rel=1e-12, abs=1e-290, nan_ok=True), (op.name, x)


def test_a_rule_that_calls_other_operations_is_written_out():
    assert javascript(OPS["tanh"], 1) == Script(
        "(x0) => { const t0 = Math.tanh(x0); return t0; }",
        "(x0, out) => { const t0 = Math.abs(x0); const t1 = -t0; const t2 = Math.exp(t1); const t3 = 2.0 * t2; "
        "const t4 = t2 * t2; const t5 = 1.0 + t4; const t6 = t3 / t5; const t7 = t6 * t6; return [t7]; }",
    )


def test_a_choice_that_is_made_already_is_not_written():
    writer = JavaScript()
    assert writer.where(2.0, "a", "b") == "a"
    assert writer.lines == []


def test_truths_and_numbers_are_told_apart():
    writer = JavaScript()
    x = Term(writer, "x")
    assert (False | (x > 0.0)).truth
    with pytest.raises(TypeError, match="& needs two booleans"):
        (x > 0.0) & x
    with pytest.raises(TypeError, match="arithmetic on two booleans differently"):
        (x > 0.0) + (x < 1.0)
    with pytest.raises(TypeError, match="known only when the code runs"):
        bool(x > 0.0)


def test_a_function_of_numpy_that_the_language_lacks_is_named():
    with pytest.raises(AttributeError, match=r"JavaScript has no word for numpy\.sinc"):
        _ = JavaScript().sinc


def test_an_operation_of_the_users_own_is_written_too(monkeypatch):
    monkeypatch.setattr("microgradx.statement.OPS", dict(OPS))
    swish: Op = primitive("swish_", "swish_({})", lambda a: a * mx.sigmoid(a), lambda a, out: mx.sigmoid(a),
                          array=lambda np, a: a / (1.0 + np.exp(-a)))  # fmt: skip
    assert javascript(swish, 1).value == (
        "(x0) => { const t0 = -x0; const t1 = Math.exp(t0); const t2 = 1.0 + t1; const t3 = x0 / t2; return t3; }"
    )
