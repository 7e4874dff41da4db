"""The stepper: recorded by the engine's own chain rule, walked in both directions, readable in 80 columns."""

import io
import math
import random
import sys
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import Value, gradient, ops, topological_order
from microgradx.nn import MLP
from microgradx.tables import clip, columns
from microgradx.view.questions.explain import explain
from microgradx.view.stepping.prompt import Prompt
from microgradx.view.stepping.stepper import stepper
from microgradx.view.trace import GRAINS, Trace
from microgradx.view.words.notation import number
from microgradx.view.words.terminal import colourful, paint

UNARY = [ops.tanh, ops.relu, ops.exp, ops.sin, ops.negative, ops.square]
BINARY = [ops.add, ops.subtract, ops.multiply, ops.divide, ops.maximum]


def random_graph(seed, size=12):
    """A graph with shared values and repeated operands; returns its output and its leaves."""
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(-2.0, 2.0), f"x{i}") for i in range(3)]
    pool = list(leaves)
    for _ in range(size):
        kind = rng.random()
        if kind < 0.25:
            pool.append(rng.choice(UNARY)(rng.choice(pool)))
        elif kind < 0.85:
            pool.append(rng.choice(BINARY)(rng.choice(pool), rng.choice([*pool, 0.5])))
        else:
            pool.append(ops.sum_([rng.choice(pool) for _ in range(3)]))
    return pool[-1], leaves


def expression():
    """The learner's example: L = (a*b + c) * f with an old gradient in b."""
    a, b, c, f = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c"), Value(-2.0, "f")
    e = a * b
    e.label = "e"
    d = e + c
    d.label = "d"
    L = d * f
    L.label = "L"
    return L


def bits(values):
    return [None if v is None else v.hex() for v in values]


def net_loss(expand=False):
    model = MLP(2, [8, 8, 1], rng=3, expand=expand)
    return (model([2.0, -1.0]) - 1.0) ** 2, model


@given(seed=st.integers(0, 10**6), old=st.sampled_from([None, 0.0, 0.1]))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_commit_equals_backward_bit_for_bit(seed, old):
    one, two = random_graph(seed)[0], random_graph(seed)[0]
    for node in (*topological_order(one), *topological_order(two)):
        node.grad = old
    one.backward()
    stepper(two).commit()
    assert bits(n.grad for n in topological_order(one)) == bits(n.grad for n in topological_order(two))


@pytest.mark.parametrize("expand", [False, True])
@pytest.mark.parametrize("by", GRAINS)
def test_commit_equals_backward_on_a_network_at_every_grain(by, expand):
    (one, first), (two, second) = net_loss(expand), net_loss(expand)
    one.backward()
    stepper(two, by=by).goto(3).commit()
    assert bits(p.grad for p in first.parameters()) == bits(p.grad for p in second.parameters())


@given(seed=st.integers(0, 10**6))
@settings(derandomize=True, deadline=None, max_examples=100)
def test_contributions_into_a_value_add_up_to_its_gradient_in_the_engines_order(seed):
    output, _ = random_graph(seed)
    trace = Trace(output)
    output.backward()
    for node, places in trace.into.items():
        total = None
        for place in places:
            edge = trace[place]
            assert bits([edge.before]) == bits([total])
            total = edge.contribution if total is None else total + edge.contribution
            assert bits([edge.after]) == bits([total])
        if node.op is not None:
            assert bits([total]) == bits([node.grad])


@given(seed=st.integers(0, 10**6), by=st.sampled_from(GRAINS), fold=st.booleans())
@settings(derandomize=True, deadline=None, max_examples=100)
def test_every_edge_is_in_exactly_one_step_and_a_value_fires_only_when_complete(seed, by, fold):
    trace = Trace(random_graph(seed)[0])
    groups = trace.groups(by, fold)
    assert sorted(place for group in groups for place in group.edges) == list(range(len(trace)))
    step_of = {place: k for k, group in enumerate(groups) for place in group.edges}
    for node, places in trace.out_of.items():
        assert all(step_of[place] <= min(step_of[p] for p in places) for place in trace.into.get(node, []))


