"""The gallery: a neuron, a formula, a network and a layer of it, a sick network, a loop and a second derivative, as SVG."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from microgradx import Drawing, Value, animate, draw, gradient, mean
from microgradx.nn import MLP
from microgradx.nn.data import moons


def neuron(theme: str = "light") -> Drawing:
    """One neuron with two inputs: tanh(x1*w1 + x2*w2 + b)."""
    x1, x2 = Value(2.0), Value(0.0)
    w1, w2, b = Value(-3.0), Value(1.0), Value(6.8813735870195432)
    x1w1, x2w2 = x1 * w1, x2 * w2
    n = x1w1 + x2w2 + b
    o = n.tanh()
    o.backward()
    return draw(o, theme=theme)


def classic(theme: str = "light") -> Drawing:
    """L = (a*b + c)*f, the gradient going backward and each contribution as upstream * local derivative."""
    a, b, c, f = Value(2.0), Value(-3.0), Value(10.0), Value(-2.0)
    e = a * b
    d = e + c
    L = d * f
    L.backward()
    return draw(L, theme=theme, edges="chain", flow="backward")


def network(theme: str = "light", module: str | None = None) -> Drawing:
    """A network of 33 neurons on 100 points, 10,438 values: a row for each neuron, a square for each of 337 parameters."""
    model = MLP(2, [16, 16, 1], rng=3)
    points, labels = moons(100)
    terms = [(1.0 - (2.0 * label - 1.0) * model(point)).relu() for point, label in zip(points, labels, strict=True)]
    loss = mean(terms)
    return draw(loss, theme=theme, module=module)


def layer(theme: str = "light") -> Drawing:
    """The second layer of that network: how often each neuron fires, and the gradient of each parameter."""
    return network(theme, module="L1")


def sick(theme: str = "light") -> Drawing:
    """A relu that is off kills one gradient, a saturated sigmoid lets one vanish, and log(0) makes an infinity."""
    a, b, c, k = Value(3.0), Value(0.0), Value(-2.0), Value(-40.0)
    off = (a * c).relu()
    squeezed = k.sigmoid()
    product = a * b
    r = off + squeezed * c + product.log()
    r.backward()
    return draw(r, theme=theme)


def loop(theme: str = "light") -> Drawing:
    """Fifty steps of h = tanh(w*h + u*x): a row for each of the last rounds, and how the gradient fades over the others."""
    w, u, h = Value(0.7), Value(0.3), Value(0.5)
    for step in range(50):
        h = (w * h + u * math.sin(step)).tanh()
    return draw(h, theme=theme)


def second_order(theme: str = "light") -> Drawing:
    """The graph of d(x^3 + x*y)/dx, itself differentiated."""
    x, y = Value(2.0), Value(3.0)
    z = x**3 + x * y
    (slope,) = gradient(z, [x], create_graph=True)
    slope.backward()
    return draw(slope, theme=theme)


GALLERY = {made.__name__: made for made in (neuron, classic, network, layer, sick, loop, second_order)}


def main(folder: str) -> None:
    """Write each drawing as SVG into `folder`, light and dark, and one backward pass that moves."""
    for name, make in GALLERY.items():
        drawing = make()
        print(f"{drawing.save(Path(folder, f'{name}.svg'))}: {drawing.summary}")
        make("dark").save(Path(folder, f"{name}_dark.svg"))
    a, b, c, f = Value(2.0), Value(-3.0), Value(10.0), Value(-2.0)
    e = a * b
    d = e + c
    L = d * f
    print(f"{animate(L, Path(folder, 'backward_pass.svg'))}: the backward pass of L, step by step")


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="microgradx demo drawing", description=__doc__)
    options.add_argument("folder", nargs="?", default="gallery", help="where the pictures are written (gallery)")
    main(options.parse_args().folder)
