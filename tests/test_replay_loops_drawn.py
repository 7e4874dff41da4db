"""A program that runs row by row is drawn with its loops rolled up; who follows the formulas of the picture gets its value."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx.replay.compile import compile
from microgradx.replay.run.layout import Layout
from microgradx.replay.tell.rolled import Repeats, Rolled
from microgradx.view.drawing import boxes as drawn_boxes
from microgradx.view.drawing.boxes import written
from microgradx.view.words.notation import exact

FUNCTIONS = {name: getattr(np, name) for name in ("sin", "cos", "tanh", "exp", "sqrt", "maximum")}


@pytest.fixture(autouse=True, scope="module")
def all_digits():
    """A picture has four digits of a number, which are not enough to compute with."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawn_boxes, "number", exact)
        yield


class Rounds(float):
    """The number of the last round, with those of all."""

    every: list[float]

    def __getitem__(self, place):
        return self.every[place] if self.every else float(self)


def rounds(numbers):
    found = Rounds(numbers[-1])
    found.every = numbers
    return found


class Reader:
    """Somebody who computes what a picture says, with pencil and paper."""

    def __init__(self, chart, given):
        _, self.boxes, self.arrows, _, self.frames, self.around = chart
        self.known = dict(FUNCTIONS | given)
        self.lines = [[written(line) for line in lines] for lines, _, _ in self.boxes]
        inside = {box: frame for frame, (_, boxes, _) in enumerate(self.frames) for box in boxes}
        self.steps = {}
        seen = set()
        for box, (_, kind, _) in enumerate(self.boxes):
            frame = inside.get(box, -1)
            while frame >= 0 and frame not in seen:
                seen.add(frame)
                self.steps.setdefault(self.frames[frame][2], []).append(("loop", frame))
                frame = self.frames[frame][2]
            if kind in ("step", "state"):
                self.steps.setdefault(inside.get(box, -1), []).append((kind, box))

    def name(self, box):
        return python(self.lines[box][0].partition(" = ")[0])

    def run(self, frame=-1):
        """All of one round of a frame, or of what is in none."""
        made = []
        for kind, place in self.steps[frame]:
            if kind == "loop":
                made += self.loop(place)
            elif kind == "step" and self.lines[place][0].endswith(", by the round"):
                self.known[self.name(place).partition(",")[0]] = eval(self.in_this_round(place), {}, self.known)
            elif kind == "step":
                name, formula = map(python, self.lines[place][0].split(" = "))
                self.known[name] = eval(formula, {}, self.known)
                made.append(name)
        return made

    def in_this_round(self, place):
        """What a box that goes by the round says of the one that runs."""
        for line in self.lines[place][1:]:
            letter, first, last, text = re.fullmatch(r"(\w) = (\d+)(?: to (\d+))?: (.*)", line).groups()
            if int(first) <= self.known[letter] <= int(last or first):
                return python(text)

    def loop(self, frame):
        said = re.fullmatch(r"([\d,]+) times, (\w) = 0 to ([\d,]+)", self.frames[frame][0])
        count, letter = int(said[1].replace(",", "")), said[2]
        states = [box for kind, box in self.steps[frame] if kind == "state"]
        handed = {state: box for box, state in self.around if state in states}
        first = {state: self.start(state) for state in states}
        every = {}
        for k in range(count):
            self.known[letter] = k
            for state in states:
                self.known[self.name(state)] = first[state] if k == 0 else self.known[self.name(handed[state])]
            for name in self.run(frame):
                every.setdefault(name, []).append(float(self.known[name]))
        for name, numbers in every.items():
            outer = self.known[name].every if isinstance(self.known[name], Rounds) else []
            self.known[name] = rounds(outer or numbers)
        return list(every)

    def start(self, state):
        for line in self.lines[state]:
            if line.startswith("at first "):
                return rounds([float(eval(python(line.removeprefix("at first ")), {}, self.known))] * 20)
        return self.known[self.name(state)]

    def value(self):
        self.run()
        [result] = [box for box, (lines, kind, _) in enumerate(self.boxes) if kind == "result" and lines == ["value"]]
        [tail] = [tail for tail, head, _ in self.arrows if head == result]
        return float(self.known[self.name(tail)])


