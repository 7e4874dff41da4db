"""Graphs without modules as stages: values made alike stand in one table, along axes that names and operands tell."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import microgradx as mx
from microgradx import Value
from microgradx.order import topological_order
from microgradx.view.stages.stages import Stages
from microgradx.view.words.names import displayed, name_nodes

TOKENS, WIDTH, HEADS = 4, 3, 2


def of(output, names=None):
    order = topological_order(output)
    return Stages(order, displayed(name_nodes(order, names or {})))


def told(found):
    return {stage.name: stage.formula for stage in found.stages if not stage.is_input}


def sizes(stage):
    return [len(axis.labels) for axis in stage.axes]


def matrix(r, rows, columns):
    return [[Value(r.gauss(0, 0.6)) for _ in range(columns)] for _ in range(rows)]


def product(W, x):
    return [sum(w * a for w, a in zip(row, x, strict=True)) for row in W]


def attention(causal=False, keep=("q", "k", "v", "scores", "exps", "shares")):
    """(loss, variables) of a block written by hand; the lists of the last head are kept, as a loop leaves them behind."""
    r = random.Random(1)
    X, Wo = matrix(r, TOKENS, WIDTH), matrix(r, WIDTH, HEADS * WIDTH)
    Wq, Wk, Wv = ([matrix(r, WIDTH, WIDTH) for _ in range(HEADS)] for _ in range(3))
    heads = []
    for h in range(HEADS):
        q, k, v = ([product(W[h], x) for x in X] for W in (Wq, Wk, Wv))
        seen = [range(t + 1 if causal else TOKENS) for t in range(TOKENS)]
        scores = [[sum(a * b for a, b in zip(q[t], k[u], strict=True)) / 3**0.5 for u in seen[t]] for t in range(TOKENS)]
        exps = [[score.exp() for score in row] for row in scores]
        shares = [[e / total for e in row] for row in exps for total in [sum(row)]]
        heads.append([[sum(shares[t][u] * v[u][i] for u in seen[t]) for i in range(WIDTH)] for t in range(TOKENS)])
    out = [product(Wo, heads[0][t] + heads[1][t]) for t in range(TOKENS)]
    loss = sum(o * o for row in out for o in row) / (TOKENS * WIDTH)
    last = {name: thing for name, thing in locals().items() if name in keep}
    return loss, {"loss": loss, "X": X, "Wq": Wq, "Wk": Wk, "Wv": Wv, "Wo": Wo, "heads": heads, "out": out, **last}


def test_attention_written_by_hand_reads_as_its_formulas():
    assert told(of(*attention())) == {
        "q": "sum(Wq*X)",
        "k": "sum(Wk*X)",
        "scores": "sum(q*k)/1.732",
        "exps": "exp(scores)",
        "sum(exps)": "",
        "shares": "exps/sum(exps)",
        "v": "sum(Wv*X)",
        "heads": "sum(shares*v)",
        "out": "sum(Wo*heads)",
        "loss": "sum(out*out)/12",
    }


def test_heads_and_tokens_are_axes_whether_their_lists_are_kept_or_not():
    for keep in ("q", "k", "v", "scores", "exps", "shares"), ():
        by_made = {stage.formula or stage.name: stage for stage in of(*attention(keep=keep)).stages}
        queries = by_made["sum(Wq*X)"]
        assert {len(axis.labels) for axis in queries.axes} == {HEADS, TOKENS, WIDTH}
        assert queries.axes[0].labels == ["Wq[0]", "Wq[1]"]
        shares = by_made["exps/sum(exps)" if keep else "exp/sum(exp)"]
        assert [axis.labels for axis in shares.axes] == [["Wq[0]", "Wq[1]"], *[[f"X[{t}]" for t in range(TOKENS)]] * 2]
        assert sizes(by_made["sum(Wo*heads)"]) == [TOKENS, WIDTH]


def test_sums_of_different_length_are_made_alike():
    loss, names = attention(causal=True)
    found = of(loss, names)
    scores = next(stage for stage in found.stages if stage.name == "scores")
    assert len(scores.units) == HEADS * TOKENS * (TOKENS + 1) // 2
    assert sizes(scores) == [HEADS, TOKENS, TOKENS]
    assert told(found)["heads"] == "sum(shares*v)"


def test_an_axis_that_another_one_tells_is_left_out():
    letter, place = [Value(0.1 * k) for k in range(2)], [Value(0.3 * k) for k in range(5)]
    made = [(letter[k % 2] + p).tanh() for k, p in enumerate(place)]
    total = mx.sum([x * x for x in made] + [x.exp() for x in made])
    (stage,) = (stage for stage in of(total, {"letter": letter, "place": place}).stages if len(stage.made_from) == 2)
    assert [axis.labels for axis in stage.axes] == [[f"place[{k}]" for k in range(5)]]


@pytest.mark.parametrize("keep", [("q", "k", "v", "scores", "exps", "shares"), ()])
def test_a_sum_of_a_single_term_is_made_as_those_of_many(keep):
    loss, names = attention(causal=True, keep=keep)
    stages = [stage for stage in of(loss, names).stages if not stage.is_input]
    assert [len(stage.units) for stage in stages if "heads" in stage.name] == [HEADS * TOKENS * WIDTH]
    assert len(stages) == (10 if keep else 9)  # what is not kept of scores is part of their exp


def test_values_stand_where_their_list_has_them():
    loss, names = attention()
    out = next(stage for stage in of(loss, names).stages if stage.name == "out")
    for t, row in enumerate(names["out"]):
        for i, value in enumerate(row):
            assert [axis.of[value] for axis in out.axes] == [t, i]


def recurrence(rounds=12, units=3, start=False):
    W = [[Value(0.3 * math.sin(3.0 * i + j)) for j in range(units)] for i in range(units)]
    U = [Value(0.5 - 0.3 * i) for i in range(units)]
    h0 = h = [Value(0.1 * k) for k in range(units)]
    for t in range(rounds):
        h = [(sum(W[i][j] * h[j] for j in range(units)) + U[i] * math.sin(t)).tanh() for i in range(units)]
    loss = (sum(h) - 1.0) ** 2
    return loss, {"W": W, "U": U, "h": h, "loss": loss, **({"h0": h0} if start else {})}


@pytest.mark.parametrize("start", [False, True])
def test_a_recurrence_of_several_units_is_one_table_of_rounds(start):
    found = of(*recurrence(start=start))
    (h,) = (stage for stage in found.stages if stage.name == "h")
    assert h.formula == "tanh(sum(W*h) + U*_)"
    assert [axis.labels for axis in h.axes] == [[f"round {k}" for k in range(1, 13)], ["h[0]", "h[1]", "h[2]"]]
    assert found.worth_folding()


def test_a_recurrence_of_which_nothing_is_named_is_seen_by_the_weights_it_uses_again():
    loss, _ = recurrence()
    stage = next(stage for stage in of(loss).stages if stage.rounds)
    assert stage.name == "tanh(sum(_*_))"
    assert len(set(stage.rounds.values())) >= 11


def lstm(rounds=5, units=2):
    """(loss, variables) of a cell with gates, as a loop leaves them behind."""
    r = random.Random(0)
    W = {gate: matrix(r, units, units + 1) for gate in "figo"}
    b = {gate: [Value(0.1) for _ in range(units)] for gate in "figo"}
    h, c = ([Value(0.0) for _ in range(units)] for _ in range(2))
    for t in range(rounds):
        before = [math.sin(t), *h]
        made = {gate: [z + bias for z, bias in zip(product(W[gate], before), b[gate], strict=True)] for gate in "figo"}
        f, i, o = ([z.sigmoid() for z in made[gate]] for gate in "fio")
        g = [z.tanh() for z in made["g"]]
        c = [f[k] * c[k] + i[k] * g[k] for k in range(units)]
        h = [o[k] * c[k].tanh() for k in range(units)]
    loss = (sum(h) - 1.0) ** 2
    return loss, {"W": W, "b": b, "f": f, "i": i, "g": g, "o": o, "c": c, "h": h, "loss": loss}


def test_the_gates_of_every_round_stand_with_those_that_the_last_one_named():
    found = of(*lstm())
    assert told(found) == {
        **{gate: f"sigmoid(W['{gate}']*_ + sum(W['{gate}']*h) + b['{gate}'])" for gate in "fio"},
        "g": "tanh(W['g']*_ + sum(W['g']*h) + b['g'])",
        "c": "f*c + i*g",
        "h": "o*tanh(c)",
        "loss": "(sum(h) - 1)**2",
    }
    assert {stage.name: sizes(stage) for stage in found.stages if not stage.is_input and stage.name != "loss"} == {
        name: [5, 2] for name in "figoch"
    }


def test_terms_of_one_number_are_told_apart():
    w = [Value(0.0) for _ in range(4)]
    sums = [sum(x * k for x in w) for k in range(3)]
    assert told(of(mx.sum(x.tanh() for x in sums), {"w": w, "sums": sums}))["sums"] == "sum(w*_)"
    assert all(len(terms) == 4 for terms in of(mx.sum(sums), {"w": w, "sums": sums}).sums.values())


def test_layers_that_differ_in_their_index_are_rounds():
    r = random.Random(2)
    W, x = [matrix(r, 4, 4) for _ in range(6)], [Value(0.1 * k) for k in range(4)]
    for rows in W:
        x = [value.tanh() for value in product(rows, x)]
    (stage,) = (stage for stage in of(sum(x), {"W": W}).stages if stage.rounds)
    assert sizes(stage)[0] >= 5
    assert stage.name == "tanh(sum(W*_))"


def test_numbers_that_differ_from_unit_to_unit_are_left_open():
    w, b = [Value(0.1 * k) for k in range(5)], Value(2.0)
    made = [a * (0.5 + k) for k, a in enumerate(w)]
    assert told(of(mx.sum(made) * b, {"w": w, "made": made, "b": b}))["made"] == "w*_"
    made = [a * 0.5 for a in w]
    assert told(of(mx.sum(made) * b, {"w": w, "made": made, "b": b}))["made"] == "w*0.5"


def test_a_formula_of_one_value_each_and_a_chain_are_not_worth_folding():
    x, y = Value(2.0), Value(3.0)
    assert not of((x * y + x).tanh() * y, {"x": x, "y": y}).worth_folding()
    w, h = Value(0.9), Value(0.5)
    for _ in range(40):
        h = (w * h).tanh()
    assert not of(h, {"w": w, "h": h}).worth_folding()


def test_two_stages_of_one_name_are_told_apart():
    a = [Value(1.0 + k) for k in range(4)]
    up = [x * 2.0 for x in a]
    kept = [*up, *(x.exp() for x in up)]
    total = mx.sum(kept)
    found = told(of(total, {"a": a, "kept": kept, "total": total}))
    assert found == {"kept": "a*2", "kept, 2": "exp(kept)", "total": "sum(kept, _)"}


def test_items_of_one_list_stand_together_however_they_are_made():
    a = [Value(1.0 + k) for k in range(4)]
    kept = [a[0].exp(), *(x * 2.0 for x in a)]
    (stage, _) = (stage for stage in of(mx.sum(kept) ** 2, {"a": a, "kept": kept}).stages if not stage.is_input)
    assert (stage.name, len(stage.units)) == ("kept", 5)


def random_graph(seed):
    """A random graph over the items of two lists, some of its values kept in a third."""
    r = random.Random(seed)
    values = [Value(0.1 * k) for k in range(r.randint(2, 8))]
    names = {"a": values[: len(values) // 2], "b": values[len(values) // 2 :], "kept": []}
    for _ in range(r.randint(1, 40)):
        x, y = r.choice(values), r.choice(values)
        values.append(r.choice([mx.multiply, mx.add, lambda x, y: x.tanh(), lambda x, y: x - 2.0])(x, y))
        if r.random() < 0.5:
            names["kept"].append(values[-1])
    return values[-1], names


@given(st.integers(0, 10**9))
def test_every_value_is_in_one_unit_and_units_fire_after_those_that_use_them(seed):
    output, names = random_graph(seed)
    found = of(output, names)
    units = [unit for stage in found.stages for unit in stage.units]
    assert len(units) == len(set(units))
    assert {found.unit[node] for node in found.order} == set(units)
    assert len({stage.name for stage in found.stages}) == len(found.stages)
    for stage in found.stages:
        assert len({tuple(axis.of[unit] for axis in stage.axes) for unit in stage.units}) == len(stage.units)
    fired = set()
    for nodes in found.firing():
        for node in nodes:
            assert fired.issuperset(found.users[node])
            fired.add(node)
    assert fired == {node for node in found.order if node.op is not None}
