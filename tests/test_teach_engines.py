"""The grade of a student's own engine: what is right passes, and each slip is told by its name."""

import json
import shutil

import broken_engines
import pytest

from microgradx import Value
from microgradx.cli import main
from microgradx.teach import grade_engine
from microgradx.teach.engine_cases import ENGINE_CASES


def failed(engine, **options):
    report = grade_engine(engine, **options)
    return {result.case: result.told for result in report.results if result.verdict == "failed"}


def test_an_engine_without_a_fault_passes_every_case():
    for engine in (Value, broken_engines.Right):
        report = grade_engine(engine)
        assert report.ok, report
        assert (report.points, report.most) == (len(ENGINE_CASES), len(ENGINE_CASES))


@pytest.mark.parametrize(
    ("engine", "case", "told"),
    [
        ("Overwriting", "a + a", "`=` for `+=`"),
        ("Overwriting", "one value in two products", "`=` for `+=`"),
        ("Overwriting", "many paths", "`=` for `+=`"),
        ("Recursive", "b * b of b = a + a", "sent on before it is complete, as recursion does"),
        ("Recursive", "diamond", "sent on before it is complete, as recursion does"),
        ("Unreversed", "product and sum", "from the output down"),
        ("Unseeded", "product and sum", "backward() must begin with out.grad = 1"),
        ("WithoutUpstream", "product and sum", "multiply it by out.grad"),
        ("WrongTanh", "tanh", "1 - tanh(z)^2: the square is missing"),
        ("OpenRelu", "relu", "a relu passes nothing on where its input is below 0"),
        ("OwnFactor", "product and sum", "the slope of a product is the other factor"),
        ("Stale", "two passes add up", "are sent once more in the second"),
        ("Remembering", "two passes add up", "a second pass adds nothing"),
        ("OneSided", "numbers on the left", "write the method __rmul__"),
        ("Swapped", "numbers on the left", "the value of the graph is wrong"),
        ("Deep", "a long chain", "RecursionError in a chain of 3000 operations"),
        ("Forgetful", "exp", "the slope of exp(z) is exp(z) itself"),
        ("Raising", "power", "it raises NotImplementedError: later"),
    ],
)
def test_each_slip_is_told_where_it_shows(engine, case, told):
    found = failed(getattr(broken_engines, engine))
    assert told in found[case]


@pytest.mark.parametrize("engine", ["WrongTanh", "OpenRelu", "Stale", "Deep", "Forgetful"])
def test_a_slip_of_one_rule_fails_its_own_case_only(engine):
    assert len(failed(getattr(broken_engines, engine))) == 1


def test_the_path_that_is_left_of_a_gradient_is_told():
    told = failed(broken_engines.Overwriting)["one value in two products"]
    assert "(a: that is only the path through a * c: add the other one)" in told


def test_an_engine_is_not_asked_for_functions_that_it_does_not_have():
    class Plain(broken_engines.Right):
        tanh = None

    report = grade_engine(Plain)
    assert {r.case: r.verdict for r in report.results}["tanh"] == "left out"
    assert (report.points, report.most) == (len(ENGINE_CASES) - 1, len(ENGINE_CASES) - 1)


def test_cases_can_be_left_out_by_name():
    assert failed(broken_engines.Deep, without=["a long chain"]) == {}
    with pytest.raises(ValueError, match=r"without='long' is not a case: there are 'product and sum'"):
        grade_engine(Value, without=["long"])
    with pytest.raises(TypeError, match=r"3 is not a class of values: write grade_engine\(Value\)"):
        grade_engine(3)


def test_grade_on_the_command_line_reads_a_file(tmp_path, capsys):
    shutil.copy(broken_engines.__file__, tmp_path / "own_engine.py")
    assert main(["grade", f"{tmp_path / 'own_engine.py'}:Right"]) == 0
    assert capsys.readouterr().out.startswith("Right: 17 of 17 cases")
    assert main(["grade", f"{tmp_path / 'own_engine.py'}:Stale", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["points"], report["of"]) == (16, 17)
    assert main(["grade", f"{tmp_path / 'own_engine.py'}:Missing"]) == 2
    assert "own_engine.py defines no Missing: it has math, ClassVar, OneSided, Right" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "target", "told"),
    [
        ("1/0", ":Value", "cannot be run: ZeroDivisionError"),
        (None, ":Value", "does not exist: write the path of the file"),
        ("", ":Value", "defines no Value: it has nothing"),
        ("", "", "does not say what in which file: write for example own_engine.py:Value"),
    ],
)
def test_what_cannot_be_graded_is_told(text, target, told, tmp_path, capsys):
    path = tmp_path / "engine.py"
    if text is not None:
        path.write_text(text)
    assert main(["grade", f"{path}{target}"]) == 2
    assert told in capsys.readouterr().err
