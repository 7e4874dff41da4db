"""Ctrl-C at counted moments: whatever is going on is done whole or not at all, and no mode is left on."""

from __future__ import annotations

import contextlib
import gc
import inspect
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import microgradx as mx
from microgradx import Value, detect_anomaly, modes, nn, no_grad, observers, stepper
from microgradx.files import write_atomically
from microgradx.writing import commit, new_gradients, new_numbers

PACKAGE = str(Path(mx.__file__).parent)
SIGNALS = 200
"""How many moments of each operation are interrupted, at least; they are spread evenly over it, the same in each run."""

Operation = tuple[Callable[[], object], Callable[[], Any], Callable[[], object]]
"""What to do, all that it may change, and how to put that back."""


class Interrupted:
    """Sends SIGINT at the k-th call or return of a function inside the package, or return of one in C that it called."""

    def __init__(self, moment: int) -> None:
        self.moment, self.count = moment, 0

    def __enter__(self) -> Interrupted:
        sys.setprofile(self.watch)
        return self

    def __exit__(self, *error: object) -> None:
        sys.setprofile(None)

    def watch(self, frame: FrameType, event: str, arg: Any) -> None:
        # Python looks for signals after calls into C, but not between a lock's `__enter__` and the block of its `with`, nor as it
        # drops a generator or leaves one.
        if event == "c_call" or (event == "c_return" and arg.__name__ == "__enter__") or frame.f_code.co_name == "<genexpr>":
            return
        if event == "return" and frame.f_code.co_flags & inspect.CO_GENERATOR:
            return
        if frame.f_code.co_filename.startswith(PACKAGE):
            self.count += 1
            if self.count == self.moment:
                sys.setprofile(None)
                signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def _control_c_raises() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt(operation: Operation) -> int:
    """Interrupt an operation at many moments; gives how many signals there were. Each leaves the state before or after it."""
    run, state, reset = operation
    before = state()
    run()
    after = state()
    assert before != after
    reset()
    with Interrupted(0) as counter:
        run()
    moments = range(1, counter.count + 1, max(1, counter.count // SIGNALS))
    for moment in moments:
        reset()
        with pytest.raises(KeyboardInterrupt), Interrupted(moment):
            run()
        assert state() in (before, after), moment
        assert (Value(2.0) * 3.0).op is mx.multiply, f"no_grad was left on at {moment}"
        assert not modes.checking()
    assert modes.watching == []
    return len(moments)


def parameters(count: int) -> list[Value]:
    return [Value(math.sin(k), f"w{k}") for k in range(count)]


def numbers(values: list[Value]) -> list[tuple[str, str, bool]]:
    return [(x.data.hex(), x.grad.hex(), x.reached) for x in values]


def put_back(values: list[Value]) -> Callable[[], object]:
    """How numbers and gradients become again what they are now."""
    data, grads = [x.data for x in values], [x.grad if x.reached else None for x in values]
    return lambda: commit(*new_numbers(values, data), new_gradients(values, grads))


def a_backward_pass(size: int) -> Operation:
    weights = parameters(size)
    loss = mx.sum([mx.tanh(w * 0.5) / (w + 3.0) for w in weights]) + mx.dot(weights, weights)
    loss.backward()
    values = mx.topological_order(loss)
    grads = [x.grad for x in values]
    return loss.backward, lambda: numbers(values), lambda: commit(new_gradients(values, grads))


def a_compiled_backward_pass(size: int) -> Operation:
    weights = parameters(size)
    f = mx.compile(lambda x: mx.dot(weights, weights) * x)
    for _ in range(3):
        f.backward(0.5)
    return lambda: f.backward(0.5), lambda: numbers(weights), put_back(weights)


class ByHand(nn.SGD):
    """A rule of one's own, asked for every weight."""

    def update(self, weight: float, gradient: float, memory: dict[str, float]) -> float:
        memory["seen"] = memory.get("seen", 0.0) + gradient
        return weight - self.lr * gradient


def a_step(rule: Callable[..., nn.Optimizer], size: int) -> Operation:
    weights = parameters(size)
    optimizer = rule(weights, lr=0.1)
    for _ in range(2):
        for w in weights:
            w.grad = w.data
        optimizer.step()
    back, remembered = put_back(weights), dict(vars(optimizer))

    def reset() -> None:
        back()
        vars(optimizer).update(remembered)

    return optimizer.step, lambda: (numbers(weights), optimizer.memories()), reset


def a_cleared_gradient(size: int) -> Operation:
    weights = parameters(size)
    for w in weights:
        w.grad = 1.0
    return nn.SGD(weights, lr=0.1).zero_grad, lambda: numbers(weights), put_back(weights)


def a_clipped_gradient(size: int) -> Operation:
    weights = parameters(size)
    for w in weights:
        w.grad = 1.0
    return lambda: nn.clip_gradients(weights, 0.5), lambda: numbers(weights), put_back(weights)


def a_commit(size: int, lr: float | None) -> Operation:
    weights = parameters(size)
    loss = mx.sum([mx.tanh(w) * w for w in weights])
    values = mx.topological_order(loss)
    s = stepper(loss, lr=lr)
    before = [(x._number, x._stamp) for x in values]

    def reset() -> None:
        s.__dict__.update(kept)
        data, stamps = zip(*before, strict=True)
        commit((values, "_number", data), (values, "_stamp", stamps), new_gradients(values, [None] * len(values)))

    kept = dict(vars(s))
    return s.commit, lambda: numbers(values), reset


def a_loaded_file(path: Path) -> Operation:
    model, other = nn.MLP(2, [3, 1], rng=1), nn.MLP(2, [3, 1], rng=2)
    optimizer, fresh = nn.Adam(model.parameters(), lr=0.1), nn.Adam(lr=0.2)
    model([1.0, 2.0]).backward()
    optimizer.step()
    nn.save(model, path, optimizer=optimizer)
    back, empty = put_back(other.parameters()), dict(vars(fresh))

    def reset() -> None:
        back()
        vars(fresh).update(empty)

    return (
        lambda: nn.load(path, into=other, optimizer=fresh),
        lambda: ([p.data for p in other.parameters()], fresh.memories(), fresh.lr),
        reset,
    )


def a_saved_file(path: Path) -> Operation:
    models = [nn.MLP(1, [2, 1], rng=seed) for seed in (1, 2)]
    nn.save(models[0], path)
    old = path.read_bytes()
    return (
        lambda: nn.save(models[1], path),
        lambda: (sorted(path.parent.iterdir()), path.read_bytes()),
        lambda: path.write_bytes(old),
    )


def a_drawn_file(path: Path) -> Operation:
    path.write_bytes(b"old")
    drawing = mx.draw(Value(2.0) * 3.0)
    drawing.save(path)
    path.write_bytes(b"old")
    return (
        lambda: drawing.save(path),
        lambda: (sorted(path.parent.iterdir()), path.read_bytes()),
        lambda: path.write_bytes(b"old"),
    )


@pytest.mark.parametrize(
    ("operation", "sizes"),
    [
        (a_backward_pass, [20, 30]),
        (a_compiled_backward_pass, [3, 8, 20]),
        (lambda size: a_step(nn.Adam, size), [3, 8]),
        (lambda size: a_step(ByHand, size), [8, 20]),
        (lambda size: a_commit(size, None), [6, 7, 8, 9, 10]),
        (lambda size: a_commit(size, 0.1), [8, 9]),
    ],
    ids=["backward", "compiled backward", "Adam", "a rule of one's own", "commit", "commit with an update"],
)
def test_control_c_leaves_an_operation_whole_or_undone(
    operation: Callable[[int], Operation], sizes: list[int]
) -> None:
    assert sum(interrupt(operation(size)) for size in sizes) >= SIGNALS


@pytest.mark.parametrize("operation", [a_cleared_gradient, a_clipped_gradient])
def test_control_c_leaves_gradients_cleared_or_clipped_together(
    operation: Callable[[int], Operation],
) -> None:
    assert sum(interrupt(operation(size)) for size in range(2, 12)) > 50


@pytest.mark.parametrize("operation", [a_loaded_file, a_saved_file, a_drawn_file])
def test_control_c_leaves_files_and_what_is_loaded_whole(
    operation: Callable[[Path], Operation], tmp_path: Path
) -> None:
    path = tmp_path / ("picture.svg" if operation is a_drawn_file else "model.json")
    assert interrupt(operation(path)) >= SIGNALS / 4


@pytest.mark.parametrize(("replay", "least"), [(True, SIGNALS // 4), (False, SIGNALS)])
def test_control_c_leaves_the_last_whole_epoch_of_a_training(replay: bool, least: int) -> None:
    points, labels = [[0.1 * k, 1.0 - 0.2 * k] for k in range(8)], [0.3 * k for k in range(8)]
    states = []

    def train(moment: int, told: Callable[..., None] = lambda *_: None) -> tuple[int, bool, Any]:
        model, optimizer = nn.MLP(2, [2, 1], rng=1), nn.Adam(lr=0.1)
        history = nn.History()
        interrupted = False
        with Interrupted(moment) as counter:
            try:
                settings = {"loss": "mse", "epochs": 30 if replay else 2, "batch_size": 4, "replay": replay, "callbacks": [told]}
                nn.fit(model, points, labels, optimizer=optimizer, history=history, **settings)
            except KeyboardInterrupt:
                interrupted = True
        held = [memory.get("updates", 0.0) for memory in optimizer.memories()]
        return counter.count, interrupted or history.stopped is not None, ([p.data for p in model.parameters()], held)

    def note(epoch: int, model: nn.MLP, history: nn.History) -> None:
        states.append([p.data for p in model.parameters()])

    states.append([p.data for p in nn.MLP(2, [2, 1], rng=1).parameters()])
    train(0, note)
    moments, _, _ = train(0)
    signals = 0
    for moment in range(1, moments, moments // (least + 20)):
        _, stopped, (weights, held) = train(moment)
        signals += stopped
        assert weights in states
        assert set(held) <= {2.0 * states.index(weights)}, moment
    assert signals >= least


@pytest.mark.parametrize("block", [no_grad, detect_anomaly])
def test_control_c_leaves_no_mode_on(block: Callable[[], contextlib.AbstractContextManager[None]]) -> None:
    x = Value(2.0)

    def many() -> None:
        for _ in range(12):
            with block():
                x.tanh() * x

    many()
    with Interrupted(0) as counter:
        many()
    assert counter.count >= SIGNALS
    for moment in range(1, counter.count + 1):
        with pytest.raises(KeyboardInterrupt), Interrupted(moment):
            many()
        assert (x * x).op is mx.multiply
        assert not modes.checking()
    assert (modes.watching, len(modes._lines)) == ([], 0)


@pytest.mark.parametrize("transformed", [False, True])
def test_control_c_leaves_no_recording_on_and_the_collector_as_it_was(transformed: bool) -> None:
    w, data = Value(2.0), vars(Value)["data"]

    def record() -> None:
        f = mx.grad(lambda x: (w * x).tanh()) if transformed else lambda x: (w * x).tanh()
        mx.compile(f)(1.0)

    record()
    with Interrupted(0) as counter:
        record()
    for moment in range(1, counter.count - 20, max(1, counter.count // (SIGNALS + 20))):
        with pytest.raises(KeyboardInterrupt), Interrupted(moment):
            record()
        assert (observers.observers, observers.observer(), gc.isenabled()) == (0, None, True), moment
        assert vars(Value)["data"] is data, moment
        assert type(mx.grad(lambda x: x * x)(1.0)) is float, moment
        assert (w * w).op is mx.multiply


def test_a_control_c_that_comes_just_after_the_file_is_in_its_place_comes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.replace

    def replace(self: Path, target: Path) -> None:
        real(self, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "new.txt", b"whole")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("new.txt", b"whole")]


def test_what_a_killed_process_left_beside_a_file_goes_after_an_hour(tmp_path: Path) -> None:
    for name, age in (("old", 4000.0), ("young", 10.0)):
        left = tmp_path / f".microgradx.{name}"
        left.write_bytes(b"half")
        os.utime(left, (time.time() - age,) * 2)
    write_atomically(tmp_path / "new.txt", b"whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".microgradx.young", "new.txt"]


def test_the_judge_of_interrupts_sees_torn_work() -> None:
    weights = parameters(6)

    def one_by_one() -> None:
        for w in weights:
            w.data = 0.5

    with pytest.raises(AssertionError):
        interrupt((one_by_one, lambda: numbers(weights), put_back(weights)))
