"""A sheet of exercises: typical wrong answers are told apart, solutions are never told, every student has other numbers."""

import csv
import json
import math
import re

import pytest

import microgradx as mx
from microgradx import teach
from microgradx.cli import main
from microgradx.teach.slips import near


def softmax_loss(z0, z1, z2):
    return -mx.log_softmax([z0, z1, z2])[1]


def cell(x, w, b):
    z = w * x + b
    z.label = "z"
    return z.tanh()


def mean_square(p, q):
    return ((p - 1.0) ** 2 + (q - 3.0) ** 2) / 2.0


SHEET = teach.Sheet(
    "Week 3",
    [
        teach.Question("product", "(a*b + c) * f", {"a": 2, "b": -3, "c": 10, "f": -2}, points=4),
        teach.Question("reuse", "a*b + a*c + a*d", {"a": 2, "b": -3, "c": 10, "d": 4}, ask=["a"]),
        teach.Question("cell", cell, {"x": 0.7, "w": -1.2, "b": 0.3}, ask=["w", "z"]),
        teach.Question("sigmoid", "sigmoid(w*x)", {"w": 0.8, "x": 1.5}, ask=["w"]),
        teach.Question("power", "3 * x**4", {"x": 1.7}),
        teach.Question("classes", softmax_loss, {"z0": 0.2, "z1": 1.1, "z2": -0.4}, ask=["z1"]),
        teach.Question("quotient", "a / b", {"a": 3, "b": 4}, ask=["b"]),
        teach.Derivative("slope_of_tanh", lambda x: x.tanh(), points=2),
    ],
)
P1 = math.exp(1.1) / (math.exp(0.2) + math.exp(1.1) + math.exp(-0.4))
SIGMOID = 1.0 / (1.0 + math.exp(-1.2))
TANH = math.tanh(-1.2 * 0.7 + 0.3)
TYPICAL = [  # question, field, a typical wrong answer, its kind, what is said
    ("product", "a", -6.0, "sign", "the size is right, the sign is not"),
    ("product", "f", 1.0, "upstream", "that is what arrives at (a*b + c) * f: multiply it by the local derivative there"),
    ("product", "b", 2.0, "local", "that is the local derivative of a * b alone: multiply by what arrives there"),
    ("reuse", "a", -3.0, "paths", "that is only the path through a * b: add the other 2"),
    ("reuse", "a", 7.0, "paths", "the path through a * d is missing"),
    ("cell", "z", 1.0 - TANH, "rule", "the slope of tanh(z) is 1 - tanh(z)^2: the square is missing"),
    ("cell", "w", 1.0 - TANH**2, "upstream", "that is what arrives at w * x: multiply it by the local derivative there"),
    ("sigmoid", "w", SIGMOID * 1.5, "rule", "the slope of a sigmoid s is s * (1 - s): the factor 1 - s is missing"),
    ("power", "x", 3.0 * 1.7**3, "rule", "the slope of z^n is n z^(n-1): the factor n is missing"),
    ("power", "x", 12.0 * 1.7**4, "rule", "the slope of z^n is n z^(n-1): the exponent has to go down by 1"),
    ("classes", "z1", P1, "rule", "the slope at a logit is p - y, where y is 1 for the right class only"),
    ("quotient", "b", 3.0 / 16.0, "sign", "the size is right, the sign is not"),
    ("quotient", "b", -3.0 / 4.0, "rule", "the slope of a/b by b is -a / b^2: the square"),
    ("quotient", "b", "-0.19", "unreadable", "this is the text '-0.19': write a number, without quotes"),
    ("quotient", "b", math.inf, "unreadable", "this is inf, which is not finite"),
    ("quotient", "b", [7.7], "wrong", "wrong"),
    ("quotient", "b", None, "empty", "no answer yet"),
]
FUNCTIONS = [
    (lambda x: 1.0 - math.tanh(x), "rule", "the slope of tanh(z) is 1 - tanh(z)^2: the square is missing"),
    (lambda x: -(1.0 - math.tanh(x) ** 2), "sign", "the size is right, the sign is not"),
    (lambda x: None, "unreadable", "it gives None: does it lack a return?"),
    (lambda x: "0.5", "unreadable", "it gives the text '0.5': write a number, without quotes"),
    (lambda x: 1 / 0, "raises", "it raises ZeroDivisionError: division by zero"),
    (lambda x: 0.123, "wrong", "wrong everywhere"),
    (0.5, "unreadable", "slope_of_tanh is a float, not a function of one number"),
    (None, "empty", "no answer yet"),
]


