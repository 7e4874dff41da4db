"""Whose part a value is: places of parameters and outputs, told apart by the objects that hold them."""

from __future__ import annotations

import contextvars
import copy
import gc
import pickle
import re
import subprocess
import sys
import threading
from typing import Any

import pytest

import microgradx as mx
from microgradx import Value, draw, layers, nn, no_grad, stepper, topological_order
from microgradx.owners import Owners
from microgradx.parts import walk
from microgradx.places import call_of, name_of, place_of

X = [1.0, 0.5]


class Net(nn.Module):
    """A layer and a neuron."""

    def __init__(self) -> None:
        self.hidden, self.last = nn.Layer(2, 3, "tanh", rng=1), nn.Neuron(3, "linear", rng=2)

    def __call__(self, x: Any) -> Any:
        return self.last(self.hidden(x))


class Residual(nn.Module):
    """x + layer(x)."""

    def __init__(self, seed: int) -> None:
        self.layer = nn.Layer(2, 2, "tanh", rng=seed)

    def __call__(self, x: Any) -> Any:
        return [a + b for a, b in zip(x, self.layer(x), strict=True)]


class Blocks(nn.Module):
    """A list of blocks."""

    def __init__(self) -> None:
        self.blocks = [Residual(k) for k in range(3)]
        self.head = nn.Neuron(2, "linear", rng=4)

    def __call__(self, x: Any) -> Any:
        for block in self.blocks:
            x = block(x)
        return self.head(x)


class Named(nn.Module):
    """Modules in a dict."""

    def __init__(self) -> None:
        self.parts = {"in": nn.Layer(2, 2, "tanh", rng=1), "out": nn.Neuron(2, "linear", rng=2)}

    def __call__(self, x: Any) -> Any:
        return self.parts["out"](self.parts["in"](x))


class Pair(nn.Module):
    """Two sub-networks."""

    def __init__(self) -> None:
        self.a, self.b = nn.MLP(2, [2, 1], rng=1), nn.MLP(2, [2, 1], rng=2)

    def __call__(self, x: Any) -> Any:
        return self.a(x) - self.b(x)


class Twice(nn.Module):
    """One module used twice."""

    def __init__(self) -> None:
        self.same = nn.Layer(2, 2, "tanh", rng=1)
        self.scale = Value(2.0)

    def __call__(self, x: Any) -> Any:
        first, second = self.same(self.same(x))
        return self.scale * first + second


class Wrapper(nn.Module):
    """A module that was built, and called, before."""

    def __init__(self) -> None:
        inner = nn.MLP(2, [3, 1], rng=0)
        inner(X)
        self.inner, self.gain = inner, Value(3.0)

    def __call__(self, x: Any) -> Any:
        return self.gain * self.inner(x)


class Linear(nn.Module):
    """A dense layer of a user's own, without neurons."""

    def __init__(self, inputs: int, outputs: int) -> None:
        self.W = [[Value(0.1 * (i + 2 * j) - 0.2) for i in range(inputs)] for j in range(outputs)]
        self.b = [Value(0.0) for _ in range(outputs)]

    def __call__(self, x: Any) -> list[Any]:
        return [(mx.dot(row, x) + b).tanh() for row, b in zip(self.W, self.b, strict=True)]


class Recurrent(nn.Module):
    """A cell used at every step."""

    def __init__(self) -> None:
        self.cell, self.out = Linear(3, 2), nn.Neuron(2, "linear", rng=3)

    def __call__(self, x: Any) -> Any:
        h = [0.0, 0.0]
        for number in [*x, *x, *x]:
            h = self.cell([number, *h])
        return self.out(h)


class Sequential(nn.Module):
    """One after another, some without parameters."""

    def __init__(self) -> None:
        self.layers = [Linear(2, 3), lambda x: [v.tanh() for v in x], Linear(3, 2), Linear(2, 1)]

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x[0]