def python(text):
    return text.replace("'", "_").replace("max(", "maximum(")


def read(f, given):
    """The value that the picture of a compiled function tells."""
    program = compile(f).program(*given.values())
    return Reader(program.chart(), {k: np.array(x) if isinstance(x, list) else x for k, x in given.items()}).value()


def lotka(x, y, a, b, c, d):
    def rate(x, y):
        return a * x - b * x * y, d * x * y - c * y

    for _ in range(60):
        u, v = rate(x, y)
        p, q = rate(x + 0.05 * u, y + 0.05 * v)
        x, y = x + 0.1 * p, y + 0.1 * q
    return x + y


def recurrent(w, u, b, xs):
    h = 0.0
    for x in xs:
        h = (w * h + u * x + b).tanh()
    return h


def momentum(x, lr, beta):
    v = 0.0
    for _ in range(80):
        v = beta * v + (4.0 * x**3 - 2.0 * x)
        x = x - lr * v
    return x


def network(W, u, xs):
    h = [0.0] * 5
    for x in xs:
        h = [(sum(w * a for w, a in zip(row, h, strict=True)) + v * x).tanh() for row, v in zip(W, u, strict=True)]
    return h[0] + h[1] * h[2] + h[3] - h[4]


def backwards(xs):
    total = 0.0
    for x in reversed(xs):
        total = total * 0.5 + x.sin()
    return total


def two_back(x):
    before, now = x, x * 1.5
    for _ in range(40):
        before, now = now, now.sin() + 0.5 * before
    return now


def scheduled(x):
    for k in range(30):
        x = x - 0.25 / (k + 1) * x.cos()
    return x


def averaged(p):
    s, every = 1.0, []
    for _ in range(10):
        s = 0.9 * s + 0.1 * p * p
        every.append(s)
    return sum(every)


def newton(p):
    x = 1.0
    for _ in range(10):
        x = 0.5 * (x + p / x)
    return x


def taking_turns(x):
    a, b = 0.0, -0.0
    for k in range(20):
        c, d = (x[k % 4] + b) + 0.3, x[(k + 1) % 4] + a * x[0]
        b = x[0] * c + d
    return b


TOLD = {
    "lotka": (lotka, {"x": 1.0, "y": 0.5, "a": 1.1, "b": 0.4, "c": 0.4, "d": 0.1}),
    "recurrent": (recurrent, {"w": 0.5, "u": 0.25, "b": 0.125, "xs": [0.1 * k for k in range(40)]}),
    "momentum": (momentum, {"x": 1.5, "lr": 0.01, "beta": 0.75}),
    "network": (network, {"W": [[0.1 * (i - j) for j in range(5)] for i in range(5)], "u": [0.25] * 5, "xs": [0.1, -0.2] * 8}),
    "backwards": (backwards, {"xs": [0.1 * k for k in range(60)]}),
    "two_back": (two_back, {"x": 0.75}),
    "averaged": (averaged, {"p": 1.25}),
}


@pytest.mark.parametrize("name", TOLD)
def test_who_follows_the_formulas_of_a_picture_gets_the_value_of_the_program(name):
    f, given = TOLD[name]
    assert read(f, given) == pytest.approx(compile(f)(*given.values()), rel=1e-12)


def test_numbers_that_were_recorded_round_by_round_are_listed():
    lines = [line for lines, _, _ in compile(scheduled).program(0.5).chart()[1] for line in map(written, lines)]
    assert "c0 = 0.25, 0.125, 0.08333, ..." in lines
    assert "x' = x - c0[k]*cos(x)" in lines


