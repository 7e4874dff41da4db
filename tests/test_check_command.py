"""`microgradx check` and the demo."""

import json
import runpy
from pathlib import Path

import pytest

from microgradx.cli import main

DEMO = Path(__file__).parent.parent / "demos" / "derivatives.py"


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "checked_module.py").write_text(
        "import math\n"
        "def f(x, y): return math.sin(x) * y\n"
        "def right(x, y): return math.cos(x) * y, math.sin(x)\n"
        "def wrong(x, y): return math.cos(x) * y, math.cos(x)\n"
        "def g(x): return x * x.tanh()\n"
        "def endless(x, y): return math.inf, math.sin(x)\n"
        "def hess(x, y): return [[-math.sin(x) * y, math.cos(x)], [math.cos(x), 0.0]]\n"
        "def hess_wrong(x, y): return [[-math.sin(x) * y, math.cos(x)], [math.cos(x), 1.0]]\n"
        "def norm(v, w): return float((v * v).sum() * w)\n"
        "def norm_grad(v, w): return 2 * v * w, float((v * v).sum())\n"
        "def needs_floats(x, y): return math.fsum([x, y])\n"
        "def late(x):\n    from neighbour import g\n    return g(x)\n"
        "numbers = [1.0, 2.0]\n"
    )
    (tmp_path / "neighbour.py").write_text("def g(x): return x * x\n")
    monkeypatch.chdir(tmp_path)
    return "checked_module"


def test_an_expression_with_right_derivatives_exits_with_0(capsys):
    assert main(["check", "(a*b + c)*f", "a=2", "b=-3", "c=10", "f=-2"]) == 0
    assert "4 partial derivatives: 4 right" in capsys.readouterr().out


def test_second_derivatives_and_samples_are_checked_on_request(capsys):
    assert main(["check", "x**2 * y", "x=2", "y=3", "--order", "2", "--samples", "1"]) == 0
    assert "12 partial derivatives: 12 right" in capsys.readouterr().out


def test_a_wrong_derivative_exits_with_1_and_names_the_input(module, capsys):
    assert main(["check", f"{module}:f", "x=1", "y=2", "--grad", f"{module}:right"]) == 0
    assert main(["check", f"{module}:f", "x=1", "y=2", "--grad", f"{module}:wrong"]) == 1
    assert main(["check", f"{module}:f", "x=1", "y=2", "--grad", f"{module}:endless"]) == 1
    out = capsys.readouterr().out
    assert "WRONG" in out
    assert "microgradx check checked_module:f x=1.0 y=2.0" in out


def test_the_command_that_repeats_a_failure_has_every_option(module, capsys):
    words = ["check", f"{module}:f", "x=1.0", "y=2.0", f"--grad={module}:wrong", "--rtol=0.001", "--samples=1"]
    assert main(words) == 1
    first = capsys.readouterr().out
    assert first.splitlines()[-1].strip() == f"microgradx {' '.join(words)}"


def test_a_function_on_values_is_judged_by_backward(module):
    assert main(["check", f"{module}:g", "x=0.5"]) == 0


def test_an_operation_of_a_module_is_checked_for_its_contract(capsys):
    assert main(["check", "microgradx:tanh"]) == 0
    assert "check_op(tanh)" in capsys.readouterr().out


def test_a_point_where_nothing_can_be_measured_exits_with_1_and_is_blamed_as_a_whole(capsys):
    assert main(["check", "log(x)", "x=-1"]) == 1
    assert "f is nan or infinite at x = -1.0: move the point into the domain" in capsys.readouterr().out
    assert main(["check", "x/y", "x=1", "y=0"]) == 1
    assert "x, y: f is nan or infinite at x = 1.0, y = 0.0: move the point" in capsys.readouterr().out


def test_inputs_of_an_expression_are_called_as_they_were_typed(capsys):
    assert main(["check", "x**2 * y", "x=3", "y=1", "--order", "2"]) == 0
    rows = [line.split("  ")[1] for line in capsys.readouterr().out.splitlines() if line.endswith("agrees")]
    assert rows == ["x", "y", "d2/dx dx", "d2/dx dy", "d2/dy dx", "d2/dy dy"]


def test_parameters_that_have_a_value_of_their_own_need_none(capsys):
    assert main(["check", "numpy:sin", "x=1"]) == 0
    assert "1 right" in capsys.readouterr().out
    assert main(["check", "numpy:sin", "y=1"]) == 2
    assert "numpy:sin takes x, out, got y: write numpy:sin x=1.0\n" in capsys.readouterr().err