KINDS: dict[str, Any] = {
    "mlp": lambda: nn.MLP(2, [4, 3, 1], rng=0),
    **{kind.__name__: kind for kind in (Net, Blocks, Named, Pair, Twice, Wrapper, Recurrent, Sequential)},
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_rows_of_layers_add_up_to_every_parameter(kind: str) -> None:
    model = KINDS[kind]()
    out = model(X)
    out.backward()
    for table in (layers(out), layers(model)):
        assert sum(row.parameters for row in table.rows) == len(model.parameters())
        assert len({row.name for row in table.rows}) == len(table.rows)
    assert layers(out).samples == 1
    assert {row.name: row.neurons for row in layers(out).rows} == {row.name: row.neurons for row in layers(model).rows}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("mlp", ["L2", "L1", "L0"]),
        ("Net", ["last", "hidden"]),
        ("Blocks", ["head", "blocks[2].layer", "blocks[1].layer", "blocks[0].layer"]),
        ("Named", ['parts["out"]', 'parts["in"]']),
        ("Pair", ["b.L1", "b.L0", "a.L1", "a.L0"]),
        ("Twice", ["same", "Twice"]),
        ("Wrapper", ["inner.L1", "inner.L0", "Wrapper"]),
        ("Recurrent", ["out", "cell"]),
        ("Sequential", ["L3", "L2", "L0"]),
    ],
)
def test_a_module_of_ones_own_is_a_layer_as_any_other(kind: str, names: list[str]) -> None:
    assert sorted(row.name for row in layers(KINDS[kind]()(X)).rows) == sorted(names)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_module_is_drawn_stepped_and_saved_without_a_second_edit(kind: str, tmp_path: Any) -> None:
    model = KINDS[kind]()
    loss = mx.sum([(model([0.1 * k, 1.0]) - 1.0) ** 2 for k in range(3)])
    loss.backward()
    for detail in ("neurons", "layers", "model"):
        cards = draw(loss, detail=detail).source
        assert "[" in cards
    assert "input" not in {line.split("\\n")[0] for line in re.findall(r'label="([^"]*)"', draw(loss, detail="neurons").source)}
    by_layer = {step.name for step in stepper(loss, by="layer")}
    assert {row.name for row in layers(loss).rows} - by_layer <= {type(model).__name__}
    assert len(list(stepper(loss, by="neuron"))) < len(list(stepper(loss)))
    nn.save(model, tmp_path / "model.json")
    other = KINDS[kind]()
    for parameter in other.parameters():
        parameter.data = 0.0
    nn.load(tmp_path / "model.json", into=other)
    assert [p.data for p in other.parameters()] == [p.data for p in model.parameters()]


def two() -> tuple[Any, Any, Value]:
    gen, disc = nn.MLP(1, [4, 1], rng=1), nn.MLP(1, [4, 1], rng=2)
    losses = [-(disc([gen([k / 6])]).sigmoid().log()) for k in range(6)]
    return gen, disc, mx.sum(losses)


def test_two_networks_are_two_in_every_table_and_picture() -> None:
    gen, disc, loss = two()
    table = layers(loss)
    assert [row.name for row in table.rows] == ["disc.L1", "disc.L0", "gen.L1", "gen.L0"]
    assert [row.neurons for row in table.rows] == [1, 4, 1, 4]
    assert [line.split()[0] for line in repr(table).splitlines()[1:5]] == ["disc.L1", "disc.L0", "gen.L1", "gen.L0"]
    assert table.samples == 6
    titles = {label.split("\\n")[0] for label in re.findall(r' label="([^"]*)"', draw(loss, detail="neurons").source)}
    assert {f"{name}.L0.n{k} x6" for name in ("gen", "disc") for k in range(4)} <= titles
    titles = {label.split("\\n")[0] for label in re.findall(r' label="([^"]*)"', draw(loss, detail="model").source)}
    assert {"gen x6", "disc x6"} <= titles
    names = {step.name for step in stepper(loss, by="layer")}
    assert {"gen.L0", "gen.L1", "disc.L0", "disc.L1"} <= names
    assert {"gen.L0.n3.w[0]", "disc.L0.n3.w[0]"} <= set(draw_names(loss, gen, disc))


class Cell(nn.Module):
    def __init__(self, wide: str) -> None:
        setattr(self, wide, nn.Sequential(nn.Layer(1, 2, "tanh", rng=0), nn.Layer(2, 1, "tanh", rng=1)))

    def __call__(self, x: Any) -> Any:
        (part,) = [part for part in vars(self).values() if isinstance(part, nn.Sequential)]
        return part([part([x])])


@pytest.mark.parametrize(("x", "wide"), [(0.5, "recurrent_cell_of_all_gates"), (0.0, "recurrent_cell")])
def test_the_table_of_layers_cuts_no_name_while_its_columns_can_be_narrower(x: float, wide: str) -> None:
    text = repr(layers(Cell(wide)(x)))
    assert [line.split()[0] for line in text.splitlines()[1:3]] == [f"{wide}.L1", f"{wide}.L0"]
    assert max(map(len, text.splitlines())) <= 80
    assert ("zero = own + input + other" in text) is (x == 0.0)


def draw_names(loss: Value, gen: Any, disc: Any) -> list[str]:
    return list(stepper(loss).shared.names.values())


def test_a_dead_layer_of_one_network_is_not_hidden_by_the_other() -> None:
    a, b = nn.MLP(1, [2, 1], rng=0), nn.MLP(1, [2, 1], rng=1)
    for neuron in b.layers[0].neurons:
        neuron.b.data = -50.0
    for neuron in a.layers[0].neurons:
        neuron.b.data = 5.0
    table = layers(b([1.0]) + a([1.0]))
    assert {row.name: (row.neurons, row.off) for row in table.rows if row.name.endswith("L0")} == {
        "a.L0": (2, 0), "b.L0": (2, 2),
    }  # fmt: skip
    assert table.samples == 1


