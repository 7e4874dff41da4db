"""The chain rule, path by path: how dE/dw1 of the spreadsheet network comes about, and what the gradient is good for."""

import math
import random

from comparison import Comparison, free
from microgradx import Value, draw, gradient, nn, sigmoid

table = Comparison("e-05 means times 10^-5.")
X, targets, weights = nn.data.spreadsheet()


def error(w):
    """E for the eight weights, and every value on the way."""
    h1, h2 = (sigmoid(w[i] * X[0][0] + w[i + 1] * X[0][1]) for i in (0, 2))
    o1, o2 = (sigmoid(w[i] * h1 + w[i + 1] * h2) for i in (4, 6))
    halves = [(target - out) ** 2 / 2 for target, out in zip(targets[0], (o1, o2), strict=True)]
    return sum(halves), h1, o1, o2, *halves


def slope(result, of):
    return gradient(result, [of])[0]


start = [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]
total, h1, o1, o2, e1, e2 = error(w := [Value(weight, label=f"w{i}") for i, weight in enumerate(start, 1)])
print("""The network of the spreadsheet demo, inputs 0.05, 0.10: w1, w2 lead into h1; w3, w4 into h2; w5, w6 into o1; w7, w8 o2.
All four neurons are sigmoids without bias; targets 0.01, 0.99; the weights start at 0.15 0.20 0.25 0.30 0.40 0.45 0.50 0.55.
w1 changes the hidden output h1, h1 changes both outputs o1 and o2, and each has its share of E, the loss:
E = E1 + E2, where E1 = (0.01 - o1)^2 / 2 and E2 = (0.99 - o2)^2 / 2.
Along a path the local slopes are multiplied; where paths meet again they are added.""")

table.section("1. The two paths from h1 to E", reference="separate formula")
table.row("h1 -> o1 -> E1:  dE1/do1 * do1/dh1", 0.056942744926206906, slope(e1, o1) * slope(o1, h1))
table.row("h1 -> o2 -> E2:  dE2/do2 * do2/dh1", -0.04187944402458751, slope(e2, o2) * slope(o2, h1))
table.row("both added: dE/dh1", 0.056942744926206906 - 0.04187944402458751, slope(total, h1))

table.section("2. From w1 to h1:  h1 = sigmoid(z), z = w1*0.05 + w2*0.10", reference="separate formula")
table.row("dh1/dz = h1 * (1 - h1)", 0.24995274033179996, slope(h1, w[0]) / 0.05)
table.row("dz/dw1 = the input", 0.05, X[0][0])
table.row("dE/dw1 = dE/dh1 * dh1/dz * dz/dw1", 0.0001882556669401121, slope(total, w[0]))
h1.label, o1.label, o2.label, e1.label, e2.label, total.label = "h1", "o1", "o2", "E1", "E2", "E"
print("The paths from w1 to E, with the local slope and what passes on each wire:")
print(draw(total, path=(w[0], total), edges="chain").save(free("chain_rule.svg")))

title = "3. The gradient points uphill: one step of length 0.001 against the gradient, and 2000 random steps of the same length"
table.section(title, reference="separate formula")
length = math.hypot(*(slopes := gradient(total, w)))
best = error([weight - 1e-3 * s / length for weight, s in zip(start, slopes, strict=True)])[0]
draw, others = random.Random(0), []
for _ in range(2000):
    step = [draw.gauss(0.0, 1.0) for _ in start]
    others.append(error([weight - 1e-3 * s / math.hypot(*step) for weight, s in zip(start, step, strict=True)])[0])
table.row("gradient's length squared: sum of slope^2", 0.014122674373120392, length**2)
table.row("E before the step", 0.24251985734837728, total.data)
table.row("E after the step against the gradient", 0.2424010287071492, best)
print(f"{'lowest E of the 2000 random steps':46}  {'(random)':22}  {float(min(others))!r}")
table.row("random steps that reach a lower E", 0, sum(other < best for other in others))


def one_after_the_other(rate):
    w = [Value(weight) for weight in start]
    for weight in w:
        weight.data -= rate * slope(error(w)[0], weight)
    return error(w)[0].data


def together(rate):
    return error([weight - rate * s for weight, s in zip(start, slopes, strict=True)])[0]


table.section(
    "4. Partial derivatives hold the other weights fixed, so update all weights together",
    "One by one: w1 to w8 in turn, each slope computed anew with the weights already moved. The difference is that of both E.",
    reference="separate formula",
)
table.row("at learning rate 0.5: E, all together", 0.23549537787349017, together(0.5))
table.row("at learning rate 0.5: E, one by one", 0.23551350100197202, one_after_the_other(0.5))
for rate, gap in ((0.5, 1.81e-5), (0.05, 1.81e-7), (0.005, 1.81e-9)):
    table.row(f"at learning rate {rate}: the difference", gap, float(f"{one_after_the_other(rate) - together(rate):.3g}"))
print("A tenth of the learning rate makes the difference a hundredth.")
table.verdict("Multiply along a path, add over paths, step against the gradient.")