def test_grad_is_untouched_until_commit():
    output = expression()
    s = stepper(output)
    s.next(3)
    assert [n.reached for n in topological_order(output)] == [False] * 7
    s.commit()
    assert {n.label: n.grad for n in topological_order(output)} == {
        "a": 6.0, "b": -4.0, "e": -2.0, "c": -2.0, "d": -2.0, "f": 4.0, "L": 1.0,
    }  # fmt: skip


def test_blocks_of_the_learners_example():
    output = expression()
    topological_order(output)[1].grad = -1.0
    s = stepper(output)
    assert str(s) == (
        "backward of L = (a*b + c) * f = -8              7 nodes, 3 steps, at 0: the seed\n"
        "  dL/dL = 1   .grad is untouched until s.commit()                next: L = d * f\n"
        "  * b.grad was -1 already, and is added to: set it to None to start afresh"
    )
    assert str(s.goto(3)) == (
        "step 3/3   e = a * b                                        forward: 2 * -3 = -6\n"
        "  dL/de = -2   (1 of 1 in; from step 2, d = e + c)\n"
        "  into    upstream   local    contribution dL/d(.)           in\n"
        "  a             -2 x b = -3 =            6       0 -> 6      1 of 1 final\n"
        "  b             -2 x a = 2  =           -4       0 -> -4 *   1 of 1 final\n"
        "  * b.grad was -1 already, commit gives -5: set it to None to start afresh"
    )


def test_moves_forward_back_and_jumps():
    s = stepper(expression())
    assert [s.next().at, s.next(2).at, s.prev().at, s.goto("e").at, s.goto(0).at, s.until("d").at] == [1, 3, 2, 3, 0, 2]
    assert "the pass is over" in str(s.next(9))
    assert "the start of the pass" in str(s.goto(0).prev())
    assert s["a"].index == 3
    assert [[step.index for step in steps] for steps in (s[2:4], s[:2], s[-2:], s[9:])] == [[2, 3], [1], [2, 3], []]
    assert (s[-1].index, s.goto(-3).at) == (3, 1)
    assert repr(s[2]) == "<step 2/3: d = e + c; dL/dd = -2; e += -2, c += -2>"
    assert [step.name for step in s] == ["L", "d", "e"]
    assert s.goto(0).finish().at == 3


def test_single_contributions_fill_in_one_row_at_a_time():
    s = stepper(expression()).step()
    assert (s.at, s.part, s.so_far("d"), s.so_far("f")) == (0, 1, -2.0, 0.0)
    assert str(s).splitlines()[-1].split()[:6] == ["f", "1", "x", "d", "=", "4"]
    assert str(s).splitlines()[-1].endswith("?")
    assert (s.step().at, s.so_far("f")) == (1, 4.0)
    assert s.step(4).at == 3
    assert "the pass is over" in str(s.step())


def test_breaks_stop_where_they_say():
    x = Value(-1.0, "x")
    dead = x.relu()
    output = dead * 2.0 + x * 3.0
    s = stepper(output).break_on(dead=True)
    assert "stopped: a contribution is 0" in str(s.cont())
    assert s.goto(0).break_on().cont().at == len(s)
    assert "reached x" in str(s.goto(0).break_on("x").cont())
    assert s.break_on().goto(0).until(lambda step: step.node is dead).at == s[dead].index
    small = stepper(x * 1e-9).break_on(abs_lt=1e-6).cont()
    assert "below 1e-06" in str(small)
    bad = stepper(ops.log(Value(0.0)) * 2.0).break_on(nonfinite=True).cont()
    assert "not finite" in str(bad)


def test_until_looks_only_forward():
    s = stepper(expression()).goto(3)
    assert "that was step 1, behind us" in str(s.until("L"))
    assert s.at == 3