def test_a_part_that_two_networks_have_must_be_named_with_the_network() -> None:
    gen, disc, loss = two()
    assert gen is not disc
    with pytest.raises(ValueError, match=r"several modules are called 'L0.n0': write 'disc.L0.n0' or 'gen.L0.n0'"):
        draw(loss, module="L0.n0")
    assert "Showing only gen.L0.n0 and its inputs." in draw(loss, module="gen.L0.n0").summary
    assert "Showing only gen and its inputs." in draw(loss, module="gen").summary


def test_networks_without_a_variable_are_told_apart_by_number() -> None:
    def build() -> Value:
        return nn.MLP(1, [2, 1], rng=0)([1.0]) + nn.MLP(1, [2, 1], rng=1)([1.0])

    assert {row.name for row in layers(build()).rows} == {f"{name}.L{k}" for name in ("MLP", "MLP#1") for k in (0, 1)}


def test_networks_in_a_list_and_in_a_module_are_called_by_where_they_are() -> None:
    nets = [nn.MLP(1, [1], rng=k) for k in range(2)]
    assert [row.name for row in layers(nets[0]([1.0]) + nets[1]([1.0])).rows] == ["nets[1].L0", "nets[0].L0"]
    pair = Pair()
    assert [row.name for row in layers(pair.a(X) + pair.b(X)).rows][-1] == "pair.a.L0"


def test_uses_are_told_from_samples() -> None:
    model = Recurrent()
    loss = mx.sum([model(X) for _ in range(4)])
    table = layers(loss)
    assert table.samples == 4
    assert {row.name: row.uses for row in table.rows} == {"out": 1, "cell": 6}
    assert re.search(r"^cell +2 +6 ", repr(table), re.MULTILINE)
    assert "uses" not in repr(layers(nn.MLP(1, [1], rng=0)([1.0])))
    titles = {label.split("\\n")[0] for label in re.findall(r' label="([^"]*)"', draw(loss, detail="neurons").source)}
    assert {"cell[0], 6 uses x4", "cell[1], 6 uses x4", "out x4"} <= titles


def test_a_table_of_rows_gives_a_sample_for_each_row() -> None:
    assert layers(mx.sum(nn.MLP(2, [2, 1], rng=0)([X, X, X]))).samples == 3


def test_a_place_neither_keeps_its_model_alive_nor_needs_it_alive() -> None:
    gc.collect()
    gc.disable()
    try:
        pair = Pair()
        out = pair(X)
        seen = place_of(pair.parameters()[0]).root.seen
        assert seen() is pair
        del pair
        assert seen() is None
        out.backward()
        assert [row.name for row in layers(out).rows] == ["b.L1", "b.L0", "a.L1", "a.L0"]
        assert sum(row.parameters for row in layers(Pair()(X)).rows) == 18
        nodes = topological_order(out)
        held = mx.Value(0.0)
        assert len(nodes) == len(set(nodes) - {held})
    finally:
        gc.enable()


def test_a_model_and_its_graph_leave_no_garbage() -> None:
    gc.collect()
    gc.disable()
    try:
        model = Recurrent()
        layers(model(X))
        model.parameters()
        before = gc.get_count()
        del model
        assert gc.collect() == 0, before
    finally:
        gc.enable()


def test_nothing_runs_in_python_when_a_value_dies() -> None:
    model = nn.MLP(2, [4, 1], rng=0)
    called: list[str] = []
    out = model(X)
    sys.setprofile(lambda frame, event, _: called.append(frame.f_code.co_name) if event == "call" else None)
    try:
        del out
    finally:
        sys.setprofile(None)
    assert called == []


def test_a_graph_written_by_hand_pays_nothing() -> None:
    x = Value(2.0)
    y = x * x + 1.0
    assert (x._mark, y._mark) == (None, None)
    assert [name_of(v) for v in (x, y)] == [None, None]
    assert Owners(topological_order(y)).roots == []


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_of_models_and_graphs_keep_places(copied: Any) -> None:
    model = Recurrent()
    loss = model(X) + model(X)
    twin, again = copied((model, loss))
    assert [place_of(p).written for p in twin.parameters()] == [place_of(p).written for p in model.parameters()]
    assert place_of(twin.parameters()[0]).root is not place_of(model.parameters()[0]).root
    alone = copied(loss)
    for graph in (again, alone, again + twin(X)):
        table = layers(graph)
        assert {row.name: (row.parameters, row.uses) for row in table.rows} == {"out": (3, 1), "cell": (8, 6)}
    assert (layers(again).samples, layers(again + twin(X)).samples) == (2, 3)
    assert {row.name for row in layers(loss + again).rows} == {"model.cell", "model.out", "twin.cell", "twin.out"}


