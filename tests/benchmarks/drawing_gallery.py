"""The gallery that drawings are judged by: graphs of all kinds, each with a name."""

from __future__ import annotations

import math
from collections.abc import Callable

import microgradx as mx
from microgradx import Value, gradient, nn
from microgradx.nn.data import moons


def expression() -> Value:
    a, b, c, f = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c"), Value(-2.0, "f")
    return (a * b + c) * f


def neuron() -> Value:
    x1, x2, w1, w2, b = Value(2.0, "x1"), Value(0.0, "x2"), Value(-3.0, "w1"), Value(1.0, "w2"), Value(6.8814, "b")
    return (x1 * w1 + x2 * w2 + b).tanh()


def wide_neuron() -> Value:
    return nn.Neuron(10, "tanh", rng=1)([0.5] * 10)


def small_network() -> Value:
    return nn.MLP(2, [4, 1], activation="tanh", rng=1, expand=True)([0.5, -0.5])


def lecture() -> Value:
    """The network of the micrograd lecture, with the loss of its four samples."""
    net = nn.MLP(3, [4, 4, 1], activation="tanh", rng=1)
    xs, ys = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]], [1.0, -1.0, -1.0, 1.0]
    return mx.sum([(net(x) - y) ** 2 for x, y in zip(xs, ys, strict=True)])


def one_sample() -> Value:
    return nn.MLP(2, [16, 16, 1], rng=3)([0.5, -0.5])


def moons_batch() -> Value:
    net = nn.MLP(2, [16, 16, 1], rng=3)
    xs, labels = moons(100)
    return mx.mean([(1.0 - (2.0 * y - 1.0) * net(x)).relu() for x, y in zip(xs, labels, strict=True)])


def two_models() -> Value:
    gen, disc = nn.MLP(1, [4, 1], rng=1), nn.MLP(1, [4, 1], rng=2)
    loss: Value = Value(0.0)
    for k in range(20):
        loss = loss - disc([gen([k / 20])]).sigmoid().log()
    return loss


def loop() -> Value:
    w, b, y = Value(0.5, "w"), Value(0.1, "b"), Value(1.0, "y0")
    for _ in range(50):
        y = y * w + b
    return y


def shared_loop() -> Value:
    x, y = Value(0.9, "x"), Value(1.0, "y0")
    s = x.tanh()
    for _ in range(60):
        y = y * s + 0.1
    return y


def recurrence() -> Value:
    """A recurrent unit over 50 steps."""
    w, u, h = Value(0.7, "w"), Value(0.3, "u"), Value(0.0, "h0")
    for k in range(50):
        h = (w * h + u * math.sin(k)).tanh()
    return h


def chain() -> Value:
    y = Value(1.0, "x")
    for _ in range(500):
        y = (y * 1.001).tanh()
    return y


def short_chain() -> Value:
    y = Value(1.0, "x")
    for _ in range(10):
        y = (y * 1.5).sin().exp()
    return y


def wide_sum() -> Value:
    return mx.sum([Value(k / 1000.0) for k in range(1000)])


def python_sum() -> Value:
    xs = [Value(k / 10.0, f"x{k}") for k in range(24)]
    return sum((x * x for x in xs), Value(0.0))


def softmax_cross_entropy() -> Value:
    logits = [Value(x, f"z{k}") for k, x in enumerate((2.0, -1.0, 0.5, 0.1))]
    exps = [z.exp() for z in logits]
    total = exps[0] + exps[1] + exps[2] + exps[3]
    return -(exps[2] / total).log()


def black_scholes() -> Value:
    S, K, T = Value(100.0, "S"), Value(105.0, "K"), Value(0.5, "T")
    sigma, r = Value(0.2, "sigma"), Value(0.03, "r")
    d1 = ((S / K).log() + (r + sigma**2 / 2) * T) / (sigma * T.sqrt())
    d2 = d1 - sigma * T.sqrt()
    d1.label, d2.label = "d1", "d2"
    return S * d1.normal_cdf() - K * (-r * T).exp() * d2.normal_cdf()


def kalman() -> Value:
    x, P, q, r, z = Value(0.0, "x"), Value(1.0, "P"), Value(0.1, "q"), Value(0.5, "r"), Value(1.2, "z")
    P_pred = P + q
    S = P_pred + r
    K = P_pred / S
    x_new = x + K * (z - x)
    P_pred.label, S.label, K.label, x_new.label = "P_pred", "S", "K", "x_new"
    return (x_new - 1.0) ** 2


def pendulum() -> Value:
    angle, speed, g, length, dt = Value(0.5, "angle"), Value(0.0, "speed"), Value(9.81, "g"), Value(1.0, "length"), 0.05
    for _ in range(12):
        speed = speed - g / length * angle.sin() * dt
        angle = angle + speed * dt
    return angle


def attention() -> Value:
    """Attention of four tokens of three numbers."""
    rng = [math.sin(k * 1.7) for k in range(200)]
    X = [[Value(rng[3 * i + j], f"x{i}{j}") for j in range(3)] for i in range(4)]
    Wq, Wk, Wv = ([[Value(rng[50 * m + 3 * i + j]) for j in range(3)] for i in range(3)] for m in range(3))
    project = lambda W, x: [mx.dot(row, x) for row in W]  # noqa: E731
    q, k, v = ([project(W, x) for x in X] for W in (Wq, Wk, Wv))
    out = []
    for i in range(4):
        scores = [(mx.dot(q[i], k[j]) / 1.732).exp() for j in range(4)]
        total = mx.sum(scores)
        out += [mx.sum([scores[j] / total * v[j][d] for j in range(4)]) for d in range(3)]
    return mx.sum([o * o for o in out])


def regression() -> Value:
    w, b = Value(480.0, "w"), Value(3.0, "b")
    data = [(210.0, 100790.0), (180.0, 86500.0), (150.0, 72100.0)]
    return mx.mean([(w * x + b - y) ** 2 for x, y in data])


def sick() -> Value:
    a, b, c, k = Value(3.0, "a"), Value(0.0, "b"), Value(-2.0, "c"), Value(-40.0, "k")
    return (a * c).relu() + k.sigmoid() * c + (a * b).log()


def second_order() -> Value:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    z = x**3 + x * y
    return gradient(z, [x], create_graph=True)[0]


def second_order_tanh() -> Value:
    x = Value(0.7, "x")
    return gradient((x**3).tanh() * x, [x], create_graph=True)[0]


def explosion() -> Value:
    y = Value(1.0, "x")
    for _ in range(200):
        y = y * 1.2
    return y


GALLERY: dict[str, Callable[[], Value]] = {
    made.__name__.replace("_", " "): made
    for made in (
        *(expression, neuron, wide_neuron, small_network, lecture, one_sample, moons_batch, two_models),
        *(loop, shared_loop, recurrence, chain, short_chain, wide_sum, python_sum, softmax_cross_entropy),
        *(black_scholes, kalman, pendulum, attention, regression, sick, second_order, second_order_tanh, explosion),
    )
}
