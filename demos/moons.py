"""A 2-16-16-1 network learns the two moons: 100 steps, step for step those of micrograd's demo."""

import random

import microgradx as mx
from microgradx import nn

X, labels = nn.data.moons(100, noise=0.1, seed=1337)
targets = [2.0 * label - 1.0 for label in labels.tolist()]
model = nn.MLP(2, [16, 16, 1], activation="relu", rng=random.Random(1337))


def loss_and_accuracy() -> tuple[mx.Value, float]:
    scores = [model(x) for x in X.tolist()]
    hinge = mx.mean((1.0 - y * score).relu() for y, score in zip(targets, scores, strict=True))
    penalty = 1e-4 * mx.sum(p * p for p in model.parameters())
    hits = sum((y > 0) == (score > 0) for y, score in zip(targets, scores, strict=True))
    return hinge + penalty, hits / len(targets)


print(f"{model}\n\nstep  loss                   accuracy")
for step in range(100):
    loss, accuracy = loss_and_accuracy()
    model.zero_grad()
    loss.backward()
    if step % 10 == 0 or step == 99:
        print(f"{step:4}  {loss.data:<21.17g}  {accuracy:.0%}")
    for p in model.parameters():
        p.data -= (1.0 - 0.9 * step / 100) * p.grad
