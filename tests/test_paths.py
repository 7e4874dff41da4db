"""Explanations of gradients: paths counted and ranked exactly, causes of zeros told apart, layers summed up."""

import math
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import Value, detect_anomaly, ops
from microgradx.nn import MLP, Neuron
from microgradx.tables import columns
from microgradx.view.questions.explain import explain
from microgradx.view.questions.layers import layers
from microgradx.view.questions.origin import origin
from microgradx.view.questions.paths import counted, routes
from microgradx.view.questions.why import why
from microgradx.view.stepping.stepper import stepper
from microgradx.view.trace import Trace


def random_dag(rng):
    """A small graph with repeats, shared values, relus and factors of 0."""
    pool = [Value(rng.choice([-1.5, -0.5, 0.0, 0.7, 2.0]), f"x{i}") for i in range(3)]
    leaves = list(pool)
    for _ in range(rng.randint(1, 9)):
        a, b = rng.choice(pool), rng.choice(pool)
        pool.append(
            rng.choice([lambda a, b: a * b, lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a.relu(), ops.maximum])(a, b)
        )
    return pool[-1], leaves


def every_path(trace, goal):
    """All paths by plain recursion: (slots, product of the local derivatives)."""
    if trace.output is goal:
        return [((), 1.0)]
    found = []

    def walk(node, slots, product):
        for place in trace.out_of.get(node, ()):
            edge = trace[place]
            # the library multiplies mantissas, so an exact zero stays one and nothing underflows in so small a graph
            if edge.operand is goal:
                found.append(((*slots, edge.slot), product * edge.local))
            walk(edge.operand, (*slots, edge.slot), product * edge.local)

    walk(trace.output, (), 1.0)
    return found


def test_counts_sums_and_best_paths_equal_brute_force_on_500_random_graphs():
    rng = random.Random(7)
    checked = 0
    while checked < 500:
        output, leaves = random_dag(rng)
        trace = Trace(output)
        reached = [leaf for leaf in leaves if leaf in trace.adjoints]
        if not reached:
            continue
        checked += 1
        for leaf in reached:
            paths = every_path(trace, leaf)
            live = [product for _, product in paths if product != 0.0]
            got = explain(output, leaf, k=4)
            assert (got.count, got.live) == (len(paths), len(live))
            assert got.magnitude == pytest.approx(math.fsum(map(abs, live)), rel=1e-12, abs=0.0)
            best = sorted(map(abs, live), reverse=True)[:4]
            assert [abs(path.contribution) for path in got.paths] == best
            by_slots = dict(paths)
            assert all(by_slots[path.slots] == path.contribution for path in got.paths)


@given(seed=st.integers(0, 10**6))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_all_live_paths_sum_to_the_gradient(seed):
    output, leaves = random_dag(random.Random(seed))
    output.backward()
    for leaf in leaves:
        if leaf.reached:
            got = explain(output, leaf, k=10_000)
            assert len(got.paths) == got.live
            assert math.fsum(path.contribution for path in got.paths) == pytest.approx(leaf.grad, rel=1e-12, abs=1e-12)
            assert got.total == leaf.grad or got.total == pytest.approx(leaf.grad)
            assert got.remainder == pytest.approx(0.0, abs=1e-9)


def test_two_to_the_forty_paths_are_counted_without_walking_them():
    y = x = Value(1.0, "x")
    for _ in range(40):
        y = y + y
    got = explain(y, x)
    assert (got.count, got.live, got.total) == (2**40, 2**40, 2.0**40)