def test_a_shallow_copy_is_a_model_of_its_own_on_the_same_parts() -> None:
    model = Net()
    model(X)
    other = copy.copy(model)
    out = other(X)
    assert place_of(out).root.seen() is other
    assert place_of(model(X)).root.seen() is model


def test_a_part_of_two_models_belongs_to_the_one_whose_call_made_the_value() -> None:
    shared = nn.Layer(2, 2, "tanh", rng=0)

    class Head(nn.Module):
        def __init__(self) -> None:
            self.body, self.top = shared, nn.Neuron(2, "linear", rng=1)

        def __call__(self, x: Any) -> Any:
            return self.top(self.body(x))

    first, second = Head(), Head()
    one, two = first(X), second(X)
    again = first(X)
    for out in (one, two, again):
        assert {row.name: row.parameters for row in layers(out).rows} == {"top": 3, "body": 6}
    assert {row.name: row.parameters for row in layers(one + two).rows} == {
        "first.top": 3, "first.body": 6, "second.top": 3,
    }  # fmt: skip


def test_a_module_that_is_moved_or_added_later_is_found_where_it_is() -> None:
    net = Blocks()
    net(X)
    net.blocks.append(Residual(9))
    assert "blocks[3].layer" in {row.name for row in layers(net(X)).rows}
    out = net(X)
    net.more, net.blocks = net.blocks, []
    assert {row.name for row in layers(out).rows} == {"head", *(f"more[{k}].layer" for k in range(4))}
    net.head.b = Value(7.0)
    assert place_of(net.parameters()[-1]).written.endswith("b")


def test_parts_are_told_apart_in_every_thread_and_task() -> None:
    model = Net()
    found: list[Any] = []

    def run() -> None:
        found.append(call_of(model(X)))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    contextvars.copy_context().run(run)
    assert len(set(found)) == 5


def test_what_super_gives_inside_is_not_another_output() -> None:
    class Gated(nn.Neuron):
        def __call__(self, x: Any) -> Any:
            return super().__call__(x) * 2.0

    class Holder(nn.Module):
        def __init__(self) -> None:
            self.gates = [Gated(2, rng=k) for k in range(2)]

        def __call__(self, *, x: Any) -> Any:
            return mx.sum([gate(x) for gate in self.gates])

    out = Holder()(x=X)
    marked = [node for node in topological_order(out) if node.op and place_of(node)]
    assert [place_of(node).written for node in marked] == ["gates[0]", "gates[1]", ""]
    assert {node.op.name for node in marked} == {"multiply", "sum"}


def test_a_model_that_raises_leaves_the_next_call_a_sample_of_its_own() -> None:
    model = Net()
    with pytest.raises(ValueError, match="got 1 inputs"):
        model([1.0])
    other = nn.Neuron(2, rng=0)
    assert place_of(other(X)).root.seen() is other


def test_a_module_that_is_no_part_of_the_running_model_is_a_model_itself() -> None:
    helper = nn.Neuron(2, "tanh", rng=5)

    class Uses(nn.Module):
        def __init__(self) -> None:
            self.w = Value(2.0)

        def __call__(self, x: Any) -> Any:
            return self.w * helper(x)

    uses = Uses()
    assert {row.name for row in layers(uses(X)).rows} == {"uses", "helper"}


def test_leaves_of_no_grad_are_nobodys() -> None:
    model = Net()
    with no_grad():
        out = model(X)
    assert (out.op, place_of(out)) == (None, None)


def test_a_cycle_of_modules_can_be_called() -> None:
    net = Net()
    net.hidden.parent = net
    assert [row.name for row in layers(net(X)).rows] == ["last", "hidden"]


def test_the_walk_gives_the_parameters_in_the_order_of_named_parameters() -> None:
    for kind in KINDS.values():
        model = kind()
        assert [place.written for place in walk(model).parameters.values()] == [name for name, _ in model.named_parameters()]


def test_a_file_saved_when_labels_were_paths_still_loads(tmp_path: Any) -> None:
    model = nn.MLP(2, [2, 1], rng=3)
    nn.save(model, tmp_path / "m.json")
    assert '"layers[0].neurons[0].w[0]"' in (tmp_path / "m.json").read_text()
    again = nn.load(tmp_path / "m.json")
    assert (again(X).data, [p.label for p in again.parameters()]) == (model(X).data, [None] * 9)


def test_the_same_program_writes_the_same_names_in_every_process() -> None:
    program = (
        "from microgradx import nn, layers\na, b = nn.MLP(1, [2, 1], rng=1), nn.MLP(1, [2, 1], rng=2)\n"
        "print(layers(a([1.0]) * b([2.0])))"
    )
    texts = {subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert len(texts) == 1