def test_watch_and_last_write_follow_a_value():
    x = Value(1.0, "x")
    y = x + x
    y.label = "y"
    z = y + y
    z.label = "z"
    s = stepper(z).watch("x")
    assert "watch dz/dx: 0" in str(s.next())
    assert s.last_write("x") is None
    assert "watch dz/dx: 0 -> 2 (step 2) -> 4 (step 2)" in str(s.next())
    assert s.last_write("x").index == 2
    assert "watch" not in str(s.watch())


def test_where_and_list_show_the_surroundings():
    s = stepper(expression())
    assert s.where() == "at the seed: dL/dL = 1"
    assert s.goto(3).where() == "L > d > e"
    lines = s.list().splitlines()
    assert len(lines) == 4
    assert [line[:2] for line in lines] == ["  ", "  ", "  ", "->"]


def test_only_filters_moves_and_rows():
    s = stepper(expression()).only(path_to="a")
    assert s.next().at == 1
    assert "f" not in [line.split()[0] for line in str(s).splitlines()[3:4]]
    assert "1 filtered out; s.only() shows all again" in str(s)
    assert stepper(expression()).only(params=True).next(2).at == 2
    loss, _ = net_loss()
    zeroless = stepper(loss).only(zeros=False)
    assert all(any(e.contribution for e in zeroless[k].contributions) for k in zeroless._visible)
    inside = stepper(loss, by="neuron").only(layer=1)
    assert inside.next().at == 3
    assert {inside[k].name for k in inside._visible} == {f"L1.n{j}" for j in range(8)}


def test_a_run_of_additions_folds_into_one_step():
    a, b, c, d = (Value(float(i), name) for i, name in enumerate("abcd"))
    total = a + b + c * d
    total.label = "t"
    assert [len(stepper(total)), len(stepper(total, fold=True))] == [3, 2]
    assert stepper(total, fold=True)[1].title(60) == "t = a + b + c*d"


def test_repeated_operand_has_one_row_per_slot():
    x = Value(1.0, "x")
    rows = str(stepper(x + x).next()).splitlines()[3:]
    assert [row.split()[:2] for row in rows] == [["x", "[left]"], ["x", "[right]"]]
    assert rows[0].rstrip().endswith("0 -> 1   1 of 2")
    assert rows[1].rstrip().endswith("1 -> 2   2 of 2 final")


def test_naive_recursion_is_shown_to_count_too_often():
    a = Value(1.0, "a")
    b = a + a
    c = b + b
    assert stepper(c).naive().wrong["a"] == (4.0, 8.0)
    assert "no computed value is used twice" in repr(stepper(expression()).naive())
    x = Value(1.0)
    for _ in range(40):
        x = x + x
    assert "one per path" in repr(stepper(x).naive())


def test_guess_tells_right_wrong_and_off_by_and_nothing_else():
    s = stepper(expression())
    verdict = s.guess(a=6, b=-3)
    assert verdict.right == {"a": True, "b": False}
    assert repr(verdict) == "a  6 right\nb -3 wrong, off by 1"
    assert s.guess({"c": 1.0}, signs=True).right == {"c": False}
    assert s.guess(b=-1, signs=True).right == {"b": True}
    with pytest.raises(ValueError, match="guess at least one gradient"):
        s.guess()


def test_unknown_steps_names_and_kinds_list_the_nearest():
    s = stepper(expression())
    with pytest.raises(KeyError, match="no value is called 'q' in the graph of L; the nearest names are"):
        s["q"]
    with pytest.raises(IndexError, match=r"there is no step 9 in this pass of 3 steps; the nearest is 3 \(0 is the seed\)"):
        s.goto(9)
    with pytest.raises(IndexError, match="the nearest is 1"):
        s[-4]
    with pytest.raises(KeyError, match="is not in the graph of L"):
        s[Value(2.0)]
    with pytest.raises(TypeError, match=r"a step is found by number, name or Value, not by 1\.5"):
        s[1.5]
    with pytest.raises(ValueError, match="stepped by one of node, neuron, layer; got by='leaf'"):
        stepper(expression(), by="leaf")
    with pytest.raises(TypeError, match=r"3\.0 is a plain float and has none"):
        stepper(3.0)
    with pytest.raises(KeyError, match="there is no layer 7 in this pass; its layers are none"):
        s.only(layer=7)


