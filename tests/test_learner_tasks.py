"""Twelve questions of learners: each is answered in a few commands, in names that somebody gave, with no two rows alike."""

import re

import pytest
from test_explain_groups import by_hand
from test_stepper_width import terminal  # noqa: F401  # a fixture

import microgradx as mx
from microgradx import Value, explain, nn, stepper, why
from microgradx.tables import columns

WIDTHS = [60, 80, 140]
INVENTED = re.compile(r"\b(multiply|add|subtract|divide|dot|tanh|relu|where|softmax_share)#\d|softmax_share|input#")


def each_product():
    a, b, c, f = Value(2.0), Value(-3.0), Value(10.0), Value(-2.0)
    e = a * b
    d = e + c
    L = d * f
    s = stepper(L)
    return [lambda: s, s.next, s.next, s.next], ["a -2 x b = -3 = 6"]


def what_a_node_is():
    x1, x2, w1, w2, bias = Value(2.0), Value(0.0), Value(-3.0), Value(1.0), Value(6.8813735870195432)
    o = (x1 * w1 + x2 * w2 + bias).tanh()
    s = stepper(o)
    return [lambda: s, s.next, s.next, s.next], ["x1*w1 + x2*w2"]


def why_gradients_are_added():
    a = Value(3.0)
    b = a + a
    L = b * b
    s = stepper(L)
    return [lambda: s.next(2), s.naive], ["a [left]", "a [right]"]


def where_it_shrinks():
    x = y = Value(1.5)
    for _ in range(50):
        y = y.tanh()
    return [lambda: explain(y, x)], ["50 x tanh, each at most 0.97"]


def which_round_explodes():
    w, h = Value(2.0), Value(0.5)
    for _ in range(30):
        h = h * w + 0.1
    return [lambda: explain(h, w, 20), lambda: why(h, w)], ["by round:", "30 paths: 30 live"]


def why_it_is_zero():
    x, w = Value(-2.0), Value(1.0)
    L = (x * w).relu() * 3.0
    return [lambda: why(L, w, {"L": L, "x": x, "w": w})], ["it is off", "3 arrived there"]


def why_it_is_tiny():
    x = y = Value(0.3)
    for _ in range(20):
        y = y.sigmoid()
    return [lambda: why(y, x)], ["20 x sigmoid, each at most 0.24"]


def which_line_made_inf():
    def loss_of(x):
        scaled = x * 0.0
        return scaled.log()

    s = stepper(loss_of, 2.0)
    return [s.origin], ["test_learner_tasks.py:"]


def whether_it_is_p_minus_y():
    z = [Value(x) for x in (1.0, 2.0, 0.5, -1.0, 0.0)]
    loss = nn.cross_entropy([z], [2])
    s = stepper(loss)
    return [lambda: s.until("z[2]")], ["p = softmax: z[2] 0.1256", "slopes p - y"]


def why_a_weight_of_a_batch_is_what_it_is():
    X, y = nn.data.moons(30, seed=1)
    model = nn.MLP(2, [8, 8, 1], rng=0)
    loss = mx.mean([(1 - model(x) * (2.0 * t - 1.0)).relu() for x, t in zip(X.tolist(), y.tolist(), strict=True)])
    s = stepper(loss, by="layer")
    return [lambda: explain(loss, "L0.n3.w[0]", 20), lambda: s.goto("L0.n3.w[0]")], ["by sample:", "through L1.n:", "30 contr"]


def which_head_or_token():
    loss, names = by_hand()
    return [lambda: explain(loss, "X[0][1]", 50, names)], ["through heads: heads[0] sends", "through out: out[0] sends"]


def whether_a_second_derivative_is_right():
    x = Value(3.0)
    slope = mx.grad(lambda x: x**3)(x)
    s = stepper(slope)
    return [lambda: s, s.next], ["slope = 3 * (+x)**2"]


TASKS = {
    each_product: 4, what_a_node_is: 4, why_gradients_are_added: 2, where_it_shrinks: 1, which_round_explodes: 2,
    why_it_is_zero: 1, why_it_is_tiny: 1, which_line_made_inf: 1, whether_it_is_p_minus_y: 1,
    why_a_weight_of_a_batch_is_what_it_is: 2, which_head_or_token: 1, whether_a_second_derivative_is_right: 2,
}  # fmt: skip


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
def test_a_learners_question_is_answered_in_few_commands_and_in_its_own_words(terminal, task, width):  # noqa: F811
    commands, wanted = task()
    assert len(commands) <= TASKS[task]
    terminal(width)
    texts = [repr(command()) for command in commands]
    for text in texts:
        assert max(map(columns, text.splitlines())) <= width
        assert not INVENTED.search(text)
        rows = [line.split(None, 3)[3] for line in text.splitlines() if re.match(r" *\d+ +[-+]\S+ +(\d+%|-) ", line)]
        assert len(rows) == len(set(rows))
    whole = " ".join(" ".join(texts).split())
    if width >= 80:
        for words in wanted:
            assert words in whole
