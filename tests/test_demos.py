"""The demos: each runs by name, reproduces its figures and says so; a figure that is off is called out."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from comparison import Comparison, free
from microgradx.cli import main

DEMOS = Path(__file__).parent.parent / "demos"
OURS = ["neuron", "spreadsheet", "learning_rate", "initialization", "losses", "chain_rule", "moons"]


@pytest.mark.parametrize("name", [name for name in OURS if name != "moons"])  # which runs without a name
def test_a_demo_reproduces_every_figure_and_ends_in_its_verdict(name, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "microgradx", "demo", name], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")
    last = done.stdout.splitlines()[-1].split()
    assert last[0] == "VERDICT:"
    assert last[1] == last[3]
    assert "DIFFERS" not in done.stdout
    assert {path.name for path in tmp_path.iterdir()} >= set(PICTURES.get(name, []))


@pytest.mark.parametrize("name", OURS)
def test_a_demo_is_short_and_says_what_it_shows(name):
    lines = (DEMOS / f"{name}.py").read_text().splitlines()
    assert len(lines) < 85
    assert lines[0].startswith('"""')


def test_demo_without_a_name_trains_on_the_moons_draws_a_neuron_and_lists_all_demos(tmp_path):
    command = [sys.executable, "-m", "microgradx", "demo"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert "VERDICT: 24 of 24 values reproduced." in done.stdout
    assert "DIFFERS" not in done.stdout
    assert {path.name for path in tmp_path.iterdir()} >= set(PICTURES["moons"])
    assert (tmp_path / "neuron.svg").read_text().startswith("<svg")
    listed = done.stdout.partition("All demos")[2]
    assert all(f"\n  {name} " in listed for name in OURS)


PICTURES = {
    "neuron": ["activation.png"],
    "learning_rate": ["descent.png", "rates.png"],
    "spreadsheet": ["learning_rates.png"],
    "initialization": ["signals.png"],
    "losses": ["loss_shapes.png"],
    "chain_rule": ["chain_rule.svg"],
    "moons": ["moons.png", "neuron.svg"],
}


@pytest.mark.parametrize("name", OURS)
def test_the_code_of_a_demo_is_shown_with_its_place_and_not_run(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["demo", name, "--code"]) == 0
    shown = capsys.readouterr().out
    path, _, code = shown.partition("\n")
    assert Path(path.removeprefix("# ")).read_text() == code == (DEMOS / f"{name}.py").read_text()
    assert list(tmp_path.iterdir()) == []


def test_a_picture_whose_library_is_missing_is_told_and_the_demo_goes_on(capsys):
    def draw(path):
        raise ImportError("pictures need matplotlib")

    Comparison().picture("none.png", draw)
    assert capsys.readouterr().out == "No none.png: pictures need matplotlib\n"


def test_the_small_gpt_has_the_same_losses_compiled_and_makes_up_names(tmp_path):
    command = [sys.executable, "-m", "microgradx", "demo", "gpt", "--steps", "4", "--eager", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=True)
    assert done.stderr == ""
    off = re.search(r"of both the same in each of 2 steps, to (\S+);", done.stdout)
    assert off
    assert float(off[1]) < 1e-12
    assert "<compiled loss: recorded once in" in done.stdout
    assert "replayed 3 times" in done.stdout
    assert len(done.stdout.partition("names it makes up: ")[2].split(",")) == 12


def test_an_unknown_demo_lists_the_known_ones(capsys):
    assert main(["demo", "nothing"]) == 2
    assert "no demo 'nothing': choose one of chain_rule, " in capsys.readouterr().err


def test_a_figure_that_is_off_is_called_out_and_ends_in_failure(capsys):
    table = Comparison()
    table.row("right", 0.5, 0.5)
    table.row("off in the 10th digit", 1.0, 1.0 + 1e-10)
    table.row("not a number", 1.0, float("nan"))
    table.row("other word", "never", "sometimes")
    with pytest.raises(SystemExit, match=r"not reproduced: off in the 10th digit; not a number; other word"):
        table.verdict("")
    printed = capsys.readouterr().out
    assert printed.count("DIFFERS") == 3
    assert "VERDICT: 1 of 4 values reproduced." in printed


def test_a_wheel_carries_the_demos_inside_the_package(tmp_path):
    pytest.importorskip("hatchling")
    from hatchling.builders.wheel import WheelBuilder

    (wheel,) = WheelBuilder(str(DEMOS.parent)).build(directory=str(tmp_path), versions=["standard"])
    assert "microgradx/demos/spreadsheet.py" in zipfile.ZipFile(wheel).namelist()


def test_the_demos_run_out_of_an_archive_too(tmp_path):
    with zipfile.ZipFile(tmp_path / "app.pyz", "w") as archive:
        for folder, inside in ((DEMOS.parent / "microgradx", "microgradx"), (DEMOS, "microgradx/demos")):
            for path in folder.rglob("*.py"):
                archive.write(path, f"{inside}/{path.relative_to(folder)}")
    code = (
        "import sys; sys.path.insert(0, 'app.pyz'); from microgradx.cli.main import main\n"
        "assert 'app.pyz' in main.__code__.co_filename; sys.exit(main(['demo', 'chain_rule']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "values reproduced" in done.stdout



def test_pictures_of_a_table_go_where_nothing_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    Path("mine.png").write_text("somebody's own")
    Comparison().picture("mine.png", lambda path: Path(path).write_text("a picture"))
    assert Path("mine.png").read_text() == "somebody's own"
    written = Path(capsys.readouterr().out.removeprefix("Picture: ").strip())
    assert (written.name, written.read_text()) == ("mine.png", "a picture")


def test_no_demo_names_a_file_that_is_not_asked_for_first():
    for demo in DEMOS.glob("*.py"):
        for line in demo.read_text().splitlines():
            if re.search(r'"\w+\.(png|svg)"', line) and "gallery" not in line:
                assert "free(" in line or "table.picture(" in line or demo.stem == "comparison", line


def test_a_demo_overwrites_nothing_and_needs_no_place_that_can_be_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert free("neuron.svg") == Path("neuron.svg")
    Path("neuron.svg").write_text("somebody's own")
    other = free("neuron.svg")
    assert (other.name, other.parent.is_dir(), other.exists()) == ("neuron.svg", True, False)
    monkeypatch.setattr("os.access", lambda *_: False)
    assert free("new.svg").parent != Path(".")
