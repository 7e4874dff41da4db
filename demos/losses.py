"""Which loss for which problem: regression, two classes, several classes; each value and each slope."""

import math

from comparison import Comparison
from microgradx import Value, nn

table = Comparison()


def show(name, loss, outputs, targets, known, slopes, where="the logit"):
    """One loss: its value, and its slope at every output."""
    leaves = [Value(output) for output in outputs]
    total = loss(leaves, targets)
    total.backward()
    table.row(name, known, total.data)
    for output, leaf, slope in zip(outputs, leaves, slopes, strict=True):
        table.row(f"   slope where {where} is {output:g}", slope, leaf.grad, within=1e-10)


def sigmoid(z):
    return 1.0 / (1.0 + math.exp(-z))


print("A loss says how wrong the outputs are; its slope at an output says which way to move it (against the slope).")

table.section(
    "1. Regression: linear output and mean squared error",
    "outputs 2.5, 0, 2, 8 for targets 3, -0.5, 2, 7;   slope = 2 * (output - target) / 4",
    reference="separate formula",
)
show(
    "mean of (output - target)^2",
    nn.mse,
    [2.5, 0.0, 2.0, 8.0],
    [3.0, -0.5, 2.0, 7.0],
    0.375,
    [-0.25, 0.25, 0.0, 0.5],
    "the output",
)

table.section(
    "2. Two classes: sigmoid and cross-entropy",
    "logits z = 2, -1, 0.5 (the numbers before the sigmoid) for labels 1, 0, 1;   sigmoid(z) = 1 / (1 + e^-z), a probability p",
    "loss = mean of -(label * ln(p) + (1 - label) * ln(1 - p));   slope = (p - label) / 3",
    reference="separate formula",
)
slopes = [(sigmoid(2.0) - 1.0) / 3, sigmoid(-1.0) / 3, (sigmoid(0.5) - 1.0) / 3]
show("binary cross-entropy", nn.binary_cross_entropy, [2.0, -1.0, 0.5], [1, 0, 1], 0.3047555609137674, slopes)

table.section(
    "3. Several classes: softmax and cross-entropy",
    "logits z = 1, 2, 3, one for each class; the right class is the last;   softmax: p = e^z / (e^1 + e^2 + e^3) for each class",
    "loss = -ln(p of the right class);   slope = p - target, where the target is 1 for the right class and 0 for the others",
    reference="separate formula",
)
slopes = [0.09003057317038046, 0.24472847105479767, -0.33475904422517816]
show("cross-entropy", nn.cross_entropy, [1.0, 2.0, 3.0], 2, 0.40760596444438046, slopes)

table.section(
    "4. A very large logit: z = 1000 for label 0, where sigmoid(1000) is rounded to exactly 1",
    "The formula of section 2 needs ln(1 - 1) = ln(0), which is minus infinity. Written with the logit itself it stays finite:",
    "loss = max(z, 0) - z * label + ln(1 + e^-|z|), the same loss, written otherwise;   slope = (p - label) / 1",
    reference="separate formula",
)
show("binary cross-entropy", nn.binary_cross_entropy, [1000.0], [0], 1000.0, [1.0])
table.picture("loss_shapes.png", lambda path: nn.plots.loss_shape("mse", "mae", "binary_cross_entropy", "hinge", path=path))
table.verdict("With sigmoid or softmax, cross-entropy has the slope probability - target (divided by the number of samples).")
