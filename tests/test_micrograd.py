"""Code in the shapes that micrograd's readers write: it runs with only the import changed, to the same numbers."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from microgradx import draw, nn
from microgradx.micrograd import MLP, Layer, Module, Neuron, Value, draw_dot, trace


def test_the_expression_of_the_lecture() -> None:
    a = Value(2.0, label="a")
    b = Value(-3.0, label="b")
    c = Value(10.0, label="c")
    e = a * b
    e.label = "e"
    d = e + c
    d.label = "d"
    f = Value(-2.0, label="f")
    L = d * f
    L.label = "L"
    assert (L.data, d._prev, d._op, e._op, a._op, a._prev) == (-8.0, {e, c}, "+", "*", "", set())
    L.backward()
    assert [x.grad for x in (a, b, c, d, e, f, L)] == [6.0, -4.0, -2.0, -2.0, -2.0, 4.0, 1.0]
    for x in (a, b, c, f):
        x.data += 0.01 * x.grad
    e = a * b
    d = e + c
    L = d * f
    assert L.data == pytest.approx(-7.286496, rel=1e-12)


def test_the_signs_of_operations() -> None:
    x = Value(3.0)
    nodes = [x + 1, x - 1, 2 * x, x / 2, -x, x**2, x**-1, 2**x, x.relu(), x.tanh(), x.exp(), x.log()]
    assert [y._op for y in nodes] == ["+", "-", "*", "/", "-", "**2", "**-1", "**", "ReLU", "tanh", "exp", "log"]


def test_a_neuron_whose_backward_pass_is_called_by_hand_node_after_node() -> None:
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")
    x1w1, x2w2 = x1 * w1, x2 * w2
    both = x1w1 + x2w2
    n = both + b
    o = n.tanh()
    o.grad = 1.0
    for node in (o, n, both, x1w1, x2w2, b):
        node._backward()
    assert [x.grad for x in (x1, w1, x2, w2)] == pytest.approx([-1.5, 1.0, 0.5, 0.0], rel=1e-12)
    by_hand = [x.grad for x in (x1, w1, x2, w2, b, n)]
    for x in (x1, w1, x2, w2, b):
        x.grad = 0.0
    o.backward()
    assert [x.grad for x in (x1, w1, x2, w2, b, n)] == by_hand


def test_a_topological_order_of_ones_own_with_backward_by_hand() -> None:
    a, b = Value(2.0), Value(-0.5)
    y = (a * b + a).tanh() * b + a * a

    topo, visited = [], set()

    def build_topo(v: Any) -> None:
        if v not in visited:
            visited.add(v)
            for child in v._prev:
                build_topo(child)
            topo.append(v)

    build_topo(y)
    y.grad = 1.0
    for node in reversed(topo):
        node._backward()
    by_hand = (a.grad, b.grad)
    a.grad = b.grad = 0.0
    y.backward()
    assert (a.grad, b.grad) == pytest.approx(by_hand, rel=1e-14)


def test_the_training_loop_of_the_lecture() -> None:
    random.seed(1337)
    model = MLP(3, [4, 4, 1])
    assert len(model.parameters()) == 41
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    ys = [1.0, -1.0, -1.0, 1.0]
    losses = []
    for _ in range(150):
        ypred = [model(x) for x in xs]
        loss = sum((yout - ygt) ** 2 for ygt, yout in zip(ys, ypred, strict=True))
        for p in model.parameters():
            p.grad = 0.0
        loss.backward()
        for p in model.parameters():
            p.data += -0.02 * p.grad
        losses.append(loss.data)
    assert losses[-1] < 0.05 < losses[0]


def test_weights_are_those_that_random_seed_promises() -> None:
    random.seed(1337)
    drawn = [random.uniform(-1, 1) for _ in range(2 * 3 + 3)]
    random.seed(1337)
    model = MLP(2, [3, 1])
    assert [w.data for layer in model.layers for n in layer.neurons for w in n.w] == drawn
    assert [n.b.data for layer in model.layers for n in layer.neurons] == [0.0] * 4
    random.seed(1337)
    again = nn.MLP(2, [3, 1])
    assert [w.data for layer in again.layers for n in layer.neurons for w in n.w] == drawn


def test_neurons_and_layers_are_made_and_answer_as_there() -> None:
    assert repr(Neuron(2)) == "ReLUNeuron(2)"
    assert repr(Neuron(2, nonlin=False)) == repr(Neuron(2, False)) == "LinearNeuron(2)"
    assert isinstance(Layer(3, 1)([1.0, 2.0, 3.0]), Value)
    assert len(Layer(3, 2, nonlin=False)([1.0, 2.0, 3.0])) == 2
    assert repr(MLP(1, [2, 1])) == "MLP of [Layer of [ReLUNeuron(1), ReLUNeuron(1)], Layer of [LinearNeuron(2)]]"
    assert [n.nonlin for layer in MLP(1, [2, 1]).layers for n in layer.neurons] == [True, True, False]
    assert len(MLP(2, [3, 2])([1.0, 2.0])) == 2
    assert isinstance(MLP(2, [1, 1, 2]).layers[0]([1.0, 2.0]), Value)
    assert MLP(2, [3, 1]).architecture() == nn.MLP(2, [3, 1]).architecture()
    assert [name for name, _ in MLP(2, [3, 1]).named_parameters()][3] == "layers[0].neurons[1].w[0]"


def test_xor_with_a_module_of_ones_own() -> None:
    class Net(Module):
        def __init__(self) -> None:
            self.hidden = [Neuron(2, nonlin=False) for _ in range(4)]
            self.out = Neuron(4, nonlin=False)

        def __call__(self, x: Any) -> Any:
            return self.out([neuron(x).tanh() for neuron in self.hidden])

        def parameters(self) -> Any:
            return [p for neuron in [*self.hidden, self.out] for p in neuron.parameters()]

    random.seed(7)
    net = Net()
    data = [([0.0, 0.0], -1.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], -1.0)]
    for _ in range(150):
        loss = sum(((net(x) - y) ** 2 for x, y in data), Value(0.0)) * (1.0 / len(data))
        net.zero_grad()
        loss.backward()
        for p in net.parameters():
            p.data -= 0.3 * p.grad
    assert [math.copysign(1.0, net(x).data) for x, _ in data] == [y for _, y in data]


def test_a_max_margin_classifier_with_accuracy() -> None:
    random.seed(1337)
    X, y = nn.data.moons(20)
    y = y * 2 - 1
    model = MLP(2, [8, 8, 1])
    for k in range(40):
        inputs = [list(map(Value, xrow)) for xrow in X]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        reg_loss = 1e-4 * sum(p * p for p in model.parameters())
        total_loss = data_loss + reg_loss
        accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(y, scores, strict=True)]
        model.zero_grad()
        total_loss.backward()
        learning_rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= learning_rate * p.grad
    assert sum(accuracy) / len(accuracy) >= 0.85
    assert total_loss.data < 0.45


def softmax(logits: Any) -> Any:
    largest = max(v.data for v in logits)
    exps = [(v - largest).exp() for v in logits]
    total = sum(exps)
    return [e / total for e in exps]


def test_a_softmax_classifier() -> None:
    random.seed(42)
    X, y = nn.data.spirals(18, noise=0.0, classes=3, turns=0.2)
    model = MLP(2, [6, 3])
    for _ in range(60):
        losses = [-softmax(model(x))[label].log() for x, label in zip(X.tolist(), y.tolist(), strict=True)]
        loss = sum(losses) / len(losses)
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.5 * p.grad
    assert loss.data < 0.35


def test_a_gpt_in_one_file_with_adam_by_hand() -> None:
    random.seed(42)
    docs = ["anna", "nan", "ann", "na", "an"]
    chars = sorted(set("".join(docs)))
    stop, size, width, heads = len(chars), len(chars) + 1, 4, 2

    def matrix(rows: int, columns: int) -> Any:
        return [[Value(random.gauss(0, 0.3)) for _ in range(columns)] for _ in range(rows)]

    state = {"wte": matrix(size, width), "wpe": matrix(5, width), "out": matrix(size, width)}
    state |= {name: matrix(width, width) for name in ("q", "k", "v", "o")} | {"up": matrix(8, width), "down": matrix(width, 8)}
    params = [p for m in state.values() for row in m for p in row]

    def linear(x: Any, w: Any) -> Any:
        return [sum(wi * xi for wi, xi in zip(row, x, strict=True)) for row in w]

    def rmsnorm(x: Any) -> Any:
        scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
        return [xi * scale for xi in x]

    def gpt(token: int, pos: int, keys: Any, values: Any) -> Any:
        x = rmsnorm([t + p for t, p in zip(state["wte"][token], state["wpe"][pos], strict=True)])
        residual, x = x, rmsnorm(x)
        q = linear(x, state["q"])
        keys.append(linear(x, state["k"]))
        values.append(linear(x, state["v"]))
        joined: Any = []
        for h in range(heads):
            at = slice(h * 2, h * 2 + 2)
            scores = softmax([sum(a * b for a, b in zip(q[at], k[at], strict=True)) / 2**0.5 for k in keys])
            joined += [sum(s * v[at][j] for s, v in zip(scores, values, strict=True)) for j in range(2)]
        x = [a + b for a, b in zip(linear(joined, state["o"]), residual, strict=True)]
        hidden = [xi.relu() ** 2 for xi in linear(rmsnorm(x), state["up"])]
        return linear([a + b for a, b in zip(linear(hidden, state["down"]), x, strict=True)], state["out"])

    m, v = [0.0] * len(params), [0.0] * len(params)
    losses = []
    for step in range(40):
        tokens = [stop] + [chars.index(c) for c in docs[step % len(docs)]] + [stop]
        keys: Any = []
        values: Any = []
        loss = Value(0.0)
        for pos in range(len(tokens) - 1):
            probs = softmax(gpt(tokens[pos], pos, keys, values))
            loss = loss + -probs[tokens[pos + 1]].log()
        loss = (1 / (len(tokens) - 1)) * loss
        loss.backward()
        for i, p in enumerate(params):
            slope = p.grad if p.reached else 0.0
            m[i] = 0.9 * m[i] + 0.1 * slope
            v[i] = 0.99 * v[i] + 0.01 * slope**2
            p.data -= 0.03 * (m[i] / (1 - 0.9 ** (step + 1))) / ((v[i] / (1 - 0.99 ** (step + 1))) ** 0.5 + 1e-8)
            p.grad = 0
        losses.append(loss.data)
    assert sum(losses[-5:]) / 5 < 0.8 < losses[0]


def test_the_picture_shows_grad_as_it_stands() -> None:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    L = a * b
    L.label = "L"
    assert draw_dot(L).source.count("grad 0") == 3
    L.backward()
    L.backward()
    source = draw_dot(L, format="png", rankdir="TB").source
    assert [f"grad {x}" in source for x in (-6, 4, 1)] == [True, True, True]
    assert "rankdir=TB" in source
    assert draw_dot(L, format="png").format == "png"
    assert "grad -3" in draw(L).source  # a pass of its own
    with pytest.raises(ValueError, match=r"rankdir='up': write 'LR' for left to right or 'TB'"):
        draw_dot(L, rankdir="up")


def test_trace_gives_nodes_and_edges() -> None:
    a = Value(2.0)
    b = a * a + 1.0
    nodes, edges = trace(b)
    assert (len(nodes), len(edges)) == (3, 2)
    assert all((child in parent._prev) for child, parent in edges)


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda a: Value(2.0, (a,), "tanh"), TypeError, r"got \(Value\(.*\), 'tanh' too: .*microgradx\.primitive\("),
        (lambda a: Value(2.0, (a,)), TypeError, r"made of a number and a label, and got .*microgradx\.primitive\("),
        (lambda a: Value(2.0, _children=(a,), _op="tanh"), TypeError, r"_children=.*_op='tanh' too: .*primitive\("),
        (lambda a: setattr(a, "_backward", lambda: None), TypeError, r"_backward cannot be assigned: .*primitive\("),
        (lambda a: a._children, AttributeError, r"no attribute '_children': y\.parents are what y was made from"),
        (lambda a: a._grad_fn, AttributeError, r"y\.op\.name is the operation that made y"),
        (lambda a: a._local_grads, AttributeError, r"microgradx\.stepper\(y\) shows every local derivative"),
        (lambda a: a._topo, AttributeError, r"microgradx\.topological_order\(y\)"),
        (lambda a: a._draw_dot, AttributeError, r"microgradx\.draw\(y\)"),
        (lambda a: a._zero_grad, AttributeError, r"optimizer\.zero_grad\(\)"),
        (lambda a: a.color, AttributeError, "color"),
    ],
)
def test_what_has_no_place_here_says_what_to_write(attempt: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        attempt(Value(1.0, label="a"))


def test_names_that_refuse_are_attributes_that_are_not_there() -> None:
    assert not hasattr(Value(1.0), "_children")
    assert getattr(Value(1.0), "_local_grads", None) is None
