"""By which heads, tokens, samples or neurons a gradient comes: attention written by hand and as modules, held to cut graphs."""

import math
import random
import re

import pytest

import microgradx as mx
from microgradx import Value, explain, nn, stepper
from microgradx.tables import columns as width_of
from microgradx.view.questions.paths import routes

TOKENS, WIDTH, HEADS = 3, 4, 2


def matrix(r, rows, columns):
    return [[Value(r.gauss(0, 0.6)) for _ in range(columns)] for _ in range(rows)]


def times(W, x):
    return [mx.dot(row, x) for row in W]


def attend(tokens, q, k, v, causal=True):
    """What one head makes of the tokens: each looks at itself and those before it."""
    queries, keys, values = ([project(x) for x in tokens] for project in (q, k, v))
    out = []
    for t, query in enumerate(queries):
        seen = range(t + 1 if causal else len(tokens))
        shares = mx.softmax([mx.dot(query, keys[u]) / len(query) ** 0.5 for u in seen])
        out.append([mx.dot(shares, [values[u][j] for u in seen]) for j in range(len(query))])
    return out


def by_hand(through=None):
    """(loss, variables) of a block of two heads; with `through` only that head or that token reaches the loss."""
    r = random.Random(0)
    X = matrix(r, TOKENS, WIDTH)
    Wq, Wk, Wv = ([matrix(r, WIDTH // HEADS, WIDTH) for _ in range(HEADS)] for _ in range(3))
    Wo = matrix(r, WIDTH, WIDTH)
    heads = [attend(X, *(lambda x, rows=W[h]: times(rows, x) for W in (Wq, Wk, Wv))) for h in range(HEADS)]
    kept = [
        [row if through in (None, ("heads", h), ("out", t)) else [v.detach() for v in row] for t, row in enumerate(head)]
        for h, head in enumerate(heads)
    ]
    out = [times(Wo, kept[0][t] + kept[1][t]) for t in range(TOKENS)]
    loss = mx.mean([y * y for row in out for y in row])
    return loss, {"loss": loss, "X": X, "Wq": Wq, "Wk": Wk, "Wv": Wv, "Wo": Wo, "heads": heads, "out": out}


class Head(nn.Module):
    def __init__(self, rng):
        self.q, self.k, self.v = (nn.Layer(WIDTH, WIDTH // HEADS, "linear", rng=rng + k) for k in range(3))

    def __call__(self, tokens):
        return attend(tokens, self.q, self.k, self.v)


class Block(nn.Module):
    def __init__(self, rng=0):
        self.heads = [Head(rng + 10 * k) for k in range(HEADS)]
        self.mix = nn.Layer(WIDTH, WIDTH, "linear", rng=rng + 99)

    def __call__(self, tokens, through=None):
        heads = [head(tokens) for head in self.heads]
        kept = [head if through in (None, h) else [[v.detach() for v in row] for row in head] for h, head in enumerate(heads)]
        return [self.mix([x for head in kept for x in head[t]]) for t in range(len(tokens))]


def of_modules(through=None):
    r = random.Random(5)
    X, block = matrix(r, TOKENS, WIDTH), Block()
    loss = mx.mean([y * y for row in block(X, through) for y in row])
    return loss, {"loss": loss, "X": X, "block": block}


def sums(found, how):
    """The numbers of the line that begins so, by what they stand behind."""
    line = next(line for line in found.groups if line.startswith(f"{how}: "))
    parts = line.partition(": ")[2].replace(" sends", "").split(", ")
    return {name: float(x) for name, _, x in (part.rpartition(" ") for part in parts)}


def agree(found, wanted):
    assert found.keys() == wanted.keys()
    for name, x in found.items():
        assert math.isclose(x, wanted[name], rel_tol=1e-3, abs_tol=1e-12), name


@pytest.mark.parametrize(("i", "j"), [(0, 1), (1, 3)])
def test_attention_by_hand_tells_what_comes_by_each_head_and_each_token(i, j):
    loss, names = by_hand()
    found = explain(loss, names["X"][i][j], 5, names)

    def only(*through):
        cut, others = by_hand(through)
        return stepper(cut).gradient(others["X"][i][j]) if others["X"][i][j] in stepper(cut).trace.adjoints else 0.0

    agree(sums(found, "through heads"), {f"heads[{h}]": only("heads", h) for h in range(HEADS)})
    agree(sums(found, "through out"), {f"out[{t}]": only("out", t) for t in range(i, TOKENS)})
    assert set(sums(found, "used with")) == {"Wq", "Wk", "Wv"}
    assert math.isclose(math.fsum(sums(found, "used with").values()), found.total, rel_tol=2e-3)


def test_without_names_for_what_is_between_heads_and_tokens_are_those_of_weights_and_inputs():
    loss, names = by_hand()
    known = {name: names[name] for name in ("loss", "X", "Wq", "Wk", "Wv", "Wo")}

    def told(key):
        return stepper(loss, names=known).explain(key)

    by_head = sums(told("X[0][1]"), "used with first index")
    agree({f"heads{index}": x for index, x in by_head.items()}, sums(explain(loss, "X[0][1]", 5, names), "through heads"))
    by_token = sums(told("Wv[0][1][1]"), "used with X")
    assert list(by_token) == ["X[0]", "X[1]", "X[2]"]
    assert math.isclose(math.fsum(by_token.values()), told("Wv[0][1][1]").total, rel_tol=2e-3)


@pytest.mark.parametrize("key", ["X[0][1]", "X[1][3]"])
def test_attention_of_modules_tells_heads(key):
    loss, names = of_modules()
    found = explain(loss, key, 5, names)

    def only(head):
        cut, others = of_modules(head)
        return stepper(cut, names=others).gradient(key)

    agree(sums(found, "used with heads"), {f"heads[{h}]": only(h) for h in range(HEADS)})


def test_a_weight_of_a_module_tells_the_tokens_it_was_used_with():
    loss, names = of_modules()
    for key in ("heads[0].q.neurons[0].w[1]", "heads[1].v.neurons[1].w[0]"):
        found = explain(loss, key, 5, names)
        assert set(sums(found, "used with X")) == {"X[0]", "X[1]", "X[2]"}
        assert math.isclose(math.fsum(sums(found, "used with X").values()), found.total, rel_tol=2e-3)


def test_what_goes_past_a_list_is_told_beside_it():
    x, gain = Value(1.5, "x"), [Value(-0.5), Value(0.25)]
    lanes = [mx.sum([x * g] * 3) for g in gain]
    loss = mx.sum([lane.tanh() for lane in lanes]) + x * 0.125
    found = explain(loss, x, 2, {"gain": gain, "lanes": lanes})
    slopes = [3.0 * g.data * (1.0 - math.tanh(4.5 * g.data) ** 2) for g in gain]
    agree(sums(found, "through lanes"), {"lanes[0]": slopes[0], "lanes[1]": slopes[1], "past them": 0.125})


def test_groups_whose_sums_overflow_are_left_out():
    x = Value(1.0, "x")
    lanes = [mx.sum([x * 1e200] * 3) * sign * 1e200 for sign in (1.0, -1.0)]
    found = explain((lanes[0] + lanes[1]) * 1e-250, x, 2, {"lanes": lanes})
    assert (found.total, found.live, found.groups) == (0.0, 6, ())
    neurons = [nn.Neuron(1, "linear", init=[[1e300]])]
    huge = mx.sum([neurons[0]([1e300 * (-1.0) ** k]) for k in range(8)])
    assert explain(huge, neurons[0].w[0]).groups[0].startswith("by sample: sample 7 sends -1e+300")


def test_a_neuron_of_the_layer_above_is_named_and_few_paths_need_no_groups():
    model = nn.MLP(2, [2, 6, 1], "tanh", rng=0)
    found = explain(model([0.5, -1.0]), "L0.n0.w[1]", 3)
    (line,) = found.groups
    assert re.match(r"through L1\.n: L1\.n\d sends [-+]", line)
    assert math.isclose(math.fsum(sums(found, "through L1.n").values()), found.total, rel_tol=1e-3)
    few = nn.MLP(2, [2, 2, 1], "tanh", rng=0)
    assert explain(few([0.5, -1.0]), "L0.n0.w[1]").groups == ()


def test_no_two_rows_of_an_attention_block_read_alike():
    for loss, names in (by_hand(), of_modules()):
        for node in [names["X"][0][1], *(node for node in stepper(loss).trace.order if node.op is None)][:40:8]:
            found = explain(loss, node, 60, names)
            rows = [line.split(None, 3)[3] for line in repr(found).splitlines() if re.match(r" *\d+ +[-+]", line)]
            assert len(rows) == len(set(rows)) == min(60, found.live)


@pytest.mark.parametrize(("room", "first"), [(36, "out[0][3] [left] > heads[0][0][1]"), (60, "loss > out[0][3] [left] > heads")])
def test_a_slim_terminal_leaves_out_the_ends_that_all_paths_share_and_cuts_no_name(room, first):
    loss, names = by_hand()
    paths = explain(loss, "X[0][1]", 50, names).paths
    rows = routes(paths, room)
    assert rows[0].startswith(first)
    assert len(set(rows)) == 50
    for path, row in zip(paths, rows, strict=True):
        assert width_of(row) <= room
        assert set(row.split(" > ")) <= {*path.names, "..."}, row
