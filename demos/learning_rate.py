"""The learning rate: too small, right, too large; schedules that shrink it; and optimizers that choose it for each weight."""

import numpy as np

from comparison import Comparison
from microgradx import Value, nn

CIRCLES = {  # learning rate: the loss of the circles network after 3000 updates
    0.0001: 0.8013285070288824, 0.001: 0.7042594523960812, 0.01: 0.6526117768893807,
    0.1: 0.022292322779148558, 1.0: 0.6931471805599455, 10.0: 1.0444277593378275,
}  # fmt: skip
table = Comparison("e-05 means times 10^-5. An epoch is one pass over the data, here one update (step) of the weights.")


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
    "The gradient of w^2 is 2w, so each update multiplies w by 1 - 2 * rate, and w ends at (1 - 2 * rate)^50:",
    reference="separate formula",
)
MEANING = {0.01: "too small", 0.1: "good", 0.5: "perfect for this curve only", 1.0: "jumps between 1 and -1", 1.1: "too large"}
for rate, meaning in MEANING.items():
    table.row(f"rate {rate}: {meaning}", (1.0 - 2.0 * rate) ** 50, descend(nn.SGD(lr=rate), 50), within=1e-12)

table.picture("descent.png", lambda path: nn.plots.descent(lambda w: w * w, 1.0, path=path))

table.section("2. Changing rates: the rate in epochs 0, 50 and 99 of 100 (0 to 99)", reference="separate formula")
schedules = {
    "from 1.0 towards 0.1 (0.1 would be epoch 100)": (nn.schedules.linear(1.0, 0.1, 100), "1, 0.55, 0.109"),
    "divided by 10 every 40 epochs": (nn.schedules.step(1.0, every=40), "1, 0.1, 0.01"),
    "0.95 times the rate of the epoch before": (nn.schedules.exponential(1.0, 0.95), "1, 0.0769, 0.00623"),
    "half a cosine wave from 1 to 0": (nn.schedules.cosine(1.0, 100), "1, 0.5, 0.000247"),
    "warm-up: grows 10 epochs to 1.0, then stays": (nn.schedules.warm_up(10, nn.schedules.constant(1.0)), "0.1, 1, 1"),
}
for name, (schedule, expected) in schedules.items():
    table.row(name, expected, ", ".join(f"{schedule(epoch):.3g}" for epoch in (0, 50, 99)))

table.section(
    "3. Relatives of gradient descent: w after 10 updates on f = w^2 from w = 1",
    "SGD is plain gradient descent. Momentum adds 0.9 of the last step; Adagrad, RMSProp and Adam divide each step by the size",
    "of earlier gradients (RMSProp keeps 0.99 of the old size, Adam 0.999), and Adam also uses momentum, 0.9.",
    "The rates differ: not a race.",
    reference="separate formula",
)
table.row("SGD, rate 0.1", 0.1073741824, descend(nn.SGD(lr=0.1), 10))
table.row("SGD with momentum 0.9, rate 0.1", 0.0043998706, descend(nn.SGD(lr=0.1, momentum=0.9), 10), within=1e-8)
table.row("Adagrad, rate 0.1", 0.5537312003652513, descend(nn.Adagrad(lr=0.1), 10))
table.row("RMSProp, rate 0.01", 0.5498911190602723, descend(nn.RMSProp(lr=0.01), 10))
table.row("Adam, rate 0.1", 0.07624915560691176, descend(nn.Adam(lr=0.1), 10))

table.section(
    "4. Try several rates and keep the best: the loss after 3000 updates on 300 points on two circles",
    "Two inputs, ReLU layers of 10 and 5, one sigmoid output; points and He starting weights as in the initialization demo.",
    "A loss of 0.693 = ln 2 is that of the answer 50/50 for every point.",
    reference="separate formula",
)
X, y = nn.data.circles(300)
losses, runs = {}, {}
for rate, known in CIRCLES.items():
    model = nn.MLP(2, [10, 5, 1], init="he", rng=np.random.RandomState(3))
    history = nn.fit(model, X, y, loss="binary_cross_entropy", optimizer=nn.SGD(lr=rate), epochs=3001)
    losses[rate], runs[f"rate {rate:g}"] = history.loss[3000], history
    table.row(f"rate {rate:g}", known, losses[rate], within=1e-9)
    if rate >= 1.0:
        layers = nn.plots.activations(model, X)
        table.row(f"rate {rate:g}: largest output of layer 2", 0.0, max(layers["L1"]))
table.row("best of these six", 0.1, min(losses, key=losses.get))
table.picture("rates.png", lambda path: nn.plots.losses(runs, path, title="Circles: the loss at six learning rates"))
print("At rates 1 and 10 the second hidden layer (layer 2) is dead: its ReLUs give 0 for every point and get no gradient.")
print("Only the last bias still learns; at rate 10 it jumps to and fro, so the loss stays above ln 2.")
table.verdict("Too small a rate is slow, too large a rate ruins the network; rate 0.1 was the best of these six.")
