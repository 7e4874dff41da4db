"""A 2-16-16-1 network learns the two moons: 100 steps, step for step those of micrograd's demo."""

import random

from comparison import Comparison, free
from microgradx import draw, nn

LOG = {  # step: (loss, accuracy) as micrograd's notebook printed them before the update of that step
    0: (0.8958441028683222, "50%"), 1: (1.7235905336972022, "81%"),
    10: (0.24507023853658053, "91%"), 20: (0.18977522856087634, "91%"),
    30: (0.11731297569011848, "95%"), 40: (0.06016009895234464, "100%"),
    50: (0.09875114765619622, "96%"), 60: (0.0325971115781023, "99%"),
    70: (0.014229870065926908, "100%"), 80: (0.012318500800515763, "100%"),
    90: (0.010984458327280174, "100%"), 99: (0.010978370135492717, "100%"),
}  # fmt: skip

X, labels = nn.data.moons(100, noise=0.1, seed=1337)
model = nn.MLP(2, [16, 16, 1], activation="relu", rng=random.Random(1337))


def loss(scores, labels):
    """The margin loss, and a penalty that keeps the weights small."""
    return nn.hinge(scores, labels) + nn.l2(model.parameters(), 1e-4)


print("100 points on two half moons, labelled -1 and +1; two hidden layers of 16 ReLU neurons; 337 weights and biases.")
print("The output is a score: above 0 means +1. Loss: the hinge loss, mean of max(0, 1 - label * score), plus a penalty")
print("of 0.0001 * the sum of squares of all 337 weights and biases. One step is one update after a pass over all points.")
print("The learning rate of a step is 1.0 - 0.9 * step / 100: large steps first, small ones to settle.")
print("micrograd is Andrej Karpathy's small teaching library; its log was published with its demo.")
print("The loss may rise while the accuracy rises: large steps overshoot.")
history = nn.fit(
    model,
    X,
    2 * labels - 1,
    loss=loss,
    optimizer=nn.SGD(),
    schedule=nn.schedules.linear(1.0, 0.1, 100),
    epochs=100,
    accuracy=nn.accuracy,
)

table = Comparison()
table.section("Loss and accuracy before each step (0 to 99)", what="step", reference="micrograd's log")
for step, (published, accuracy) in LOG.items():
    table.row(f"{step}: loss", published, history.loss[step], within=1e-12)
    table.row(f"{step}: accuracy", accuracy, f"{history.accuracy[step]:.0%}")

print(f"In the end the penalty alone is {nn.l2(model.parameters(), 1e-4).data:.3f}.")
print(f"Accuracy after all 100 steps: {nn.accuracy([model(row) for row in X], 2 * labels - 1):.0%}")
model.zero_grad()
strongest = max(model.layers[0](X[0]))
strongest.backward()
print("\nThe first-layer neuron with the largest output for the first point, and the slopes of that output:")
print(draw(strongest).save(free("neuron.svg")))
title = "Two moons after 100 steps"
table.picture("moons.png", lambda path: nn.plots.decision_boundary(model, X, 2 * labels - 1, path, title=title))
table.verdict("Before the last step every point is on its side of the boundary.")
