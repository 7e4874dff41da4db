"""The learning rate: too small, right, too large; schedules that shrink it; and optimizers that choose it for each weight."""

import numpy as np

from microgradx import Value, nn
from microgradx.nn.comparison import Comparison

CIRCLES = {  # learning rate: the cost of the circles network after 15000 updates
    0.0001: 0.7191394564129666,
    0.001: 0.6819508213992371,
    0.01: 0.06481018741251142,
    0.1: 0.008383273452962067,
    1.0: 0.6931471805599453,
    10.0: 1.0444277593378286,
}
table = Comparison()


def descend(optimizer, updates):
    """The weight after so many updates on f = w^2 from w = 1; its slope is 2w."""
    w = Value(1.0)
    optimizer.bind([w])
    for _ in range(updates):
        optimizer.zero_grad()
        (w * w).backward()
        optimizer.step()
    return w.data


print("Every update is: new weight = old weight - learning rate * gradient.")
table.section(
    "1. One weight on the curve f = w^2, from w = 1, after 50 updates; the lowest point is w = 0",
    "Each update multiplies w by 1 - 2 * rate, so w ends at (1 - 2 * rate)^50:",
    reference="by hand",
)
for rate, meaning in ((0.01, "too small"), (0.1, "good"), (0.5, "perfect"), (1.0, "jumps between 1 and -1"), (1.1, "too large")):
    table.row(f"rate {rate}: {meaning}", (1.0 - 2.0 * rate) ** 50, descend(nn.SGD(lr=rate), 50), within=1e-12)

table.section("2. Start large, then shrink: the rate in epochs (passes over the data) 0, 50 and 99", reference="by hand")
schedules = {
    "linear from 1.0 to 0.1 (moons demo)": (nn.schedules.linear(1.0, 0.1, 100), "1, 0.55, 0.109"),
    "a tenth after every 40 epochs": (nn.schedules.step(1.0, every=40), "1, 0.1, 0.01"),
    "0.95 times the last one": (nn.schedules.exponential(1.0, 0.95), "1, 0.0769, 0.00623"),
    "half a cosine wave": (nn.schedules.cosine(1.0, 100), "1, 0.5, 0.000247"),
    "warm-up of 10 epochs, then 1.0": (nn.schedules.warm_up(10, nn.schedules.constant(1.0)), "0.1, 1, 1"),
}
for name, (schedule, expected) in schedules.items():
    table.row(name, expected, ", ".join(f"{schedule(epoch):.3g}" for epoch in (0, 50, 99)))

table.section(
    "3. Relatives of gradient descent: w after 10 updates on f = w^2 from w = 1",
    "Momentum adds 0.9 of the last step; Adagrad, RMSProp and Adam divide each step by the size of earlier gradients.",
    reference="by hand",
)
table.row("SGD, rate 0.1", 0.1073741824, descend(nn.SGD(lr=0.1), 10))
table.row("SGD with momentum 0.9, rate 0.1", 0.0043998706, descend(nn.SGD(lr=0.1, momentum=0.9), 10), within=1e-8)
table.row("Adagrad, rate 0.1", 0.5537312003652513, descend(nn.Adagrad(lr=0.1), 10))
table.row("RMSProp, rate 0.01", 0.5498911190602723, descend(nn.RMSProp(lr=0.01), 10))
table.row("Adam, rate 0.1", 0.07624915560691176, descend(nn.Adam(lr=0.1), 10))

table.section(
    "4. Try several rates and keep the best: the cost on the circles after 15000 updates",
    "(two inputs, ReLU layers of 10 and 5, one output, He starting weights as in the initialization demo)",
    reference="by hand in float64",
)
X, y = nn.data.circles(300)
costs = {}
for rate, published in CIRCLES.items():
    model = nn.MLP(2, [10, 5, 1], init="he", rng=np.random.RandomState(3))
    history = nn.fit(model, X, y, loss="binary_cross_entropy", optimizer=nn.SGD(lr=rate), epochs=15001)
    costs[rate] = history.loss[15000]
    table.row(f"rate {rate:g}", published, costs[rate], within=1e-9)
    if rate >= 1.0:
        layers = nn.plots.activations(model, X)
        table.row(f"rate {rate:g}: largest output of layer 2", 0.0, max(layers["layers[1]"]))
table.row("best rate", 0.1, min(costs, key=costs.get))
print("At rates 1 and 10 the first big step killed layer 2: all its ReLUs give 0 for every point and get no gradient any more.")
table.verdict("Too small a rate is slow, too large a rate ruins the network; in between there is a best one.")
