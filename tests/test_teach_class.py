"""A class is graded whole: what cannot be read or run gets no points and says why, and what nobody asked for is named."""

import csv
import json
import os
import types

import pytest

from microgradx import teach
from microgradx.cli import main

SHEET = teach.Sheet(
    "Week 3",
    [
        teach.Question("product", "a*b + c", {"a": 2, "b": -3, "c": 10}, ask=["a", "b"]),
        teach.Question("square", "x**2", {"x": 3}),
        teach.Derivative("slope", lambda x: x * x),
    ],
)
SOURCE = """
from microgradx import teach
sheet = teach.Sheet("Week 3", [teach.Question("product", "a*b", {"a": 2, "b": -3})])
"""
RIGHT = {"product": {"a": [-3], "b": [2]}}
BROKEN = [  # file, content, what is said
    ("syntax.py", "product = (", r"syntax\.py cannot be run: SyntaxError: '\(' was never closed"),
    ("module.py", "import numpyx", r"module\.py cannot be run: ModuleNotFoundError: No module named 'numpyx'"),
    ("exit.py", "raise SystemExit(0)", r"exit\.py cannot be run: SystemExit: 0"),
    ("broken.json", "{bad", r"broken\.json is not JSON \(Expecting property name .*\): save the whole text that the page shows"),
    ("empty.json", "", r"empty\.json is not JSON \(Expecting value.*\): save the whole text"),
    ("deep.json", "[" * 100_000, r"deep\.json is not JSON \(maximum recursion depth"),
    ("bytes.json", b"\x80", r"bytes\.json is not JSON \('utf-8' codec can't decode"),
    ("list.json", "[1]", r"list\.json holds no answers by question: save what the page shows at its end"),
    ("text.txt", "{}", r"text\.txt ends in '\.txt': answers are in a \.py file, or in a \.json file saved from the page"),
    ("week.json", '{"sheet": "Week 2", "answers": {}}', r"week\.json holds answers for the sheet 'Week 2', not for 'Week 3'"),
    ("nobody.json", None, r"nobody\.json does not exist: write the path of the file that was handed in"),
    ("nowhere.py", None, r"nowhere\.py does not exist: write the path of the file that was handed in"),
]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sheet.py").write_text(SOURCE)
    (tmp_path / "anna.json").write_text(json.dumps({"sheet": "Week 3", "student": "anna", "answers": RIGHT}))
    return tmp_path


