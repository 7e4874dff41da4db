"""The commands step, explain, why and layers, as they are typed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from microgradx.cli import main

EXAMPLE = ["L = (a*b + c)*f", "a=2", "b=-3", "c=10", "f=-2"]


def test_step_prints_every_block(capsys):
    assert main(["step", *EXAMPLE]) == 0
    out = capsys.readouterr().out
    assert out.startswith("backward of L = (a*b + c) * f = -8")
    assert [line.split()[1] for line in out.splitlines() if line.startswith("step")] == ["1/3", "2/3", "3/3"]


def test_options_are_valid_before_between_and_after(capsys):
    for words in (["--wrt", "a", *EXAMPLE], [EXAMPLE[0], "--wrt", "a", *EXAMPLE[1:]], [*EXAMPLE, "--wrt", "a"]):
        assert main(["explain", *words]) == 0
        assert capsys.readouterr().out.startswith("dL/da = 6")


def test_explain_and_step_give_json(capsys):
    assert main(["explain", *EXAMPLE, "--wrt", "b", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["total"], found["count"], found["paths"][0]["contribution"]) == (-4.0, 1, -4.0)
    assert main(["step", *EXAMPLE, "--json"]) == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    assert steps[0]["contributions"][0]["contribution"] == -2.0


def test_json_has_no_numbers_that_are_none(capsys):
    assert main(["step", "L = log(a)*b", "a=0", "b=0", "--json"]) == 0

    def refuse(text):
        raise AssertionError(text)

    found = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert found["steps"][0]["contributions"][1]["local"] == "-inf"
    assert main(["explain", "L = log(a)*b", "a=0", "b=2", "--wrt", "a", "--json"]) == 0
    assert json.loads(capsys.readouterr().out, parse_constant=refuse)["total"] == "inf"


def test_variables_of_a_module_are_names_and_its_file_names_it_too(tmp_path, monkeypatch, capsys):
    (tmp_path / "my_graph_of_names.py").write_text(
        "from microgradx import Value\na, b = Value(2.0), Value(3.0)\nh = (a * b).tanh()\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for target in ("my_graph_of_names:h", "my_graph_of_names.py:h"):
        assert main(["explain", target, "--wrt", "a"]) == 0
        assert capsys.readouterr().out.startswith("dh/da = ")
        assert main(["why", target, "--wrt", "b"]) == 0
        assert main(["step", target]) == 0
        assert "backward of h = tanh(a * b)" in capsys.readouterr().out


def test_a_name_that_is_given_twice_is_refused(capsys):
    assert main(["step", "a * a", "a=1", "a=2"]) == 2
    assert "a is given twice, as 1 and as 2: write it once" in capsys.readouterr().err


def test_lists_and_items_of_what_functions_give(capsys):
    assert main(["explain", "softmax([a, b])[0]", "a=1", "b=2", "--wrt", "a"]) == 0
    assert capsys.readouterr().out.startswith("dout/da = 0.1966")
    for wrong, told in (("softmax([a, b])", "is a list of 2, not one number"), ("softmax([a, b])[5]", "there is no item 5")):
        assert main(["step", wrong, "a=1", "b=2"]) == 2
        assert told in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_error():
    names = [f"x{k}" for k in range(500)]
    words = ["step", "+".join(f"{x}*{x}*{x}" for x in names), *[f"{x}=1" for x in names]]
    walked = subprocess.Popen([sys.executable, "-m", "microgradx", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    walked.stdout.readline()
    walked.stdout.close()
    assert walked.stderr.read() == b""
    walked.stderr.close()
    assert walked.wait() == 0


def test_why_tells_the_cause(capsys):
    assert main(["why", "relu(a) * b", "a=-1", "b=2", "--wrt", "a"]) == 0
    assert "an off relu has slope 0" in capsys.readouterr().out


def test_layers_of_a_target_in_a_module(tmp_path, monkeypatch, capsys):
    (tmp_path / "my_net_for_layers.py").write_text(
        "from microgradx.nn import MLP\ndef loss():\n    return MLP(2, [3, 1], rng=1)([0.0, 1.0])\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert main(["layers", "my_net_for_layers:loss"]) == 0
    assert "6 of 13 parameters get no gradient" in capsys.readouterr().out


def test_a_page_is_written_told_on_stderr_and_not_overwritten(tmp_path, capsys):
    page = tmp_path / "back.html"
    assert main(["step", *EXAMPLE, "-o", str(page)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"wrote {page} (")
    first = page.read_bytes()
    assert main(["step", *EXAMPLE, "-o", str(page)]) == 2
    assert "already exists: add -f to overwrite it" in capsys.readouterr().err
    assert main(["step", *EXAMPLE, "-f", "-o", str(page)]) == 0
    assert page.read_bytes() == first
    capsys.readouterr()
    assert main(["step", *EXAMPLE, "-o", "-"]) == 0
    assert capsys.readouterr().out.encode() == first


def test_mistakes_are_sentences_and_status_2(capsys):
    assert main(["explain", *EXAMPLE, "--wrt", "q"]) == 2
    assert capsys.readouterr().err.startswith("microgradx: no value is called 'q' in the graph of L")
    assert main(["step", "__import__('os')"]) == 2
    assert main(["step", "a + b", "a=1"]) == 2
    with pytest.raises(SystemExit, match="2"):
        main(["step", *EXAMPLE, "--frobnicate"])
    assert "unrecognized arguments: --frobnicate" in capsys.readouterr().err


def test_the_prompt_reads_standard_input():
    typed = "next\nexplain a\nquit\n"
    command = [sys.executable, "-m", "microgradx", "step", *EXAMPLE, "-i"]
    done = subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60, check=True)
    assert "step 1/3" in done.stdout
    assert "dL/da = 6" in done.stdout
    assert "\x1b[" not in done.stdout


def test_the_demo_runs_and_writes_its_pages(tmp_path):
    demo = Path(__file__).parent.parent / "demos" / "stepping.py"
    done = subprocess.run([sys.executable, demo, tmp_path], capture_output=True, text=True, timeout=60, check=True)
    assert "Traceback" not in done.stderr
    assert "plain recursion sends on at every arrival" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["network.html", "neuron.html"]