def mark(answers, question, field, **options):
    (found,) = [m for m in SHEET.grade(answers, "anna", **options).marks if (m.question, m.verdict.field) == (question, field)]
    return found


def solutions():
    answers = {name: {field: known.right for field, known in task.asked.items()} for name, task in graph_tasks().items()}
    return answers | {"slope_of_tanh": lambda x: 1.0 - math.tanh(x) ** 2}


def graph_tasks():
    return {name: task for name, task in SHEET.paper("anna").tasks.items() if name != "slope_of_tanh"}


@pytest.mark.parametrize(("question", "field", "answer", "kind", "told"), TYPICAL)
def test_a_typical_wrong_answer_is_told_from_others(question, field, answer, kind, told):
    verdict = mark({question: {field: answer}}, question, field).verdict
    assert (verdict.kind, verdict.told) == (kind, told)


@pytest.mark.parametrize(("function", "kind", "told"), FUNCTIONS)
def test_a_derivative_that_a_student_wrote_is_judged_at_points(function, kind, told):
    verdict = mark({"slope_of_tanh": function}, "slope_of_tanh", "slope_of_tanh").verdict
    assert (verdict.kind, verdict.told) == (kind, told)


def test_right_answers_get_every_point_and_three_digits_are_enough():
    assert SHEET.grade(solutions(), "anna").points == SHEET.grade({}, "anna").most == 13.0
    exact = {name: {field: known.right for field, known in task.asked.items()} for name, task in graph_tasks().items()}
    rounded = {name: {field: float(f"{x:.3g}") for field, x in fields.items()} for name, fields in exact.items()}
    assert SHEET.grade(rounded, "anna").points == 11.0


def test_right_numbers_are_those_of_closed_forms():
    right = {(name, field): known.right for name, task in graph_tasks().items() for field, known in task.asked.items()}
    assert right["product", "a"] == 6.0
    assert right["reuse", "a"] == 11.0
    assert right["cell", "w"] == pytest.approx(0.7 * (1.0 - TANH**2))
    assert right["power", "x"] == pytest.approx(12.0 * 1.7**3)
    assert right["classes", "z1"] == pytest.approx(P1 - 1.0)
    assert right["quotient", "b"] == -3.0 / 16.0


def test_partial_credit_is_the_share_of_values_that_are_right():
    assert SHEET.grade({"product": {"a": 6.0, "b": -4.0, "c": 5.0}}, "anna").points == 2.0


def test_fields_are_asked_from_the_output_down():
    assert list(SHEET.paper("anna").tasks["cell"].asked) == ["z", "w"]