def test_explanation_block_reads_as_a_product_per_path():
    a, b, c, f = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c"), Value(-2.0, "f")
    L = (a * b + c) * f + a * 3
    assert repr(explain(L, a)) == (
        "dL/da = 9                                                        2 paths: 2 live\n"
        "sum |contribution| = 9, so 100% survives cancellation\n"
        "# contribution covers path\n"
        "1           +6    67% L > (a*b + c)*f > a*b + c > a*b > a\n"
        "2           +3   100% L > a*3 > a\n"
        "  path 1: -2 x -3 = +6"
    )
    got = explain(L, "a", k=1)
    assert (got.coverage, got.survives, got.remainder) == (6 / 9, 1.0, 3.0)
    assert [node.label for node in got.paths[0].nodes] == [None, None, None, None, "a"]
    assert "1 more, sum +3" in repr(got)


def test_a_path_too_small_for_a_double_still_ranks_and_counts():
    x = Value(1.0, "x")
    y = x
    for _ in range(3):
        y = y * 1e-200
    got = explain(y, x)
    assert (got.live, got.total, got.paths[0].contribution) == (1, 0.0, 0.0)


def test_explain_refuses_what_has_no_paths():
    x = Value(1.0, "x")
    with pytest.raises(TypeError, match=r"explain\(L, w\) needs the Value whose gradient is asked; 1\.0 has no graph"):
        explain(1.0, x)
    with pytest.raises(ValueError, match="k is how many of the largest paths to list, a whole number from 0 on; got -1"):
        explain(x * 2, x, k=-1)
    with pytest.raises(KeyError, match="no value is called 'w'"):
        explain(x * 2, "w")
    assert explain(x, x).count == 1


def test_counted_writes_large_numbers_as_powers_of_two():
    assert [counted(999), counted(2**50), counted(3**40)] == ["999", "2^50", "about 2^63"]


def off_relu():
    w = Value(-2.0, "w")
    h = (w * 1.5).relu()
    return h * 3.0 + Value(1.0, "b"), w


def zero_factor():
    w, x = Value(2.0, "w"), Value(0.0, "x")
    return w * x + w * 0.0, w


def cancelling():
    w = Value(2.0, "w")
    return (w * 3.0).tanh() - (w * 3.0).tanh() + 1.0, w


def underflowing():
    w = Value(1.0, "w")
    return w * 1e-200 * 1e-200 + 1.0, w


def flat_output():
    w = Value(-2.0, "w")
    return (w * 1.0).relu(), w


def detached():
    w = Value(2.0, "w")
    return (w * 2.0).detach() * Value(3.0, "v"), w


def not_finite():
    w = Value(0.0, "w")
    return w.sqrt() * 2.0, w


def saturated():
    w = Value(400.0, "w")
    return w.tanh() * 2.0 + w.sigmoid().floor(), w


@pytest.mark.parametrize(
    ("case", "cause", "told"),
    [
        (off_relu, "cut", "it is off, and an off relu has slope 0"),
        (zero_factor, "cut", "the other factor, x, is 0"),
        (cancelling, "cancellation", "2 live paths cancel"),
        (underflowing, "underflow", "the largest of 1 live path is about 1e-400"),
        (flat_output, "flat output", "the output itself is flat"),
        (detached, "no path", "left the graph by .detach(), .data, float() or no_grad()"),
        (not_finite, "not finite", "every value is finite; the first bad gradient is made at sqrt(w)"),
        (saturated, "cut", "it is flat: its slope is 0 everywhere"),
    ],
)
def test_why_tells_the_causes_apart(case, cause, told):
    output, w = case()
    verdict = why(output, w)
    assert verdict.cause == cause
    assert told in repr(verdict)
    assert max(map(columns, repr(verdict).split("\n"))) <= 80


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda w: w.tanh(), "it is saturated: its slope is 0 to the last bit"),
        (lambda w: ops.maximum(w, 1000.0), "this operand was not the one chosen"),
        (lambda w: ops.where(w, 2.0, 3.0), "it is flat: its slope is 0 everywhere"),
        (lambda w: w**0, "its slope is 0 there"),
        (lambda w: ops.dot([w, w], [0.0, 0.0]), "the other factor is 0"),
    ],
)
def test_a_cut_says_why_its_slope_is_zero(build, reason):
    w = Value(400.0, "w")
    verdict = why(build(w) * 1.0 + Value(1.0), w)
    assert verdict.cuts[0].reason == reason