def test_the_report_is_printed_as_json_on_request(capsys):
    assert main(["check", "x**2", "x=3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["coded"] == 6.0


@pytest.mark.parametrize("count", ["-3", "0", "many"])
def test_a_number_of_samples_that_is_none_is_refused(count, capsys):
    with pytest.raises(SystemExit) as left:
        main(["check", "a*b", "a=1", "b=2", f"--samples={count}"])
    assert left.value.code == 2
    assert "is not a number of points: write 1 or more" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "1 + 2"], "no named number"),
        (["check", "microgradx:nothing", "x=1"], "nothing"),
        (["check", "math:sin", "y=1"], "write math:sin x=1.0"),
        (["check", "x**2", "x=1", "--grad", "math:sin"], "leave --grad out"),
    ],
)
def test_misuse_exits_with_2_and_says_what_to_write(arguments, message, capsys):
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["f", "x=1", "y=2", "--grad", "right"],
            "--grad right does not say what in which file: write for example --grad FILE:right",
        ),
        (["f", "x=1", "y=2", "--grad", "FILE"], "FILE is a file: add the name"),
        (["f", "x=1", "y=2", "--domain", "x=0:3", "--domain", "0:3"], "--domain LOW:HIGH holds for every input"),
        (["f", "x=1", "y=2", "--domain", "z=0:3"], "domain names 'z', but the inputs are x, y"),
        (["f", "x=1,2,many", "y=2"], "'many' in 'x=many' is not a number"),
        (["f", "x=1", "x=2"], "x is given twice"),
        (["numbers", "x=1"], "FILE:numbers is [1.0, 2.0] (list), not a function: name one"),
    ],
)
def test_what_a_command_lacks_is_said_in_a_sentence(words, message, module, capsys):
    words = [word.replace("FILE", "checked_module.py") for word in words]
    assert main(["check", f"checked_module.py:{words[0]}", *words[1:]]) == 2
    told = capsys.readouterr().err
    assert message.replace("FILE", "checked_module.py") in told
    assert "Traceback" not in told


def test_a_compiled_library_is_answered_with_the_file_to_write(capsys):
    assert main(["check", "libwave.so:f", "x=1.3", "--grad", "libwave.so:df"]) == 2
    told = capsys.readouterr().err
    assert "libwave.so is a compiled library, not Python: write a file, such as wave.py, that loads it" in told
    assert 'f = ctypes.CDLL("./libwave.so").f' in told


def test_numbers_with_commas_between_them_are_an_array(module, capsys):
    words = ["check", f"{module}:norm", "v=1.0,2.0", "w=3.0", f"--grad={module}:norm_grad"]
    assert main(words) == 0
    assert "3 partial derivatives: 3 right" in capsys.readouterr().out
    assert main([*words, "--wrt=v", "--strict"]) == 0
    assert "2 partial derivatives: 2 right" in capsys.readouterr().out
    assert main(["check", f"{module}:norm", "v=1,2", "w=3", f"--grad={module}:norm"]) == 2  # no gradient: it gives one number


def test_samples_stay_in_the_domain_and_a_failure_repeats_all_that_was_said(module, capsys):
    words = ["check", f"{module}:f", "x=1.0", "y=2.0", f"--grad={module}:right", f"--hess={module}:hess_wrong"]
    said = ["--domain=x=0.5:1.5", "--domain=y=1:3", "--samples=4", "--strict"]
    assert main([*words[:-1], f"--hess={module}:hess", *said]) == 0
    assert main([*words, *said]) == 1
    out = capsys.readouterr().out
    low, high = map(float, out.partition("looked at x from ")[2].partition(",")[0].split(" to "))
    assert 0.5 <= low < high <= 1.5
    assert out.splitlines()[-1].strip() == f"microgradx {' '.join([*words, *said])}"


def test_a_file_in_another_folder_finds_its_neighbour_also_when_it_looks_late(module, monkeypatch, tmp_path, capsys):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["check", "../checked_module.py:late", "x=2"]) == 0
    assert "1 right" in capsys.readouterr().out


def test_the_demo_shows_each_verdict(capsys):
    from microgradx import OPS

    try:
        runpy.run_path(str(DEMO), run_name="__main__")
    finally:
        OPS.pop("difference_of_squares", None)
    out = capsys.readouterr().out
    assert "to blame: difference_of_squares(hidden=1.7, " in out
    for words in ("1 wrong", "agrees, at a kink", "337 right", "its rule for operand 1", "the sign is flipped"):
        assert words in out
