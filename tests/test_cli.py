"""The command line."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from microgradx import cli


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
    assert subprocess.run([sys.executable, "-m", "microgradx"], capture_output=True, check=False).returncode == 2


def test_a_command_finds_modules_beside_it_also_late_and_leaves_the_search_path_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "late_helper.py").write_text("def doubled(x):\n    return 2 * x\n")
    (tmp_path / "graphs_here.py").write_text(
        "from microgradx import Value\n"
        "def graph():\n    from late_helper import doubled\n    return doubled(Value(3.0, 'x'))\n"
    )
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    assert cli.main(["draw", "graphs_here:graph"]) == 0
    assert "6" in capsys.readouterr().out
    assert cli.main(["check", "graphs_here:missing", "x=1"]) == 2
    assert sys.path == before
