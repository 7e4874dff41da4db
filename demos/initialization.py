"""Where the weights start: zeros, too large, He and Xavier on the circles; equal units; vanishing, exploding, saturation."""

import sys

import numpy as np

from microgradx import Value, nn, no_grad, relu, sigmoid, tanh
from microgradx.nn.comparison import Comparison

UPDATES = 15000 if "--full" in sys.argv else 20
LN2 = 0.6931471805599453
STARTS = {  # cost before training, after 20 updates, after 14000 (the last one printed), after 15000; accuracies at the end
    "zeros": ("zeros", LN2, LN2, LN2, LN2, "50% / 50%"),
    "10 * normal": (nn.init.normal(10.0), 1773.5859549373833, 78.55514805025183, 0.38278, 0.38107, "83% / 86%"),
    "He": ("he", 0.8830537463419761, 0.8216527422581981, 0.07357895962677366, 0.06481018741251142, "99% / 96%"),
    "Xavier": ("xavier_fan_in", 0.729451703805014, 0.7243984965355327, 0.10850689140892149, 0.09421417390603815, "99% / 93%"),
    "all 0.5": (nn.init.constant(0.5), 1.7876413820493218, 1.336787030502448, 0.648536431545295, 0.6476200817891506, "58% / 59%"),
    "0.01 * normal": (nn.init.normal(0.01), 0.6931473549048266, 0.6931473545528513, 0.69314730658, 0.69314730338, "46% / 48%"),
}
table = Comparison()
train, test = nn.data.circles(300, seed=1), nn.data.circles(100, seed=2)


def judged(model, X, y):
    with no_grad():
        outputs = [model(row) for row in X]
        return nn.binary_cross_entropy(outputs, y).data, f"{nn.accuracy(outputs, y):.0%}"


print("Two inputs, ReLU layers of 10 and 5 neurons, one sigmoid output; 300 points on two circles, 100 more for the test.")
print(
    "Biases 0, rate 0.01, mean cross-entropy. He: normal * sqrt(2 / inputs); Xavier, as in the notes: normal * sqrt(1 / inputs)."
)
for name, (init, first, soon, printed, last, accuracies) in STARTS.items():
    source = "published" if name in ("zeros", "10 * normal", "He") and UPDATES > 20 else "by hand in float64"
    table.section(f"1. Starting weights: {name}, {UPDATES} updates", reference=source)
    model = nn.MLP(2, [10, 5, 1], init=init, rng=np.random.RandomState(3))
    losses = nn.fit(model, *train, loss="binary_cross_entropy", optimizer=nn.SGD(lr=0.01), epochs=UPDATES).loss
    cost, train_accuracy = judged(model, *train)
    close = 1e-4 if name == "10 * normal" and UPDATES > 100 else 1e-10
    table.row("cost before training", first, losses[0])
    if UPDATES > 14000:
        table.row("cost after 14000 updates", printed, losses[14000], within=close)
        table.row("cost after 15000 updates", last, cost, within=close)
        table.row("accuracy: training / test", accuracies, f"{train_accuracy} / {judged(model, *test)[1]}")
    else:
        table.row("cost after 20 updates", soon, cost, within=close)
    units = {tuple(p.data for p in neuron.parameters()) for neuron in model.layers[0].neurons}
    table.row("different units in the first layer", 1 if name in ("zeros", "all 0.5") else 10, len(units))


def chain(step, depth=10, x=1.0):
    """d(end)/d(start) when `step` is applied `depth` times."""
    start = end = Value(x)
    for _ in range(depth):
        end = step(end)
    end.backward()
    return start.grad


table.section("2. Ten layers of one neuron: the slope of the end with respect to the start x = 1", reference="by hand")
table.row("linear, weight 0.5: vanishes", 0.0009765625, chain(lambda a: 0.5 * a))
table.row("linear, weight 1.5: explodes", 57.6650390625, chain(lambda a: 1.5 * a))
table.row("sigmoid, weight 1", 2.7847671758175863e-07, chain(sigmoid))
table.row("tanh, weight 1", 0.040912041969128836, chain(tanh))
table.row("tanh, weight 10: saturated", 1.45e-71, float(f"{chain(lambda a: tanh(10.0 * a)):.3g}"))
table.row("ReLU, weight 1: not shrunk", 1.0, chain(relu))
table.section("3. Saturation: the slope of one activation far from 0", reference="by hand: a*(1-a)")
table.row("sigmoid at 0", 0.25, chain(sigmoid, 1, 0.0))
table.row("sigmoid at 10", 4.5395807735907655e-05, chain(sigmoid, 1, 10.0), within=1e-11)
table.row("tanh at 5", 0.0001815832309438603, chain(tanh, 1, 5.0), within=1e-11)
table.row("ReLU at 0, taken as", 0.0, chain(relu, 1, 0.0))
print("(1 - a loses digits where a is nearly 1; the slopes on the right do not.)")

table.section("4. Ten tanh layers of 32 neurons: length of the gradient of the first layer's weights", reference="by hand")
SPREADS = {"0.01": (0.01, 2.2746911763279887e-10), "sqrt(1/32)": (32**-0.5, 4.661398443187544), "1": (1.0, 161.63949261082146)}
for name, (std, norm) in SPREADS.items():
    stream = np.random.RandomState(0)
    x = stream.standard_normal(32)
    deep = nn.MLP(32, [32] * 10, activation="tanh", output="tanh", init=nn.init.normal(std), rng=stream, bias=False)
    sum(deep(x)).backward()
    table.row(f"weights normal * {name}", norm, nn.gradient_norm(deep.layers[0].parameters()), within=1e-10)
share = np.mean(np.abs(nn.plots.activations(deep, [x])["layers[9]"]) > 0.99)
table.row("saturated in layer 10 at normal * 1", "62.5%", f"{share:.1%}")
table.verdict("Start unequal, and with a spread that fits the number of inputs: He for ReLU, Xavier for tanh and sigmoid.")