def test_cuts_add_up_to_all_paths_that_are_cut():
    model = MLP(2, [6, 6, 6, 1], rng=5, expand=True)
    loss = (model([2.0, -1.0]) - 1.0) ** 2
    for parameter in model.parameters()[:12]:
        paths, verdict = explain(loss, parameter), why(loss, parameter)
        assert sum(cut.paths for cut in verdict.cuts) == paths.count - paths.live
        assert verdict.cause == ("cut" if not paths.live else "nothing wrong")


def test_why_of_a_small_gradient_names_the_small_factors():
    w = Value(1.0, "w")
    verdict = why((w * 1e-5 * 1e-5).tanh(), w)
    assert verdict.cause == "small factors"
    assert "x 1e-5" in repr(verdict)


def test_why_of_the_output_itself_is_its_seed():
    w = Value(1.0, "w")
    assert "whose gradient is the seed 1" in repr(why(w, w))
    with pytest.raises(TypeError, match=r"why\(L, w\) needs the Value whose gradient is asked"):
        why(2.0, w)


def test_origin_tells_file_and_line_when_recorded():
    with detect_anomaly():
        x = Value(0.0, "x")
        y = x.sqrt()
    found = origin(y * 2.0)
    assert not found.forward
    assert "test_paths.py:" in repr(found)
    with pytest.raises(TypeError, match=r"origin\(L\) needs the Value that went wrong"):
        origin(None)


def test_layers_count_what_is_off_and_add_up_to_every_zero_parameter():
    model = MLP(2, [8, 8, 1], rng=3)
    loss = (model([0.0, -1.0]) - 1.0) ** 2
    loss.backward()
    summary = layers(loss)
    assert [row.name for row in summary.rows] == ["L2", "L1", "L0"]
    assert sum(row.parameters for row in summary.rows) == len(model.parameters())
    assert sum(row.zero for row in summary.rows) == sum(p.grad == 0.0 for p in model.parameters())
    assert all(row.own_off + row.input_zero <= row.zero for row in summary.rows)
    assert [row.zero for row in layers(model).rows] == [row.zero for row in summary.rows]
    assert "from this sample" in repr(summary)
    assert "from the last pass" in repr(layers(model))


def test_layers_flag_vanishing_and_exploding_and_dead():
    def flags(factor):
        model = MLP(1, [2, 2, 1], activation="linear", rng=1)
        for neuron in model.layers[1].neurons:
            for weight in neuron.w:
                weight.data = factor * (1.0 if weight.data >= 0 else -1.0)
        return [row.flag for row in layers(model([1.0])).rows]

    assert flags(1e-9) == ["", "", "vanishing"]
    assert flags(1e6) == ["", "", "exploding"]
    assert flags(0.0) == ["", "", "gets nothing"]


def test_layers_need_a_network():
    x = Value(1.0)
    with pytest.raises(ValueError, match="no value in this graph is a module's: call an nn"):
        layers(x * 2.0)
    with pytest.raises(TypeError, match="needs an output Value or a model with named_parameters"):
        layers(3)
    with pytest.raises(ValueError, match="call backward"):
        layers(MLP(1, [1], rng=0))


@pytest.mark.parametrize("label", ["layers[0]." * 30 + "w", "a\nb", "名" * 100])
def test_explanations_fit_80_columns_whatever_the_names(label):
    x = Value(2.0, label)
    y = (x * x - x * 3.0).relu()
    y.label = label
    loss = y * 1e-300 + x * 1e300
    texts = [repr(explain(loss, x)), repr(why(loss, x)), repr(origin(loss / 0.0)), repr(stepper(loss).guess({label: 1.0}))]
    for line in "\n".join(texts).split("\n"):
        assert columns(line) <= 80
        assert line.isprintable()


