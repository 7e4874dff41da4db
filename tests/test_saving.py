"""Models in files: every bit comes back, and a bad file changes nothing."""

import copy
import errno
import json
import math
import multiprocessing
import os
import pickle
import random
import re
from concurrent.futures import ProcessPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import Value, nn
from microgradx.files import write_atomically
from microgradx.nn.architecture import PARTS, described


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
    with pytest.raises(ValueError, match=r"load\(\) cannot build itself: build the model and write load\(.*, into=model\)"):
        nn.load(tmp_path / "line.json")
    line = Line()
    line.slope.data = 0.0
    assert nn.load(tmp_path / "line.json", into=line) is line
    assert line.slope.data == 2.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"is damaged or not a model file"),
        ("[]", r"is not a model file of this version: its format is 'list'"),
        ('{"format": "other"}', r"its format is 'other', not 'microgradx model 1'"),
        ('{"format": "microgradx model 1"}', r"is damaged: it needs the entries 'architecture' and 'parameters'"),
        (b"\xff\xfe\x00", r"is damaged or not a model file"),
        ("[" * 200_000, r"is damaged or not a model file"),
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
        (lambda c: c["architecture"].update({"sizes": []}), r"is damaged: its architecture .* gives no network"),
        (lambda c: c["architecture"].update({"sizes": [True]}), r"is damaged: its architecture .* gives no network"),
        (lambda c: c["architecture"].update({"inputs": "2"}), r"is damaged: its architecture .* gives no network"),
        (lambda c: c["architecture"].update({"expand": "no"}), r"is damaged: its architecture .* each of its kind"),
        (lambda c: c["architecture"].update({"bias": 1}), r"is damaged: its architecture .* each of its kind"),
        (lambda c: c["architecture"].update({"output": "rellu"}), r"is damaged: its architecture .*'rellu' is not known"),
        (lambda c: c["architecture"].pop("bias"), r"is damaged: its architecture .* each of its kind"),
        (lambda c: c.update({"Parameters": {}}), r"is damaged: it holds an entry 'Parameters' that no model file has"),
        (lambda c: c["parameters"].update({"layers[0].neurons[0].b": 1}), r"neurons\[0\]\.b is 1, not a finite number"),
        (lambda c: c["parameters"].update({"layers[0].neurons[0].b": True}), r"neurons\[0\]\.b is True, not a finite"),
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
    if "is not known" not in message:
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