def test_a_leaf_a_constant_result_and_an_empty_pass_are_sentences():
    a = Value(2.0, "a")
    s = stepper(a)
    assert "a is an input: nothing was computed, so the seed is the whole pass" in str(s)
    assert "the pass is over" in str(s.next())
    assert (s.list(), s.where(), list(s)) == ("-> seed: da/da = 1", "at the seed: da/da = 1", [])
    with pytest.raises(IndexError, match="it has no steps"):
        s[1]
    with pytest.raises(KeyError, match="its pass has no steps"):
        s["a"]
    s.commit()
    assert a.grad == 1.0


def test_a_graph_that_changed_since_is_reported_and_not_committed():
    output = expression()
    s = stepper(output)
    topological_order(output)[0].data = 5.0
    assert "a was 2 when this pass was recorded, now 5" in str(s)
    with pytest.raises(RuntimeError, match=r"a was 2 .* record again with stepper"):
        s.commit()
    with pytest.raises(RuntimeError, match="was assigned after"):
        stepper(output)


def hostile_graph():
    names = ["layers[0]." * 20 + "w", "a\nb\x1b[31m", "名" * 60, "x" * 300, ""]
    xs = [Value(1e-300 * (i + 1), name) for i, name in enumerate(names)]
    total = xs[0]
    for x in xs[1:]:
        total = total * x + x
        total.label = x.label
    return ops.sum_([*xs, total * -1.2345678e300]).tanh()


@pytest.mark.parametrize("by", GRAINS)
def test_every_line_fits_80_columns_whatever_the_names(by):
    loss, _ = net_loss(expand=True)
    for output in (hostile_graph(), loss, expression(), random_graph(5, 40)[0]):
        s = stepper(output, by=by).watch(output)
        texts = [str(s), s.list(), s.where(), repr(s.naive())]
        for step in s:
            s.goto(step.index)
            texts += [str(s), repr(step), s.full(), s.where()]
        lines = "\n".join(texts).split("\n")
        assert max(map(columns, lines)) <= 80
        assert all(line.isprintable() for line in lines)


def test_the_same_program_prints_the_same_bytes_twice():
    def printed():
        s = stepper(net_loss()[0], by="neuron")
        return "\n".join([str(s), *map(str, s), s.list(), repr(s.layers())])

    assert printed() == printed()


def test_a_graph_of_20_000_values_is_walked_and_read():
    x = total = Value(0.5, "x")
    for _ in range(10_000):
        total = total * 0.999 + x
    s = stepper(total, names={"total": total})
    assert len(s.trace.order) == 20_001
    assert str(s.next()).startswith("step 1/20000   total = ")
    assert s.cont().at == 20_000
    assert str(s.prev()).startswith("step 19999/20000")


def test_neurons_are_steps_of_their_own_and_a_large_network_steps_by_neuron():
    loss, model = net_loss(expand=True)
    s = stepper(loss, by="neuron")
    assert len(s) == 18
    assert [g.name for g in s.trace.groups("layer")] == [None, "L2", "L1", "L0"]
    batch = ops.sum_([model([i / 9.0, 0.5]) for i in range(10)])
    assert stepper(batch).by == "neuron"


@pytest.mark.parametrize("expand", [False, True])
def test_a_neurons_step_pairs_each_weight_with_its_input(expand):
    model = MLP(2, [2, 1], rng=1, expand=expand)
    loss = (model([1.0, -0.5]) - 1.0) ** 2
    s = stepper(loss, by="neuron").goto(2)
    head, bias = model.layers[1].neurons[0].w, model.layers[1].neurons[0].b
    loss.backward()
    lines = str(s).splitlines()
    assert lines[0].startswith("step 2/4   L1.n0 = w . x + b")
    for name, weight in zip(("L0.n0", "L0.n1"), head, strict=True):
        row = next(line.split() for line in lines if line.split()[0] == name)
        assert row[5] == number(weight.grad)
        assert row[11] == number(bias.grad * weight.data)
    assert next(line.split()[5] for line in lines if line.split()[0] == "bias") == number(bias.grad)


