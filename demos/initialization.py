"""Where the weights start: zeros, too large, He and Xavier on the circles; equal units; vanishing, exploding, saturation."""

import argparse

import numpy as np

from comparison import Comparison
from microgradx import Value, gradient, nn, no_grad, relu, sigmoid, tanh

STARTS = {  # the loss before training, after 14000 updates (the last one printed) and after 15000; the accuracies at the end
    "zeros": ("zeros", 0.6931471805599453, 0.6931471805599453, 0.6931471805599453, "50.00% / 50.00%"),
    "10 * normal": (nn.init.normal(10.0), 1773.5859549373833, 0.38278397192120406, 0.38106681833923084, "83.00% / 86.00%"),
    "He": ("he", 0.8830537463419761, 0.07357895962677366, 0.06481018741251142, "99.33% / 96.00%"),
    "Xavier": ("xavier_fan_in", 0.729451703805014, 0.10850689140892149, 0.09421417390603815, "99.00% / 93.00%"),
    "all 0.5": (nn.init.constant(0.5), 1.7876413820493218, 0.648536431545295, 0.6476200817891506, "58.00% / 59.00%"),
    "0.01 * normal": (nn.init.normal(0.01), 0.6931473549048266, 0.6931473065831708, 0.6931473033837475, "46.33% / 48.00%"),
    "-0.3 to 0.3": (nn.init.uniform(-0.3, 0.3), 0.6934183917810843, 0.692081226118, 0.691777007959, "58.33% / 55.00%"),
    "0 to 1": (nn.init.uniform(0.0, 1.0), 1.8793310772001497, 0.3840609123291001, 0.2496179499593379, "98.67% / 95.00%"),
    "-1 to 1": (nn.init.uniform(), 0.7086907600996061, 0.2708874664306154, 0.19785621347772867, "98.67% / 94.00%"),
}
NOTE = ("The publication prints inf for the first loss, from ln(0); the row shown is that of the stable formula (losses demo).",
        "Large weights magnify rounding differences, so the two later losses agree to 3 or 4 digits only.")
options = argparse.ArgumentParser(prog="microgradx demo initialization", description=__doc__)
options.add_argument("--all", action="store_true", help="all nine starts, not only four")
table = Comparison("e-05 means times 10^-5.")
train, test = nn.data.circles(300, seed=1), nn.data.circles(100, seed=2)
def judged(model, X, y):
    with no_grad():
        outputs = [model(row) for row in X]
        return nn.binary_cross_entropy(outputs, y).data, f"{nn.accuracy(outputs, y):.2%}"

print("Two inputs, ReLU layers of 10 and 5 neurons, one sigmoid output; 300 points on two circles, 100 more for the test.")
print("Biases 0, rate 0.01, loss: mean cross-entropy; an update (or step) follows each epoch, a pass over all points.")
print("normal = random number from the bell curve (mean 0, spread 1). He: times sqrt(2/inputs). Xavier: times sqrt(1/inputs).")
print("Published (Kulbear/deep-learning-coursera): the losses up to 14000 updates for zeros, 10 * normal (but its first) and He.")
print("All other references come from the separate formula. A loss of 0.6931 = ln 2 is a pure guess.")
for letter, name in zip("abcdefghi", list(STARTS)[: 9 if options.parse_args().all else 4], strict=False):
    init, first, printed, last, accuracies = STARTS[name]
    table.section(f"1{letter}. Starting weights: {name}", *(NOTE if name == "10 * normal" else ()), reference="reference")
    model = nn.MLP(2, [10, 5, 1], init=init, rng=np.random.RandomState(3))
    losses = nn.fit(model, *train, loss="binary_cross_entropy", optimizer=nn.SGD(lr=0.01), epochs=15000).loss
    cost, accuracy = judged(model, *train)
    close = 1e-3 if name == "10 * normal" else 1e-12
    table.row("loss before training", first, losses[0])
    table.row("loss after 14000 updates", printed, losses[14000], within=close)
    table.row("loss after 15000 updates", last, cost, within=close)
    table.row("accuracy: training / test", accuracies, f"{accuracy} / {judged(model, *test)[1]}")
    units = {tuple(p.data for p in neuron.parameters()) for neuron in model.layers[0].neurons}
    table.row("different neurons in layer 1 after training", 1 if name in ("zeros", "all 0.5") else 10, len(units))

def chain(step, depth=10, x=1.0):
    start = end = Value(x)
    for _ in range(depth):
        end = step(end)
    return gradient(end, [start])[0]

TEN = "2. Ten layers of one neuron: slope of the last output with respect to the input x = 1"
SATURATED = "Saturated: so near its limit that it is almost flat; section 3 counts a tanh above 0.99 or below -0.99."
table.section(TEN, SATURATED, reference="separate formula")
table.row("linear, weight 0.5: vanishes", 0.0009765625, chain(lambda a: 0.5 * a))
table.row("linear, weight 1.5: explodes", 57.6650390625, chain(lambda a: 1.5 * a))
table.row("sigmoid, weight 1: vanishes", 2.7847671758175863e-07, chain(sigmoid))
table.row("tanh, weight 1: shrinks", 0.040912041969128836, chain(tanh))
table.row("ReLU, weight 1: stays", 1.0, chain(relu))
table.row("tanh, weight 10: saturated", 1.45e-71, float(f"{chain(lambda a: tanh(10.0 * a)):.3g}"))
table.row("slope of one sigmoid at 10", 4.5395807735951673e-05, chain(sigmoid, 1, 10.0))
table.row("slope of one tanh at 5", 0.00018158323094380667, chain(tanh, 1, 5.0))

TANH = "3. Ten tanh layers of 32 neurons: length of layer 1's gradient (square root of the sum of squares)"
table.section(TANH, reference="separate formula")
STD = {"0.01": (0.01, 2.2746911763279887e-10), "sqrt(1/32) Xavier": (32**-0.5, 4.661398443187544), "1": (1, 161.63949261082146)}
signals = {}
for name, (std, norm) in STD.items():
    stream = np.random.RandomState(0)
    x = stream.standard_normal(32)
    deep = nn.MLP(32, [32] * 10, activation="tanh", output="tanh", init=nn.init.normal(std), rng=stream, bias=False)
    sum(deep(x)).backward()
    signals[f"normal * {name}"] = nn.plots.activations(deep, [x])
    table.row(f"weights normal * {name}", norm, nn.gradient_norm(deep.layers[0].parameters()), within=1e-10)
share = np.mean(np.abs(signals["normal * 1"]["L9"]) > 0.99)
table.row("saturated in layer 10 at normal * 1", "62.5%", f"{share:.1%}")
table.picture("signals.png", lambda path: nn.plots.spread(signals, path, title="Outputs of ten tanh layers"))
print("At normal * 1 the gradient is large although most neurons are saturated: the large weights outweigh the flat slopes.")
table.verdict("Two agree to 3 or 4 digits only. He suited ReLU best here; sqrt(1/inputs) kept the tanh gradients usable.")