def test_inputs_are_called_after_the_arguments_and_states_after_what_they_are_at_first():
    *_, frames, around = chart = compile(momentum).program(1.5, 0.01, 0.9).chart()
    lines = [list(map(written, lines)) for lines, _, _ in chart[1]]
    assert ["s0", "from the round before", "at first 0"] in lines
    assert ["s0' = beta*s0 + (4*x**3 - 2*x)"] in lines
    assert ["x' = x - lr*s0'"] in lines
    assert [name for name, _, _ in frames] == ["80 times, k = 0 to 79"]
    assert {(lines[tail][0].split(" ")[0], lines[head][0]) for tail, head in around} == {("s0'", "s0"), ("x'", "x")}


def test_rounds_stand_in_rounds():
    f, given = TOLD["network"]
    _, boxes, _, _, frames, _ = compile(f).program(*given.values()).chart()
    named = ["16 times, k = 0 to 15", "5 times, i = 0 to 4", "4 times, j = 0 to 3"]
    assert [(name, outer) for name, _, outer in frames] == list(zip(named, (-1, 0, 1), strict=True))
    deepest, around = ([written(line) for box in frames[k][1] for line in boxes[box][0]] for k in (2, 1))
    assert any("W[i][j + 1]*s0[j + 1]" in line for line in deepest)
    assert any("u[i]*xs[k]" in line for line in around)


def test_a_gradient_has_the_way_there_in_formulas_and_the_way_back_loop_by_loop():
    f = compile(momentum)
    f.value_and_grad(1.5, 0.01, 0.9, argnums=(0, 1, 2))
    _, boxes, _, caption, frames, _ = f.program(1.5, 0.01, 0.9).chart()
    back = [lines[0] for lines, _, _ in boxes if lines[-1] == "on the way back"]
    assert [name for name, _, _ in frames] == ["80 times, k = 0 to 79"]
    assert any(re.fullmatch(r"7\d times 16 operations", line) for line in back)
    assert "Gradient" in caption[0]
    assert [lines for lines, kind, _ in boxes if kind == "result"] == [["value"], ["slopes of x lr beta"]]


def test_what_lies_elsewhere_in_other_rounds_is_told_by_the_round():
    lines = [list(map(written, lines)) for lines, _, _ in compile(averaged).program(1.25).chart()[1]]
    [pieces] = [told for told in lines if told[0].endswith(", by the round")]
    assert pieces == ["r2, by the round", "k = 0 to 7: r0[k + 1]", "k = 8: r1"]


@pytest.mark.parametrize("count", [3, 5, 10, 40, 1_000])
@pytest.mark.parametrize("asked", ["value", "gradient", "hvp", "hessian", "jvp"])
def test_every_recurrence_can_be_drawn_and_printed(count, asked):
    def predators(p):
        x, y, every = p[0], p[1], []
        for _ in range(count):
            x, y = x + 0.001 * (p[2] * x - p[3] * x * y), y + 0.001 * (p[3] * x * y - p[4] * y)
            every.append(x)
        return x * y + sum(every)

    points = {predators: [1.0, 1.0, 0.6, 0.8, 0.5], newton: 2.0, averaged: 1.25, taking_turns: [0.5, 0.25, 1.5, 2.0]}
    for f, point in points.items():
        ones = [1.0] * len(point) if isinstance(point, list) else 1.0
        f = compile(f)
        asks = {"value": f, "gradient": f.grad, "hessian": f.hessian if count < 1_000 else f.grad}
        asks |= {"hvp": lambda x, f=f, v=ones: f.hvp((x,), (v,)), "jvp": lambda x, f=f, v=ones: f.jvp((x,), (v,))}
        asks[asked](point)
        program = f.program(point)
        assert str(program)
        assert program.chart()[1]


def test_rows_that_do_not_repeat_are_one_box():
    def f(x):
        for k in range(40):
            x = (x * 1.5).sin() if k % 3 == 0 and k % 7 else x.exp() + x if k % 5 == 0 else (x - k).tanh()
        return x

    _, boxes, *_ = compile(f).program(0.5).chart()
    assert any(re.fullmatch(r"\d+ operations", str(lines[0])) for lines, _, _ in boxes)


