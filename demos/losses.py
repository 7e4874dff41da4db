"""Which loss for which problem: regression, two classes, several classes; each value and each slope by hand and by the engine."""

import math

from microgradx import Value, nn
from microgradx.nn.comparison import Comparison

table = Comparison()


def show(name, loss, outputs, targets, published, slopes):
    """One loss: its value, and its slope at every output."""
    leaves = [Value(output) for output in outputs]
    total = loss(leaves, targets)
    total.backward()
    table.row(f"{name}", published, total.data)
    for place, (leaf, slope) in enumerate(zip(leaves, slopes, strict=True)):
        table.row(f"   slope at output {place} ({outputs[place]:g})", slope, leaf.grad, within=1e-10)


def sigmoid(z):
    return 1.0 / (1.0 + math.exp(-z))


print("A loss says how wrong the outputs are; its slope at an output says which way to move it (against the slope).")

table.section(
    "1. Regression: linear output and mean squared error",
    "outputs 2.5, 0, 2, 8 for targets 3, -0.5, 2, 7;   slope = 2 * (output - target) / 4",
    reference="by hand",
)
show("mean of (output - target)^2", nn.mse, [2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0], 0.375, [-0.25, 0.25, 0.0, 0.5])

table.section(
    "2. Two classes: sigmoid and cross-entropy",
    "logits z = 2, -1, 0.5 (the numbers before the sigmoid) for labels 1, 0, 1;   slope = (sigmoid(z) - label) / 3",
    reference="by hand",
)
slopes = [(sigmoid(2.0) - 1.0) / 3, sigmoid(-1.0) / 3, (sigmoid(0.5) - 1.0) / 3]
show("binary cross-entropy", nn.binary_cross_entropy, [2.0, -1.0, 0.5], [1, 0, 1], 0.3047555609137674, slopes)

table.section(
    "3. Several classes: softmax and cross-entropy",
    "logits 1, 2, 3, and the right class is the last;   slope = softmax - (1 for the right class, 0 for the others)",
    reference="by hand",
)
slopes = [0.09003057317038046, 0.24472847105479767, -0.33475904422517816]
show("cross-entropy", nn.cross_entropy, [1.0, 2.0, 3.0], 2, 0.40760596444438046, slopes)

table.section(
    "4. Far out: logit 1000 for label 0, where sigmoid(1000) is rounded to exactly 1",
    "The textbook formula needs ln(1 - 1) = ln(0). The loss works on the logit itself and stays finite:",
    reference="by hand",
)
show("binary cross-entropy", nn.binary_cross_entropy, [1000.0], [0], 1000.0, [1.0])
table.verdict("Cross-entropy with sigmoid or softmax has the simplest slope of all: share minus target.")