def test_a_table_of_layers_keeps_their_names_whole():
    model = MLP(2, [16, 16, 16, 1], activation="tanh", rng=0)
    for weight in model.layers[3].neurons[0].w:
        weight.data *= 1e-9
    loss = model([0.5, 0.1])
    before = repr(layers(loss))
    loss.backward()
    for shown in (before, repr(layers(model))):
        assert [line.split()[0] for line in shown.splitlines()[1:5]] == [f"L{k}" for k in (3, 2, 1, 0)]
        assert max(map(len, shown.splitlines())) <= 80
        assert "L2 vanishing, L1 vanishing" in shown
        assert "..." not in shown


def test_a_flat_output_ends_one_path_or_all_of_them():
    x = Value(-1.0)
    one, two = x.relu(), (x + x).relu()
    assert "the output itself is flat, so the only path ends there" in repr(why(one, x))
    assert "the output itself is flat, so all 2 paths end there" in repr(why(two, x))


def test_a_gradient_that_is_cut_shows_a_path_and_where_its_zero_is():
    w, x = Value(-1.0, "w"), Value(2.0, "x")
    block = repr(explain((w * x).relu() * 3.0, w))
    assert "1 path: 0 live, 1 cut by a zero local derivative" in block
    assert "1            0      - out > relu(w*x) > w*x > w" in block
    assert "path 1: 3 x 0 = 0, x 2 = 0" in block
    found = explain((w * x + w).relu(), w)
    assert "1 more, all cut; why(w) says where" in repr(found)
    assert (found.paths, [path.contribution for path in found.cut]) == ((), [0.0])
    assert explain((w * x).relu(), w, k=0).cut == ()
    assert explain(x * 2.0, x).cut == ()


def attention(tokens, width):
    """One head over a few tokens: every query looks at every key."""
    rng = random.Random(1)
    X = [[Value(rng.uniform(-1, 1)) for _ in range(width)] for _ in range(tokens)]
    W = [[Value(rng.uniform(-1, 1)) for _ in range(width)] for _ in range(width)]
    rows = [[ops.dot(row, x) for row in W] for x in X]
    out = []
    for query in rows:
        weights = ops.softmax([ops.dot(query, key) for key in rows])
        out += [ops.dot(weights, [row[k] for row in rows]) for k in range(width)]
    return ops.mean([o * o for o in out]), X


def recurrence(steps):
    h, w, x = Value(0.3), Value(0.8), Value(0.5)
    for _ in range(steps):
        h = (h * w + x).tanh()
    return h, w


@pytest.mark.parametrize("build", [lambda: attention(3, 2), lambda: recurrence(30)])
@pytest.mark.parametrize("k", [5, 50])
def test_no_two_rows_of_an_explanation_read_the_same(build, k):
    loss, of = build()
    goal = of if isinstance(of, Value) else of[0][0]
    block = repr(explain(loss, goal, k, {"loss": loss, "of": of}))
    rows = [line.split(None, 3)[3] for line in block.splitlines() if re.match(r" *\d+ +[-+]", line)]
    assert len(rows) == min(k, explain(loss, goal).live)
    assert len(set(rows)) == len(rows)
    assert not re.search(r"(multiply|dot|add|tanh|divide)#", block)
    assert max(map(columns, block.splitlines())) <= 80


def test_a_recurrence_tells_the_rounds_that_its_gradient_comes_from():
    h, w = recurrence(30)
    block = repr(explain(h, w))
    assert re.search(r"by round: 9\d% comes from h @ \d+ and later, \d of 30 rounds", block)
    assert "h > h @ 29 > w" in block


def test_a_batch_tells_the_samples_that_its_gradient_comes_from():
    neuron = Neuron(1, "linear", init=[[2.0]])
    loss = ops.sum_([neuron([float(k)]) for k in range(6)])
    lines = repr(explain(loss, neuron.w[0])).splitlines()
    assert lines[2] == "by sample: sample 5 sends +5, sample 4 +4, sample 3 +3, 3 more +3"