@pytest.mark.parametrize("change", [{"sizes": [10**12, 1]}, {"inputs": 10**12}, {"sizes": [1, 10**400]}, {"inputs": 10**400}])
def test_a_network_larger_than_its_file_is_refused_before_it_is_built(tmp_path, change):
    nn.save(nn.MLP(2, [3, 1]), tmp_path / "model.json")
    content = json.loads((tmp_path / "model.json").read_text())
    content["architecture"] |= change
    (tmp_path / "model.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"more weights than the 13 parameters of the file"):
        nn.load(tmp_path / "model.json")


@pytest.mark.parametrize("key", ["parameters", "layers[0].neurons[0].b", "inputs"])
def test_an_entry_that_stands_twice_is_refused(tmp_path, key):
    path = tmp_path / "model.json"
    nn.save(nn.MLP(2, [1], rng=1), path)
    path.write_text(re.sub(rf'("{re.escape(key)}": )', rf'"{key}": 0.0, \1', path.read_text()))
    with pytest.raises(ValueError, match=rf"the entry '{re.escape(key)}' stands there twice"):
        nn.load(path)


def trained(model, optimizer, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        nn.mse([model(x) for x in ([1.0, 2.0], [-1.0, 0.5])], [0.5, -0.5]).backward()
        optimizer.step()
    return numbers(model)


RULES = {
    "SGD": lambda: nn.SGD(lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Adagrad": lambda: nn.Adagrad(lr=0.1),
    "RMSProp": lambda: nn.RMSProp(lr=0.02, decay=0.9),
    "Adam": lambda: nn.Adam(lr=0.1, betas=(0.8, 0.9)),
    "AdamW": lambda: nn.AdamW(lr=0.1),
}


@pytest.mark.parametrize("rule", RULES)
def test_training_goes_on_from_a_file_to_the_last_bit(tmp_path, rule):
    through = nn.MLP(2, [3, 1], activation="tanh", rng=1)
    wanted = trained(through, RULES[rule]().bind(through.parameters()), 15)
    model = nn.MLP(2, [3, 1], activation="tanh", rng=1)
    optimizer = RULES[rule]().bind(model.parameters())
    trained(model, optimizer, 7)
    nn.save(model, tmp_path / "model.json", optimizer=optimizer)
    again, other = nn.MLP(2, [3, 1], activation="tanh", rng=9), type(optimizer)()
    assert nn.load(tmp_path / "model.json", into=again, optimizer=other) is again
    assert repr(other) == repr(optimizer)
    assert trained(again, other, 8) == wanted
    fresh = type(optimizer)()
    assert trained(nn.load(tmp_path / "model.json", optimizer=fresh), fresh, 8) == wanted


def test_an_optimizer_of_some_parameters_comes_back_with_those(tmp_path):
    model = nn.MLP(2, [3, 1], rng=1)
    optimizer = nn.Adam(model.layers[1].parameters(), lr=0.1)
    trained(model, optimizer, 3)
    nn.save(model, tmp_path / "model.json", optimizer=optimizer)
    other = nn.Adam()
    again = nn.load(tmp_path / "model.json", optimizer=other)
    assert list(map(id, other.parameters)) == list(map(id, again.layers[1].parameters()))
    assert trained(again, other, 3) == trained(model, optimizer, 3)


def test_a_history_comes_back_and_an_unused_optimizer_too(tmp_path):
    model = nn.MLP(2, [3, 1], rng=1)
    history = nn.fit(model, *nn.data.xor(), loss="binary_cross_entropy", optimizer=nn.SGD(lr=0.1), epochs=3)
    nn.save(model, tmp_path / "model.json", optimizer=nn.Adam(lr=0.25), history=history)
    back, optimizer = nn.History(), nn.Adam()
    nn.load(tmp_path / "model.json", optimizer=optimizer, history=back)
    assert back == history
    assert (optimizer.lr, optimizer.parameters) == (0.25, [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("optimizer"), r"holds no optimizer: it was saved without; write save\(.*optimizer=optimizer\)"),
        (lambda c: c["optimizer"].update({"rule": "SGD"}), r"it holds the state of 'SGD', and the optimizer is Adam\(lr=0\.001"),
        (lambda c: c["optimizer"].update({"extra": 1}), r"the entries 'rule', 'settings' and 'memory', and no other"),
        (lambda c: c["optimizer"]["settings"].pop("betas"), r"a Adam has lr, weight_decay, betas, epsilon, the file lr"),
        (lambda c: c["optimizer"]["settings"].update({"lr": "0.1"}), r"Adam\.lr is '0\.1', where it has something like 0\.001"),
        (lambda c: c["optimizer"]["settings"].update({"lr": -1.0}), r"lr=-1\.0: it must be a finite number, 0 or more"),
        (lambda c: c["optimizer"]["settings"].update({"betas": [0.9]}), r"Adam\.betas is \[0\.9\], where it has something like"),
        (lambda c: c["optimizer"]["settings"].update({"betas": [0.9, None]}), r"Adam\.betas\[1\] is None"),
        (lambda c: c["optimizer"]["memory"].update({"x": {}}), r"remembers parameters that the model does not have"),
        (lambda c: c["optimizer"]["memory"].update({"layers[0].neurons[0].b": {"mean": "x"}}), r"not finite numbers by name"),
        (lambda c: c["history"].update({"loss": [1.0, "x"]}), r"History\.loss is \[1\.0, 'x'\]"),
        (lambda c: c["history"].pop("loss"), r"a History has loss, accuracy"),
    ],
)
def test_a_file_whose_training_state_is_wrong_changes_nothing(tmp_path, change, message):
    path, model, optimizer = tmp_path / "model.json", nn.MLP(2, [1], rng=1), nn.Adam(lr=0.5)
    history = nn.fit(model, [[0.0, 1.0]], [1.0], loss="mse", optimizer=optimizer, epochs=2)
    nn.save(model, path, optimizer=optimizer, history=history)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    other, fresh, empty = nn.MLP(2, [1], rng=2), nn.Adam(), nn.History()
    before = numbers(other)
    with pytest.raises(ValueError, match=message):
        nn.load(path, into=other, optimizer=fresh, history=empty)
    assert (numbers(other), repr(fresh), fresh.parameters, empty) == (before, repr(nn.Adam()), [], nn.History())


def test_what_cannot_be_saved_is_named(tmp_path):
    model = nn.MLP(2, [1], rng=1)
    with pytest.raises(ValueError, match=r"SGD\(.*\) moves a parameter that is not one of this model"):
        nn.save(model, tmp_path / "m.json", optimizer=nn.SGD([Value(1.0)]))
    with pytest.raises(TypeError, match=r"optimizer='adam' is not an optimizer: pass the one that trains"):
        nn.save(model, tmp_path / "m.json", optimizer="adam")
    odd = nn.SGD()
    odd.mask = {1.0}
    with pytest.raises(TypeError, match=r"fits in no JSON file: Object of type set"):
        nn.save(model, tmp_path / "m.json", optimizer=odd)
    nn.save(model, tmp_path / "m.json", optimizer=nn.SGD())
    with pytest.raises(TypeError, match=r"optimizer='adam' is not an optimizer: write for example nn\.Adam\(\)"):
        nn.load(tmp_path / "m.json", optimizer="adam")


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_every_network_can_be_pickled_with_its_optimizer(name):
    model = nn.MLP(2, [3, 2], activation=name, output=name, rng=1)
    optimizer = nn.Adam(model.parameters())
    again, other = pickle.loads(pickle.dumps((model, optimizer)))
    assert numbers(again) == numbers(model)
    assert [out.data for out in again([0.1, 0.2])] == [out.data for out in model([0.1, 0.2])]
    assert list(map(id, other.parameters)) == list(map(id, again.parameters()))
    assert copy.deepcopy(model).architecture() == again.architecture() == model.architecture()


@pytest.mark.parametrize(
    "schedule",
    [
        nn.schedules.constant(0.1),
        nn.schedules.linear(1.0, 0.1, 10),
        nn.schedules.step(1.0, 3),
        nn.schedules.exponential(1.0, 0.9),
        nn.schedules.cosine(1.0, 10),
        nn.schedules.warm_up(3, nn.schedules.constant(0.5)),
    ],
)
def test_every_schedule_can_be_pickled(schedule):
    again = pickle.loads(pickle.dumps(schedule))
    assert [again(epoch) for epoch in range(12)] == [schedule(epoch) for epoch in range(12)]


def test_every_starting_rule_can_be_pickled():
    for rule in (*nn.init.INITIALIZERS.values(), nn.init.constant(0.5), nn.init.normal(0.1), nn.init.uniform(0.0, 1.0)):
        again = pickle.loads(pickle.dumps(rule))
        assert again(3, 2, random.Random(1)) == rule(3, 2, random.Random(1))


def test_a_network_answers_in_another_process():
    model = nn.MLP(2, [3, 1], rng=1)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(model, [0.1, 0.2]).result().data == model([0.1, 0.2]).data


def mixed():
    inner = nn.Sequential(nn.Layer(6, 4, "linear", rng=1, bias=False), nn.BatchNorm(4, follow=0.2), "relu")
    return nn.Sequential(nn.Embedding(5, 3, rng=0), inner, nn.Dropout(0.25), nn.MLP(4, [3, 2], activation="tanh", rng=2))


def test_a_sequence_of_modules_is_built_anew_from_its_file(tmp_path):
    model = mixed()
    nn.fit(model, [[0, 1], [2, 3], [4, 0], [1, 1]], [0, 1, 0, 1], loss="cross_entropy", optimizer=nn.SGD(lr=0.1), epochs=3)
    nn.save(model, tmp_path / "model.json")
    again = nn.load(tmp_path / "model.json")
    assert repr(again) == repr(model)
    assert numbers(again) == numbers(model)
    assert [out.data for out in again([2, 3])] == [out.data for out in model([2, 3])]
    norm = again.layers[1].layers[1]
    assert (norm.follow, norm.mean[0] in again.trainable()) == (0.2, False)


def test_a_sequence_with_a_function_of_your_own_is_loaded_into_a_model(tmp_path):
    for own in (lambda row: row, nn.Layer(2, 2, lambda z: z * 2.0, rng=0)):
        model = nn.Sequential(nn.Layer(2, 2, rng=0), own)
        nn.save(model, tmp_path / "model.json")
        with pytest.raises(ValueError, match=r"load\(\) cannot build itself"):
            nn.load(tmp_path / "model.json")
        assert nn.load(tmp_path / "model.json", into=model) is model


ALONE = [
    nn.Neuron(2, "tanh", rng=0, bias=False),
    nn.Layer(2, 3, "sigmoid", rng=0, expand=True),
    nn.MLP(2, [3, 1], rng=0),
    nn.Embedding(4, 2, rng=0),
    nn.BatchNorm(2),
    nn.Dropout(0.25),
    nn.Sequential(nn.Layer(2, 2, rng=0), "tanh"),
]


@pytest.mark.parametrize("module", ALONE, ids=lambda module: type(module).__name__)
def test_every_module_saved_alone_is_built_anew_from_its_file(tmp_path, module):
    nn.save(module, tmp_path / "module.json")
    again = nn.load(tmp_path / "module.json")
    assert type(again) is type(module)
    assert repr(again) == repr(module)
    assert numbers(again) == numbers(module)
    assert described(again) == described(module)


def test_every_exported_module_can_be_built_from_a_file():
    exported = {kind for kind in vars(nn).values() if isinstance(kind, type) and issubclass(kind, nn.Module)}
    missing = exported - {nn.Module, nn.Sequential} - {part.kind for part in PARTS.values()}
    assert not missing, f"{missing} cannot be loaded: give each an entry of PARTS in nn/architecture.py"
    assert {type(module) for module in ALONE} == exported - {nn.Module}, "add one of its kind to ALONE"


@pytest.mark.parametrize(
    "modules",
    [
        [],
        [3],
        [{"Layer": {}}],
        [{"Layers": {}}],
        [{"Embedding": {"count": 10**9, "width": 10}}],
        [{"Dropout": {"probability": 2}}],
        3,
    ],
)
def test_a_damaged_sequence_is_refused(tmp_path, modules):
    nn.save(mixed(), tmp_path / "model.json")
    content = json.loads((tmp_path / "model.json").read_text())
    content["architecture"] = {"modules": modules}
    (tmp_path / "model.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"is damaged: its architecture"):
        nn.load(tmp_path / "model.json")
