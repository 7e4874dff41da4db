"""The command line."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from microgradx import cli
from microgradx.replay.run.jax import to_jax


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    cli.add_target(parser)
    return parser.parse_args(words)


def test_a_target_is_an_expression_with_its_numbers() -> None:
    assert cli.target(options("(a*b + c)*f", "a=2", "b=-3", "c=1e1", "f=-2")).data == -8.0


def test_a_target_is_a_value_or_a_function_in_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "graphs_of_mine.py").write_text(
        "from microgradx import Value\nL = Value(2.0) * 3.0\ndef loss():\n    return Value(7.0)\nname = 'x'\n"
    )
    assert cli.target(options("graphs_of_mine:L")).data == 6.0
    assert cli.target(options("graphs_of_mine:loss")).data == 7.0
    with pytest.raises(TypeError, match="graphs_of_mine:name gave 'x', not a Value"):
        cli.target(options("graphs_of_mine:name"))


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["a", "a"], "'a' is not NAME=NUMBER: write for example a=2"),
        (["a", "1a=2"], "'1a=2' is not NAME=NUMBER"),
        (["a", "a=two"], "'two' in 'a=two' is not a number: write for example a=2"),
    ],
)
def test_wrong_numbers_are_named(words: list[str], advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        cli.target(options(*words))


def test_python_dash_m_is_the_same_command() -> None:
    run = subprocess.run([sys.executable, "-m", "microgradx", "--help"], capture_output=True, text=True, check=True)
    assert "demo" in run.stdout
    alone = subprocess.run([sys.executable, "-m", "microgradx"], capture_output=True, text=True, check=True)
    assert alone.stdout == run.stdout


def test_a_command_finds_modules_beside_it_also_late_and_leaves_the_search_path_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "late_helper.py").write_text("def doubled(x):\n    return 2 * x\n")
    (tmp_path / "graphs_here.py").write_text(
        "from microgradx import Value\ndef graph():\n    from late_helper import doubled\n    return doubled(Value(3.0, 'x'))\n"
    )
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    assert cli.main(["draw", "graphs_here:graph"]) == 0
    assert "6" in capsys.readouterr().out
    assert cli.main(["check", "graphs_here:missing", "x=1"]) == 2
    assert sys.path == before


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """The exit status of a command, and what it printed."""
    try:
        status = cli.main(words)
    except SystemExit as left:
        status = int(str(left.code))
    return status, *capsys.readouterr()


def test_wrong_words_are_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    for words, told in [
        (("stp", "a", "a=1"), "there is no 'stp': did you mean step"),
        (("draw", "a", "a=1", "--thme=dark"), "unrecognized arguments: --thme=dark (did you mean --theme?)"),
        (("step", "a", "a=1", "--by", "laier"), "there is no 'laier': did you mean layer?"),
        (("demo", "nuron"), "no demo 'nuron': did you mean neuron?"),
        (("draw", "alpha*2", "alpa=4"), "alpa=4 is not used, 'alpha*2' has no alpa, did you mean alpha=4?"),
        (("check", "a*b", "a=1", "b=2", "q=4"), "q=4 is not used, 'a*b' has no q: leave q=4 out"),
        (("draw", "a", "a=1", "--for-slide"), "unrecognized arguments: --for-slide (did you mean --for slide?)"),
        (("draw", "x^2", "x=2"), "'x^2' is not a power in Python: write x**2"),
        (("ops", "tahn"), "there is no operation 'tahn': did you mean tan"),
    ]:
        status, _, error = said(capsys, *words)
        assert status == 2
        assert told in error


def test_a_module_takes_no_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "graph_with_numbers.py").write_text("from microgradx import Value\ny = Value(2.0, 'x') * 3.0\n")
    monkeypatch.chdir(tmp_path)
    assert "a=2 belongs to an expression" in said(capsys, "draw", "graph_with_numbers:y", "a=2")[2]


def test_why_and_explain_without_a_name_ask_about_every_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "explain", "a*b", "a=2", "b=3")[1].count("dout/d") == 2
    found = json.loads(said(capsys, "why", "relu(a)*b", "a=-1", "b=2", "--json")[1])
    assert found["a"]["cause"] == "cut"
    assert found.keys() == {"a", "b"}
    assert "has no named input: write --wrt NAME" in said(capsys, "why", "2*3")[2]


def test_inner_values_are_called_by_their_expressions(capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, "step", "L = (a*b + c)*f", "a=2", "b=-3", "c=10", "f=-2")[1]
    assert "L = (a*b + c) * f" in out
    assert "(a*b + c) = (a*b) + c" in out
    assert "add#" not in out
    assert "multiply#" not in out


def test_a_shell_completes_commands_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    script = said(capsys, "completion", "bash")[1]
    complete = f"{script}\nCOMP_WORDS=(microgradx draw --th); COMP_CWORD=2; _microgradx; echo ${{COMPREPLY[@]}}"
    assert subprocess.run(["bash", "-c", complete], capture_output=True, text=True, check=True).stdout.split() == ["--theme"]
    assert said(capsys, "completion", "zsh")[1].startswith("autoload")
    assert "-a step" in said(capsys, "completion", "fish")[1]


def test_a_package_that_an_extra_brings_is_named_with_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "graph_of_a_cluster.py").write_text("import distributed.nothing\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "distributed", None)
    status, _, error = said(capsys, "draw", "graph_of_a_cluster:y")
    told = "microgradx: graph_of_a_cluster.py:1 needs distributed: pip install 'microgradx[distributed]'\n"
    assert (status, error) == (2, told)


def test_jax_is_asked_for_where_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    monkeypatch.setitem(sys.modules, "jax.numpy", None)
    with pytest.raises(ModuleNotFoundError, match=r"to_jax\(\) needs jax: pip install 'microgradx\[jax\]'"):
        to_jax(None)  # type: ignore[arg-type]  # it is asked first


NET = """from microgradx import Value, nn
m = nn.MLP(2, [3, 2], rng=0)
def f(x): return x*x + 2*x
def g(x, y): return x*y
def f_prime(x): return 2*x + 2
def loss(): return sum(m([1.0, 2.0]))
"""


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inner").mkdir()
    for name in ("net_at_the_door.py", "inner/my-net.py", "json.py"):
        (tmp_path / name).write_text(NET)
    return tmp_path


def test_a_path_of_a_file_works_in_every_command(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in ("net_at_the_door.py", "inner/my-net.py", "json.py", str(net / "net_at_the_door.py")):
        status, out, _ = said(capsys, "check", f"{path}:f", "x=2", "--grad", f"{path}:f_prime")
        assert (status, "1 right" in out) == (0, True)
        assert said(capsys, "audit", path)[1].startswith(f"audit of {path}: 1 pair")
        for verb in ("step", "layers", "draw", "explain", "why"):
            assert said(capsys, verb, f"{path}:loss", *["--wrt", "L0.n0.b"] * (verb in ("explain", "why")))[0] == 0
    assert json.loads("[1]") == [1]
    assert sys.modules["json"] is json


def test_a_file_imports_what_lies_beside_it(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (net / "inner" / "lies_beside.py").write_text("two = 2.0\n")
    (net / "inner" / "importing.py").write_text(
        "from microgradx import Value\nfrom lies_beside import two\nL = Value(two) * 3.0\n"
    )
    assert "= 6" in said(capsys, "draw", "inner/importing.py:L")[1]


def test_what_is_amiss_with_a_file_is_said(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, told in [
        (("step", "nope.py:loss"), "there is no file 'nope.py' in "),
        (("audit", "nope.py"), "there is no file 'nope.py' in "),
        (("draw", "json.py"), "json.py is a file: add the name of a Value, function or model in it, such as json.py:loss"),
        (("check", "json.py"), "json.py is a file: add the name"),
        (("step", "json.py:los"), "json.py has no 'los': write for example json.py:loss"),
        (("step", "json.py:f"), "json.py:f takes x, got no numbers: write json.py:f x=1.0"),
    ]:
        status, _, error = said(capsys, *words)
        assert (status, told in error) == (2, True), error


def test_a_function_is_called_with_the_numbers_given(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "backward of out = x*x + 2*x = 8" in said(capsys, "step", "net_at_the_door.py:f", "x=2")[1]
    _, out, _ = said(capsys, "explain", "net_at_the_door.py:g", "y=5", "x=2")
    assert "dout/dx = 5" in out
    assert "dout/dy = 2" in out


def test_a_model_is_drawn_at_ones_with_its_outputs(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "L1.n1" in said(capsys, "draw", "net_at_the_door.py:m")[1]
    assert "2 outputs; gradients are those of their sum" in said(capsys, "draw", "net_at_the_door.py:m", "-o", "-")[1]


def test_a_name_after_an_expression_is_asked_about_with_wrt(capsys: pytest.CaptureFixture[str]) -> None:
    assert "write --wrt a to ask about its gradient" in said(capsys, "explain", "a*b + a", "a", "a=2", "b=3")[2]


def test_usage_without_a_target_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["explain"])
    error = capsys.readouterr().err
    assert 'are required: TARGET, write for example: microgradx explain "L = (a*b + c)*f" a=2' in error


def test_the_demos_are_listed_without_running_one(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(capsys, "demo", "--list")
    assert status == 0
    assert out.startswith("All demos, each run by microgradx demo NAME:\n  chain_rule")
