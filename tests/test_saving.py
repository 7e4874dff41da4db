"""Models in files: every bit comes back, and a bad file changes nothing."""

import errno
import json
import math
import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import Value, nn
from microgradx.files import write_atomically


def numbers(model):
    return [parameter.data for parameter in model.parameters()]


def test_a_loaded_model_answers_to_the_last_bit(tmp_path):
    model = nn.MLP(2, [3, 2], activation="tanh", output="sigmoid", rng=1, bias=False)
    nn.save(model, tmp_path / "model.json")
    again = nn.load(tmp_path / "model.json")
    assert numbers(again) == numbers(model)
    assert [out.data for out in again([0.1, 0.2])] == [out.data for out in model([0.1, 0.2])]
    assert again.architecture() == model.architecture()


@settings(derandomize=True, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_float_survives(tmp_path_factory, number):
    path = tmp_path_factory.getbasetemp() / "float.json"
    model = nn.MLP(1, [1])
    model.parameters()[0].data = number
    nn.save(model, path)
    back = numbers(nn.load(path))[0]
    assert back == number
    assert math.copysign(1.0, back) == math.copysign(1.0, number)


def test_a_class_of_your_own_is_loaded_into_a_model(tmp_path):
    class Line(nn.Module):
        def __init__(self):
            self.slope, self.height = Value(2.0), Value(1.0)

    nn.save(Line(), tmp_path / "line.json")
    with pytest.raises(ValueError, match=r"a class of your own: build it and write load\(.*, into=model\)"):
        nn.load(tmp_path / "line.json")
    line = Line()
    line.slope.data = 0.0
    assert nn.load(tmp_path / "line.json", into=line) is line
    assert line.slope.data == 2.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"is damaged or no model file"),
        ("[]", r"is no model file of this version: its format is 'list'"),
        ('{"format": "other"}', r"its format is 'other', not 'microgradx model 1'"),
        ('{"format": "microgradx model 1"}', r"is damaged: it needs the entries 'architecture' and 'parameters'"),
        (b"\xff\xfe\x00", r"is damaged or no model file"),
        ("[" * 200_000, r"is damaged or no model file"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_and_changes_nothing(tmp_path, text, message):
    path = tmp_path / "model.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    model = nn.MLP(2, [1], rng=1)
    before = numbers(model)
    with pytest.raises(ValueError, match=message):
        nn.load(path, into=model)
    assert numbers(model) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c["parameters"].update({"layers[0].neurons[0].b": "x"}),
            r"neurons\[0\]\.b is 'x', not a finite number",
        ),
        (
            lambda c: c["parameters"].update({"layers[0].neurons[0].b": math.nan}),
            r"neurons\[0\]\.b is nan, not a finite",
        ),
        (
            lambda c: c["parameters"].pop("layers[0].neurons[0].b"),
            r"neurons\[0\]\.b is in the model, but not in the file",
        ),
        (lambda c: c["parameters"].update({"extra": 1.0}), r"extra is in the file, but not in the model"),
        (lambda c: c["architecture"].update({"sizes": [0]}), r"is damaged: its architecture .* gives no network"),
        (lambda c: c["architecture"].update({"depth": 3}), r"is damaged: its architecture .* gives no network"),
    ],
)
def test_a_file_with_a_wrong_entry_is_refused_and_changes_nothing(tmp_path, change, message):
    path = tmp_path / "model.json"
    model = nn.MLP(2, [1], rng=1)
    nn.save(model, path)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    before = numbers(model)
    with pytest.raises(ValueError, match=message):
        nn.load(path)
    if "architecture" not in message:
        with pytest.raises(ValueError, match=message):
            nn.load(path, into=model)
    assert numbers(model) == before


def test_a_crash_while_writing_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "model.json"
    nn.save(nn.MLP(2, [1], rng=1), path)
    old = path.read_bytes()

    def full(source: str, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", source, None, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match=r"No space left on device: '[^']*/model.json'$"):
        nn.save(nn.MLP(2, [1], rng=2), path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link_and_what_it_points_to_is_written(tmp_path):
    (tmp_path / "model-7.json").write_text("old")
    (tmp_path / "latest.json").symlink_to("model-7.json")
    nn.save(nn.MLP(2, [1], rng=1), tmp_path / "latest.json")
    assert (tmp_path / "latest.json").is_symlink()
    assert json.loads((tmp_path / "model-7.json").read_text())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
def test_a_pipe_is_written_into_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, b"whole")
        assert os.read(reader, 100) == b"whole"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_every_name_that_the_system_takes_is_written_and_no_other(tmp_path):
    write_atomically(tmp_path / ("語" * 81 + ".svg"), b"")
    for path in (tmp_path / ("語" * 90), tmp_path / ("語" * 81 + ".svg") / "x.svg", tmp_path):
        with pytest.raises(OSError, match=f"{re.escape(str(path))}'$"):
            write_atomically(path, b"")
    assert [path.name for path in tmp_path.iterdir()] == ["語" * 81 + ".svg"]


def test_a_diverged_model_is_not_saved(tmp_path):
    model = nn.MLP(2, [1], rng=1)
    model.parameters()[0].data = math.nan
    with pytest.raises(ValueError, match=r"layers\[0\]\.neurons\[0\]\.w\[0\] is nan: this model has diverged"):
        nn.save(model, tmp_path / "model.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", [{"sizes": [10**12, 1]}, {"inputs": 10**12}])
def test_a_network_larger_than_its_file_is_refused_before_it_is_built(tmp_path, change):
    nn.save(nn.MLP(2, [3, 1]), tmp_path / "model.json")
    content = json.loads((tmp_path / "model.json").read_text())
    content["architecture"] |= change
    (tmp_path / "model.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"more weights than the 13 parameters of the file"):
        nn.load(tmp_path / "model.json")