@pytest.mark.parametrize("tell", ["hints", "verdict"])
def test_nothing_said_before_the_deadline_holds_a_number_of_the_solution(tell):
    right = [known.right for task in graph_tasks().values() for known in task.asked.values()]
    for question, field, answer, *_ in TYPICAL:
        if isinstance(answer, str) or answer == math.inf:
            continue
        found = mark({question: {field: answer}}, question, field, tell=tell)
        numbers = [float(text) for text in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", found.verdict.told)]
        assert not [x for x in numbers if any(near(x, number) for number in right) and x not in (1.0, 2.0)]
        assert "right" not in found.row("anna")
    text = str(SHEET.grade({"product": {"a": 1.0}}, "anna", tell=tell))
    assert "-2" not in text
    assert "is right)" not in text


def test_verdicts_alone_say_right_or_wrong():
    assert mark({"product": {"a": -6.0}}, "product", "a", tell="verdict").verdict.told == "wrong"
    assert mark({"product": {"a": 6.0}}, "product", "a", tell="verdict").verdict.told == "right"


def test_after_the_deadline_the_solutions_are_told():
    grade = SHEET.grade({"product": {"a": -6.0}}, "anna", tell="answers")
    assert "the size is right, the sign is not (6 is right)" in str(grade)
    assert grade.rows()[3]["right"] == 6.0


def test_every_student_has_other_numbers_and_keeps_them():
    ranges = {"a": (-9, 9), "b": (-9, 9), "c": (0.5, 9.5), "f": -2}
    sheet = teach.Sheet("Week 4", [teach.Question("product", "(a*b + c) * f", ranges)])
    numbers = {student: sheet.paper(student).tasks["product"].numbers for student in "abcdefgh"}
    assert len({tuple(found.values()) for found in numbers.values()}) > 6
    assert numbers["a"] == sheet.paper("a").tasks["product"].numbers
    for found in numbers.values():
        assert found["a"] == int(found["a"])
        assert found["c"] == round(found["c"], 1)
        assert found["f"] == -2.0
    right = [known.right for known in sheet.paper("a").tasks["product"].asked.values()]
    assert len(set(right)) == 4


def test_only_the_first_tries_count_and_all_are_noted():
    sheet = teach.Sheet("Week 3", SHEET.questions, tries=2)
    late = sheet.grade({"product": {"a": [1.0, 2.0, 6.0]}}, "anna")
    early = sheet.grade({"product": {"a": [1.0, 6.0]}}, "anna")
    assert (late.points, early.points) == (0.0, 1.0)
    assert {(m.question, m.verdict.field): m.tries for m in late.marks}["product", "a"] == 3


def test_answers_come_from_modules_and_files_too(tmp_path):
    code = "import math\nproduct = {'a': 6}\ndef slope_of_tanh(x):\n    return 1 - math.tanh(x) ** 2\n"
    (tmp_path / "anna.py").write_text(code)
    (tmp_path / "page.json").write_text(json.dumps({"student": "anna", "answers": {"product": {"a": [5, 6]}}}))
    with pytest.raises(ValueError, match=r"page\.json holds answers for the student 'anna', not for 'ben': numbers differ"):
        SHEET.grade(tmp_path / "page.json", "ben")
    assert SHEET.grade(tmp_path / "anna.py", "anna").points == 3.0
    assert SHEET.grade(tmp_path / "page.json", "anna").points == 1.0


pytest_plugins = ["pytester"]
SOURCE = """
from microgradx import teach
sheet = teach.Sheet("Week 3", [teach.Question("product", "a*b", {"a": 2, "b": -3})])
"""


def test_a_class_is_graded_into_a_table(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sheet.py").write_text(SOURCE)
    (tmp_path / "ben.py").write_text("product = {'a': -3, 'b': 2}")
    (tmp_path / "x1.json").write_text(json.dumps({"student": "anna", "answers": {"product": {"a": [3]}}}))
    assert main(["grade", "sheet.py:sheet", "x1.json", "ben.py", "-o", "grades.csv"]) == 1
    assert "anna: 0 of 2 points" in capsys.readouterr().out
    rows = list(csv.DictReader((tmp_path / "grades.csv").read_text().splitlines()))
    assert [(row["student"], row["field"], row["verdict"], row["points"]) for row in rows] == [
        ("anna", "b", "empty", "0.0"),
        ("anna", "a", "sign", "0.0"),
        ("ben", "b", "right", "1.0"),
        ("ben", "a", "right", "1.0"),
    ]
    assert main(["grade", "sheet.py:sheet", "ben.py", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["student"] == "ben"
    assert main(["grade", "sheet.py:sheet"]) == 2
    assert "is a sheet: write the files with the answers behind it" in capsys.readouterr().err


def test_a_printed_sheet_has_the_formula_of_every_question():
    text = str(SHEET.paper("anna"))
    cell_asks = "at x = 0.7, w = -1.2, b = 0.3\n  asked: the gradients of z, w, to three digits"
    assert f"cell (2 points)\n  tanh(w*x + b)\n  z = w*x + b\n  {cell_asks}" in text
    assert "reuse (1 point)\n  a*b + a*c + a*d\n  at a = 2, b = -3, c = 10, d = 4\n  asked: the gradient of a, to" in text
    assert "write a function slope_of_tanh(x) that gives the derivative of tanh(x)" in text
    assert "right" not in text


def test_a_sheet_is_printed_with_its_solutions(tmp_path, capsys, monkeypatch):
    text = SHEET.paper("anna").solved()
    assert "right: f = 4, c = -2, b = -4, a = 6" in text
    assert f"right: z = {1.0 - TANH**2:.4g}, w = {0.7 * (1.0 - TANH**2):.4g}" in text
    slopes = dict(re.findall(r"slope_of_tanh\((-?[\d.]+)\) = ([\d.]+)", text))
    assert len(slopes) == 5
    assert all(near(float(y), 1.0 - math.tanh(float(x)) ** 2) for x, y in slopes.items())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sheet.py").write_text(SOURCE)
    assert main(["grade", "sheet.py:sheet", "--solutions", "anna"]) == 0
    assert "right: b = 2, a = -3" in capsys.readouterr().out
    assert main(["grade", "sheet.py:sheet", "--solutions", "anna", "--json"]) == 0
    assert {row["field"]: row["right"] for row in json.loads(capsys.readouterr().out)} == {"b": 2.0, "a": -3.0}
    assert main(["grade", "sheet.py:sheet", "x.py", "--solutions", "anna"]) == 2
    assert "prints one student's sheet: leave the files of answers and -o out" in capsys.readouterr().err
    assert main(["grade", "math:pi", "--solutions", "anna"]) == 2
    assert "math:pi is not a teach.Sheet: only a sheet has solutions" in capsys.readouterr().err


def test_one_point_is_one_point():
    one = teach.Sheet("x", [teach.Question("q", "a*b", {"a": 2, "b": 3}, ask=["a"])])
    assert repr(one.grade({}, "anna")) == "<Grade of anna: 0 of 1 point>"
    assert ">1 point<" in one.paper("anna").page().html


def test_questions_are_tests_with_points(pytester, tmp_path):
    pytester.makepyfile(sheet=SOURCE, answers="product = {'a': -3, 'b': 7}")
    test = "test_week = teach.pytest_questions(sheet, 'answers.py', 'anna')"
    pytester.makepyfile(test_week=f"from microgradx import teach\nfrom sheet import sheet\n{test}")
    result = pytester.runpytest("--junitxml=found.xml")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*anna: 1 of 2 points*", "*product*b*0 of 1*wrong*"])
    assert '<property name="points" value="1.0"' in (pytester.path / "found.xml").read_text()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: teach.Sheet("x", []), ValueError, r"a sheet needs questions"),
        (lambda: teach.Sheet("x", [SHEET.questions[0]] * 2), ValueError, r"two questions are called 'product'"),
        (lambda: teach.Question("q", "a*b", {"a": 1, "b": 2}, ask=["c"]), ValueError, r"'q' asks for 'c', .* only 'a', 'b'"),
        (lambda: teach.Question("q", lambda a: 3.0, {"a": 1}), TypeError, r"the graph of question 'q' is 3\.0: it must be one"),
        (lambda: SHEET.grade({}, "anna", tell="all"), ValueError, r"tell='all' is not known: write one of 'hints', 'verdict'"),
        (lambda: SHEET.grade(3, "anna"), TypeError, r"answers=3: write a dict such as"),
        (lambda: teach.write_grades([], "grades.xls"), ValueError, r"path 'grades\.xls' ends in '\.xls': write \.csv or \.json"),
    ],
)
def test_what_makes_no_sheet_is_told(call, error, message):
    with pytest.raises(error, match=message):
        call()