def test_a_path_is_multiplied_out_and_its_runs_are_told():
    y = x = Value(0.7, "x")
    for _ in range(20):
        y = y.sigmoid()
    block = repr(explain(y, x))
    assert "y > y @ 19 > y @ 18 > " in block
    assert re.search(r"path 1: 20 x sigmoid, each at most 0\.2\d+, together 1\.059e-13", block)
    assert re.search(r"path 1: 0\.22\d* x 0\.22\d* = 0\.05\d*, x 0\.22\d* = 0\.01\d*, .*\.\.\., x", " ".join(block.split()))
    assert math.isclose(explain(y, x).paths[0].contribution, explain(y, x).total)
    assert "20 x sigmoid, each at most" in repr(why(y, x))


def test_why_says_exploding():
    y = x = Value(1.5, "x")
    for _ in range(6):
        y = y * y
    found = why(y, x)
    assert found.cause == "large factors"
    assert "exploding, as large factors multiply" in repr(found)
    assert why(x * x * x * 1e6, x).cause == "nothing wrong"


@pytest.mark.parametrize(
    "build",
    [
        lambda w: (w * 0.0) + (Value(-1.0, "n").log() * w.detach()),
        lambda w: w.sqrt() * 0.0 + Value(math.inf, "i"),
    ],
)
def test_not_finite_is_not_ruled_out_where_a_number_is_not(build):
    w = Value(2.0, "w")
    shown = repr(why(build(w), w))
    assert "not finite" not in shown.partition("ruled out")[2] or "but" in shown
    assert re.search(r"but \S+ is (nan|inf)", shown)


@pytest.mark.parametrize("added", [0.0, 0.1])
def test_why_says_exploding_of_a_weight_that_is_used_in_every_round(added):
    w, h = Value(3.0), Value(1.0)
    for _ in range(45):
        h = h * w + added if added else h * w
    told = why(h, w)
    assert told.cause == "large factors"
    assert "x multiply, each at least 3" in repr(told)


def test_a_product_that_overflows_on_the_way_is_told_and_no_percentage_is_nan():
    x = Value(2.0)
    y = (x * 1e-200) * 1e300 * 1e100
    told = " ".join(repr(explain(y, x)).split())
    assert "nan" not in told
    assert "survives" not in told
    assert "x 1e-200 = +1e200" in told
    assert "overflows on the way, though the whole does not" in told
    assert "overflows" not in repr(explain(x * math.inf, x))
    assert "nan%" not in repr(explain(x * math.nan, x))


@pytest.mark.parametrize("k", [2.5, "20", True, None])
def test_a_count_of_paths_that_is_none_gets_a_sentence(k):
    x = Value(2.0)
    for ask in (lambda: explain(x * x, x, k=k), lambda: stepper(x * x).explain(x, k=k)):
        with pytest.raises(ValueError, match=re.escape(f"a whole number from 0 on; got {k!r}")):
            ask()


@pytest.mark.parametrize("room", [24, 40, 60, 120])
def test_a_path_that_is_too_long_leaves_whole_values_out(room):
    w, h = Value(2.0), Value(0.5)
    for _ in range(30):
        h = h * w + 0.1
    paths = explain(h, w, 30).paths
    rows = routes(paths, room)
    assert len(set(rows)) == 30
    assert max(map(columns, rows)) <= room
    for path, row in zip(paths, rows, strict=True):
        assert set(row.split(" > ")) <= {*path.names, "..."}, row
        assert row.startswith("h > ")
        assert row.endswith(" > w")


def test_why_counts_live_paths_in_words_that_fit_their_number():
    x, off = Value(2.0), Value(-1.0)
    assert "the only path is live; a gradient arrives" in repr(why(x * 3.0, x))
    assert "1 of 2 paths is live" in repr(why(x * 3.0 + (x * off).relu(), x))
    assert "2 of 2 paths are live" in repr(why(x * 3.0 + x * 2.0, x))