def test_a_formula_names_the_row_that_it_reads_of_many_told_together():
    def f(x):
        made = [x]
        for k in range(40):
            last = made[-1]
            made.append((last * 1.5).sin() if k % 3 == 0 and k % 7 else last.exp() + x if k % 5 == 0 else (last - k).tanh())
        y = x
        for _ in range(20):
            y = (y * made[7] + made[30]).cos()
        return y

    lines = [list(map(written, lines)) for lines, _, _ in compile(f).program(0.5).chart()[1]]
    [(name, last)] = [re.findall(r"(r\d+)\[0..(\d+)\]: \d+ operations", told[0])[0] for told in lines if "operations" in told[0]]
    read = [int(row) for told in lines for row in re.findall(rf"{name}\[(\d+)\]", told[0])]
    assert len(read) == 2
    assert max(read) <= int(last)


def test_what_branches_rest_on_is_drawn():
    def f(x):
        return x.sin() if x > 0.5 else x

    results = [lines for lines, kind, _ in compile(f).program(0.75).chart()[1] if kind == "result"]
    assert results == [["value"], ["branches, as recorded"]]


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_pictures_of_random_loops_tell_the_value(data):
    """States that mix, inputs that march or stay, from one to three operations a state."""
    states, count = data.draw(st.integers(1, 3)), data.draw(st.integers(4, 12))
    operand = st.sampled_from([*(f"s{k}" for k in range(states)), *(f"n{k}" for k in range(states)), "w", "v", "xs[k]", "0.5"])
    operation = st.sampled_from(["({} + {})", "({} * {})", "({} - {})"])
    lines = []
    for state in range(states):
        text = data.draw(operand)
        for _ in range(data.draw(st.integers(1, 3))):
            text = data.draw(operation).format(text, data.draw(operand))
        lines.append((state, text))
    code = "def f(w, v, xs):\n"
    code += "".join(f"    s{k} = n{k} = {data.draw(st.sampled_from(['w', 'v', '0.25']))}\n" for k in range(states))
    code += f"    for k in range({count}):\n"
    code += "".join(f"        n{state} = ({text}).tanh()\n" for state, text in lines if text != "0.5")
    code += "".join(f"        s{k} = n{k}\n" for k in range(states))
    code += f"    return {' + '.join(f's{k}' for k in range(states))}\n"
    names = {}
    exec(code, names)
    given = {"w": 0.75, "v": -0.5, "xs": [0.1 * k - 0.3 for k in range(count)]}
    try:
        program = compile(names["f"]).program(*given.values())
    except AttributeError:
        return  # tanh of what is plain numbers alone
    chart = program.chart()
    if len(chart) == 6 and not any("operations" in str(lines[0]) for lines, _, _ in chart[1]):  # else it is told in part only
        told = Reader(chart, {k: np.array(x) if isinstance(x, list) else x for k, x in given.items()}).value()
        assert told == pytest.approx(program.run(program.inputs([0.75, -0.5, *given["xs"]]))[0], rel=1e-12)


def rolled(f, *given):
    runner = next(iter(compile(f).program(*given).runners.values()))
    layout = Layout(runner.tape, runner.rows)
    return Repeats(layout).rolled(0, len(layout))


def test_rows_alike_whose_operands_jump_about_are_no_loop():
    def f(xs):
        made = list(xs)
        for k in range(60):
            made.append((made[(k * 37) % len(made)] * made[-1]).sin())
        return made[-1]

    assert not any(isinstance(part, Rolled) and part.repeats > 20 for part in rolled(f, [0.5, 0.6, 0.7]))


def test_a_loop_begins_with_its_first_statement():
    [loop] = [part for part in rolled(momentum, 1.5, 0.01, 0.9) if isinstance(part, Rolled)]
    assert (loop.low, loop.repeats) == (0, 80)


def test_small_loops_of_the_way_back_are_told_with_what_stands_between_them():
    f, given = TOLD["network"]
    f = compile(f)
    f.value_and_grad(*given.values(), argnums=(0, 1))
    _, boxes, *_ = f.program(*given.values()).chart()
    back = [lines[0] for lines, _, _ in boxes if lines[-1] == "on the way back"]
    assert 1 <= len(back) <= 5
    assert sum(" times " in line for line in back) <= 2
