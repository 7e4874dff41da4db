"""The sweep of a module: pairs are found by their names, wrong derivatives are ranked, and each comes with lines for an issue."""

import json
import math

import numpy as np
import pytest

from microgradx.cli import main
from microgradx.testing import Pair, WrongDerivative, audit
from microgradx.testing.pairs import pairs_of

MODULE = """
import math
import numpy as np

def cube(x):
    return x**3

def cube_prime(x):
    return 3 * x**2

def hinge(x):
    return max(x, 0.0) ** 2

def dhinge(x):
    return 2 * x if x < 3.0 else x

def rosen(x):
    return float(np.sum((x[1:] - x[:-1] ** 2) ** 2))

def rosen_der(x):
    d = np.zeros_like(x)
    d[:-1] -= 4 * x[:-1] * (x[1:] - x[:-1] ** 2)
    d[1:] += 2 * (x[1:] - x[:-1] ** 2)
    return d

def power(n, x):
    return x**n if isinstance(n, int) else math.nan

def power_deriv(n, x):
    return n * x ** (n - 1)

class Link:
    def __call__(self, p):
        return math.log(p / (1 - p))

    def deriv(self, p):
        return 1 / (p * (1 + p))

    def inverse(self, z):
        return 1 / (1 + math.exp(-z))

    def inverse_deriv(self, z):
        return self.inverse(z) * (1 - self.inverse(z))

class Needs:
    def __init__(self, data):
        self.data = data

    def loss(self, x):
        return x

    def gradient(self, x):
        return 2.0

def lonely(x):
    return x
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "swept.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return "swept"


def test_pairs_are_found_by_their_names_and_the_surest_fault_comes_first(module):
    found = audit(module)
    assert (found.pairs, found.left) == (6, {})
    assert [finding.name for finding in found.findings] == ["swept.dhinge", "swept.Link().deriv"]
    assert (found.findings[0].right > 0, found.findings[1].right) == (True, 0)
    text = str(found)
    assert "wrong at every point: perhaps it is no derivative of that function" in text
    assert text.index("swept.dhinge:") < text.index("swept.Link().deriv:")


def test_the_reproducer_of_a_finding_can_be_pasted(module):
    for finding in audit(module).findings:
        lines = finding.reproducer()
        assert lines.startswith("# numpy 2") or "Python 3." in lines.splitlines()[0]
        with pytest.raises(WrongDerivative):
            exec(lines, {})


def test_pairs_can_be_given_and_take_whole_numbers_and_arrays():
    np_pair = Pair("numpy.sin", "numpy.cos", lambda v: np.sin(v.ravel()), lambda v: np.cos(v.ravel()))
    whole = Pair("power", "power_d", lambda n, x: float(np.ones(4)[n] * x**n), lambda n, x: n * x ** (n - 1))
    wrong = Pair("whole", "wrong", lambda n, x: float(np.ones(4)[n] * x**n), lambda n, x: float(np.ones(4)[n]) * x)
    found = audit([np_pair, whole, wrong])
    assert [finding.name for finding in found.findings] == ["wrong"]
    assert "x" in found.findings[0].reproducer().splitlines()[-1]


def test_one_sample_for_each_pair_is_judged_too(module):
    assert audit(module, samples=1).judged == audit(module).pairs == 6


def test_by_which_of_several_arguments_a_derivative_is_is_found_by_trying():
    found = audit([Pair("f", "g", lambda a, b, c: a * math.sin(b) * c, lambda a, b, c: a * math.cos(b) * c)])
    assert (found.findings, found.judged) == ([], 6)


def test_what_cannot_be_called_is_left_and_said_and_a_time_limit_ends_the_sweep(module):
    def broken(x):
        raise RuntimeError

    found = audit([Pair("f", "g", broken, broken)])
    assert "1 pair that could not be called" in str(found)
    assert "not judged: g: f(0.5) raises RuntimeError" in str(found)
    assert "the time limit ended it" in str(audit(module, time_limit=-1.0))


def test_the_command_exits_with_1_for_a_finding_and_prints_json(module, capsys):
    assert main(["audit", module]) == 1
    assert "swept.dhinge" in capsys.readouterr().out
    assert main(["audit", module, "--json", "--samples", "4"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {finding["derivative"] for finding in found["findings"]} == {"swept.dhinge", "swept.Link().deriv"}
    assert "check_gradient(lambda x: " in found["findings"][0]["reproducer"]
    assert main(["audit", "math"]) == 2
    assert main(["audit", "no_such_module"]) == 2
    assert "no_such_module" in capsys.readouterr().err


def test_a_gradient_by_all_arguments_is_judged_and_its_lines_can_be_pasted(tmp_path, capsys):
    code = "def price(s, k, r):\n    return s * k - r * s\n\n\ndef price_grad(s, k, r):\n    return k - r, s, {}\n"
    (tmp_path / "good.py").write_text(code.format("-s"))
    (tmp_path / "bad.py").write_text(code.format("s"))
    assert main(["audit", str(tmp_path / "good.py")]) == 0
    assert main(["audit", str(tmp_path / "bad.py")]) == 1
    lines = [line[4:] for line in capsys.readouterr().out.splitlines() if line.startswith("    ")]
    with pytest.raises(WrongDerivative):
        exec("\n".join(lines), {})


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("def one(x):\n    return x\n", "no function there has its derivative beside it, under a name such as f_grad"),
        (
            "def f(x):\n    return x.up\n\n\ndef df(x):\n    return x\n",
            "not judged: swept_in_vain.df: swept_in_vain.f(0.5) raises",
        ),
        ("def f(x):\n    return x\n\n\ndef df(x):\n    return 1, 2\n", "gives 1 number(s), and its derivative 2, not 1 and 1"),
        ("def f(x):\n    return x\n\n\ndef df(x):\n    return float('nan')\n", "both gave finite numbers at too few points"),
    ],
)
def test_an_audit_that_judged_nothing_says_why_and_exits_with_2(code, says, tmp_path, capsys):
    (tmp_path / "swept_in_vain.py").write_text(code)
    assert main(["audit", str(tmp_path / "swept_in_vain.py")]) == 2
    told = capsys.readouterr()
    assert says in told.out
    assert "was judged" in told.err


def test_errors_in_the_last_digits_of_a_value_are_no_findings():
    def nearly_one(size):
        return Pair("cdf", "pdf", lambda x: 1.0 + size * math.sin(x), lambda x: 1e-40)

    assert audit([nearly_one(1e-12)]).findings == []
    assert len(audit([nearly_one(1e-6)]).findings) == 1


def test_a_derivative_wrong_everywhere_is_one_by_the_argument_that_it_comes_nearest_to():
    def kernel(h, x):
        return math.exp(-((x / h) ** 2))

    (finding,) = audit([Pair("f", "g", kernel, lambda h, x: -4.0 * x / h**2 * kernel(h, x))]).findings
    assert (finding.slot, finding.right) == (1, 0)
    assert "twice" in finding.hint()


def test_private_modules_are_searched_where_no_public_one_has_a_pair(tmp_path, monkeypatch):
    package = tmp_path / "hiding"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "_losses.py").write_text("def cube(x):\n    return x**3\n\ndef cube_prime(x):\n    return 3 * x**2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [pair.text for pair in pairs_of("hiding")] == ["hiding._losses.cube"]
    (package / "open.py").write_text("def square(x):\n    return x * x\n\ndef square_prime(x):\n    return 2 * x\n")
    assert [pair.text for pair in pairs_of("hiding")] == ["hiding.open.square"]