@pytest.mark.parametrize(("file", "content", "told"), BROKEN)
def test_what_cannot_be_read_is_told_with_the_name_of_its_file(here, file, content, told):
    if content is not None:
        (here / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises((ValueError, FileNotFoundError), match=told):
        SHEET.grade(here / file, "x")


def test_a_folder_is_no_hand_in(here):
    (here / "all.json").mkdir()
    with pytest.raises(IsADirectoryError, match=r"all\.json is a folder: write the path of the file that was handed in"):
        SHEET.grade("all.json", "x")


def test_a_file_that_may_not_be_read_is_told_without_an_error_number(here, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(ValueError, match=r"^anna\.json cannot be read: Permission denied$"):
        SHEET.grade("anna.json", "anna")


def test_one_bad_file_does_not_stop_the_grading_of_a_class(here, capsys):
    for file, content, _ in BROKEN:
        if content is not None:
            (here / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    files = [file for file, *_ in BROKEN]
    assert main(["grade", "sheet.py:sheet", *files[:6], "anna.json", *files[6:], "-o", "grades.csv"]) == 2
    out, error = capsys.readouterr()
    assert "anna: 2 of 2 points" in out
    assert "syntax: 0 of 2 points\nsyntax.py cannot be run: SyntaxError" in out
    assert error.startswith("microgradx: 12 of 13 files of answers cannot be graded: syntax, module, exit,")
    rows = list(csv.DictReader((here / "grades.csv").read_text().splitlines()))
    assert len(rows) == 2 * 13
    assert sum(float(row["points"]) for row in rows) == 2.0
    assert sum(float(row["of"]) for row in rows) == 26.0
    assert {row["verdict"] for row in rows if row["student"] != "anna"} == {"refused"}
    assert [row["told"][:23] for row in rows if row["student"] == "exit"] == ["exit.py cannot be run: "] * 2


def test_answers_of_another_week_stand_under_the_name_of_the_student(here, capsys):
    (here / "x1.json").write_text(json.dumps({"sheet": "Week 2", "student": "dora", "answers": RIGHT}))
    assert main(["grade", "sheet.py:sheet", "x1.json"]) == 2
    assert "dora: 0 of 2 points" in capsys.readouterr().out


@pytest.mark.parametrize("code", ["while True: pass", "import os; os._exit(0)", "def slope(x):\n while x: pass"])
def test_code_that_does_not_end_is_ended_and_the_others_are_graded(here, capsys, code):
    (here / "sheet.py").write_text(SOURCE.replace("[teach.Q", "[teach.Derivative('slope', lambda x: x * x), teach.Q"))
    (here / "amy.py").write_text("slope = lambda x: 2 * x")
    (here / "ben.py").write_text(code)
    (here / "cleo.py").write_text("slope = lambda x: 2 * x\nproduct = {'a': -3}")
    files = ["amy.py", "ben.py", "cleo.py", "anna.json"]
    assert main(["grade", "sheet.py:sheet", *files, "--time", "0.5", "--json"]) == 2
    rows = json.loads(capsys.readouterr().out)
    for student, points in {"amy": 1.0, "ben": 0.0, "cleo": 2.0, "anna": 2.0}.items():
        assert sum(row["points"] for row in rows if row["student"] == student) == points
    assert {row["told"] for row in rows if row["verdict"] == "refused"} == {
        "ben.py gave no answer within 0.5 s: look for a loop that does not end, or allow more by --time"
    }


def test_no_time_is_refused(here, capsys):
    for seconds in ("0", "-1", "nan"):
        assert main(["grade", "sheet.py:sheet", "anna.json", "--time", seconds]) == 2
        assert capsys.readouterr().err == (
            f"microgradx: --time {seconds} leaves no time for anybody's code: write for example --time 10\n"
        )


def test_of_several_files_of_a_student_the_one_that_was_changed_last_is_graded(here, capsys):
    (here / "anna (1).json").write_text(json.dumps({"student": "anna", "answers": {"product": {"a": [5]}}}))
    (here / "anna.py").write_text("product = {'a': -3}")
    files = ["anna (1).json", "anna.json", "anna.py", "anna.json"]
    for last, points in zip(files[:3], (0.0, 2.0, 1.0), strict=True):
        for file in files:
            os.utime(file, (1e9 + (file == last),) * 2)
        assert main(["grade", "sheet.py:sheet", *files, "-o", f"{points}.csv"]) == (0 if points == 2.0 else 1)
        out = capsys.readouterr().out
        assert out.startswith(f"anna: {points:g} of 2 points\n")
        rows = list(csv.DictReader((here / f"{points}.csv").read_text().splitlines()))
        others = {file for file in files if file != last}
        left = {row["question"]: row["told"] for row in rows if row["verdict"] == "left out"}
        assert left == {file: f"{file} is not graded: {last} is, which was changed last" for file in others}
        assert all(told in out for told in left.values())
        assert sum(float(row["of"]) for row in rows) == 2.0


def test_a_last_file_that_cannot_be_read_is_the_one_that_counts(here, capsys):
    (here / "anna.py").write_text("(")
    os.utime("anna.json", (1e9, 1e9))
    assert main(["grade", "sheet.py:sheet", "anna.py", "anna.json"]) == 2
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "anna: 0 of 2 points"
    assert told[1].startswith("anna.py cannot be run: SyntaxError")
    assert told[2] == "anna.json is not graded: anna.py is, which was changed last"


def test_what_the_code_of_a_student_prints_is_no_part_of_the_table(here, capfd):
    (here / "ben.py").write_text("print('hello')\nproduct = {'a': -3, 'b': 2}")
    assert main(["grade", "sheet.py:sheet", "ben.py", "--json"]) == 0
    out, error = capfd.readouterr()
    assert [row["points"] for row in json.loads(out)] == [1.0, 1.0]
    assert error == "hello\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_encodings_of_windows_editors_are_read(here, encoding):
    (here / "anna.json").write_text(json.dumps({"student": "anna", "answers": {"square": {"x": 6}}}), encoding=encoding)
    assert SHEET.grade("anna.json", "anna").points == 1.0


def test_a_question_or_a_value_that_is_not_asked_is_named_with_the_one_meant():
    grade = SHEET.grade({"prodct": {"a": -3}, "square": {"q": 1, "X": 6}, "zzz": 1}, "emil")
    found = {(mark.question, mark.verdict.field): mark.verdict.told for mark in grade.marks if mark.verdict.kind == "unknown"}
    assert found == {
        ("prodct", ""): "not a question of this sheet: did you mean product?",
        ("square", "q"): "not asked here: write x",
        ("square", "X"): "not asked here: write x",
        ("zzz", ""): "not a question of this sheet: write product, square, slope",
    }
    assert (grade.points, grade.most) == (0.0, 4.0)
    assert repr(grade) == "<Grade of emil: 0 of 4 points; not asked: square q, square X, prodct, zzz>"
    assert [row["of"] for row in grade.rows()][-2:] == [0.0, 0.0]
    assert "not asked here" in str(SHEET.grade({"square": {"q": 1}}, "emil", tell="verdict"))


def test_of_a_file_of_python_only_a_name_near_to_an_open_question_is_named(here):
    code = "import math\nprodct = {'a': -3}\nsquares = {}\nsquare = {'x': 6}\nslopes = 3\ndef helper(): pass\n"
    (here / "ben.py").write_text(code)
    grade = SHEET.grade("ben.py", "ben")
    assert [mark.question for mark in grade.marks if mark.verdict.kind == "unknown"] == ["prodct"]
    assert grade.points == 1.0
    module = types.ModuleType("answers")
    module.slop = lambda x: 2 * x
    assert repr(SHEET.grade(module, "ben")) == "<Grade of ben: 0 of 4 points; not asked: slop>"


@pytest.mark.parametrize(
    ("answers", "question", "told"),
    [
        ({"product": [1, 2]}, "product", "this is a list: write a dict with a number for each of b, a"),
        ({"square": 6.0}, "square", "this is a float: write a dict with a number for each of x"),
        ({"square": {"x": 10**400}}, "square", "this is an integer too large for a float"),
        ({"slope": lambda x: exit()}, "slope", "it raises SystemExit: None"),
    ],
)
def test_an_answer_of_the_wrong_form_is_told(answers, question, told):
    assert {mark.verdict.told for mark in SHEET.grade(answers, "x").marks if mark.question == question} == {told}


def test_an_engine_that_ends_python_is_graded():
    class Value:
        def __init__(self, data):
            raise SystemExit

    assert teach.grade_engine(Value).points == 0