def test_repr_is_coloured_only_on_a_terminal_that_wants_it(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    assert not colourful()
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert colourful()
    assert "\x1b[1m" in paint("title\n  a 0 -> -2")
    monkeypatch.setenv("TERM", "dumb")
    assert not colourful()
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert colourful()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colourful()


def test_displays_for_notebooks():
    class Printer:
        def text(self, text):
            self.said = text

    s, printer = stepper(expression()).next(), Printer()
    s._repr_pretty_(printer, False)
    assert printer.said == repr(s) == str(s)
    assert s._ipython_key_completions_() == ["a", "b", "e", "c", "d", "f", "L"]


def test_the_prompt_takes_the_same_moves_and_survives_mistakes():
    said = io.StringIO()
    commands = (
        "next\n\ng d\nwhere\nexplain a\nwhy a\nwatch a\nfrobnicate\ngoto q\nnext x\nguess a=6\nnaive\nlast a\ncommit\nquit\n"
    )
    output = expression()
    prompt = Prompt(stepper(output), io.StringIO(commands.replace(",", "\n")), said)
    prompt.prompt = ""
    prompt.cmdloop()
    text = said.getvalue()
    for part in (
        "step 1/3",
        "step 2/3",
        "L > d",
        "1 path: 1 live",
        "no command is called 'frobnicate'",
        "no value is called 'q'",
    ):
        assert part in text
    assert "'x' is not a count of steps" in text
    assert "a 6 right" in text
    assert "nothing has changed it yet" in text
    assert topological_order(output)[0].grad == 6.0
    assert prompt.completenames("ne") == ["next"]
    assert prompt.completedefault("a") == ["a"]


def test_clip_keeps_both_ends_and_counts_wide_signs():
    assert clip("abcdefghij", 9) == "abc...hij"
    assert columns(clip("名" * 10, 9)) <= 9
    assert clip("abcdef", 3) == "abc"


def test_origin_finds_the_first_bad_value_before_the_first_bad_gradient():
    x = Value(0.0, "x")
    y = x.log()
    y.label = "y"
    assert repr(stepper(y * 2.0 + 1.0).origin()) == "y = log(0) = -inf is the first value that is not finite"
    root = x.sqrt()
    root.label = "r"
    found = stepper(root * 1.0).origin()
    assert (found.node, found.forward) == (root, False)
    assert "every value is finite; the first bad gradient is made at r" in repr(found)
    assert stepper(expression()).origin().node is None
    assert math.isinf(y.data)


def test_a_stepper_keeps_nothing_of_its_caller_alive_but_its_graph():
    class Data:
        pass

    def built():
        data, x = Data(), Value(2.0)
        return stepper(x * 3.0), weakref.ref(data)

    s, data = built()
    assert data() is None
    assert "x" in s.names.values()


def test_a_graph_of_13_000_values_is_recorded_and_explained_exactly():
    model = MLP(2, [16, 16, 1], rng=3, expand=True)
    loss = ops.sum_([(model([k / 101, 0.5]) - 1.0) ** 2 for k in range(20)])
    assert len(topological_order(loss)) > 13_000
    weight = model.parameters()[0]
    stepper(loss).commit()
    assert gradient(loss, [weight]) == [weight.grad]
    assert explain(loss, weight).total == weight.grad


def test_a_block_shows_the_numbers_of_the_recorded_pass():
    x = Value(2.0)
    s = stepper(x * x)
    x.data = 5.0
    assert "forward: 2 * 2 = 4" in str(s.next())


def test_a_local_derivative_is_never_cut_to_fit():
    x, y = Value(2.0), Value(3.0)
    (slope,) = gradient((x.tanh() * y).exp(), [x], create_graph=True)
    block = str(stepper(slope).next())
    assert "y)*y  1 x 0.07065 = 0.07065 " in block
    assert "squ..." not in block
