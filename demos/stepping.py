"""A session with the stepper: by hand through a neuron, then through a 2-16-16-1 network, whose pass becomes a web page.

The session is printed, the pages are written to a folder.
"""

import argparse
import sys
from code import InteractiveConsole
from pathlib import Path

from microgradx.files import temporary_file

NEURON = """
from microgradx import Value, explain, formula, stepper, why
x1, x2, w1, w2 = Value(2.0), Value(0.0), Value(-3.0), Value(1.0)
bias = Value(6.8813735870195432)
total = x1*w1 + x2*w2 + bias
out = total.tanh()
print(formula(out))
walk = stepper(out)
walk
walk.next()
walk.guess(total=0.5, bias=1)
walk.next(2)
walk.until("w1")
walk.prev().where()
walk.list()
explain(out, w1)
why(out, w2)
walk.commit()
w1.grad, x1.grad
stepper(out).goto("w1")
"""

WHAT_IF = """
walk = stepper(out)
walk.diff(walk.what_if(w1=0.0))
walk.diff(walk.what_if(total=5.0))
"""

TRAINING = """
walk = stepper(out, forward=True, lr=0.1)
walk
walk.next(3)
walk.goto("update").next()
walk.commit()
walk.diff(walk.again())
"""

LOOP = """
def recurrence(w, xs):
    h = 0.0
    for x in xs:
        h = (h * w + x).tanh()
    return h * h

walk = stepper(recurrence, 0.5, [1.0, -1.0, 0.5])
walk.goto("h @ 2")
walk[1].line
"""

NETWORK = """
from microgradx.nn import MLP
model = MLP(2, [16, 16, 1], rng=3)
score = model([1.0, -0.5])
loss = (1 - score).relu()
walk = stepper(loss, by="neuron")
walk.next(3)
walk.layers()
explain(loss, "layers[0].neurons[1].w[0]", k=3)
why(loss, "layers[0].neurons[0].w[0]")
stepper(loss, by="layer").next(4)
"""

TWICE = """
x = Value(1.0)
double = x + x
fourfold = double + double
stepper(fourfold).next(2)
stepper(fourfold).naive()
"""


def main() -> None:
    """Type every line at a console, as a reader would, and write the two pages."""
    options = argparse.ArgumentParser(prog="microgradx demo stepping", description=__doc__)
    options.add_argument("folder", nargs="?", help="where the pages are written (a new temporary folder)")
    folder = Path(options.parse_args().folder or temporary_file("stepping"))
    variables: dict[str, object] = {"__name__": "__console__"}
    console = InteractiveConsole(variables)
    sessions = [("A neuron", NEURON), ("What if", WHAT_IF), ("A training step", TRAINING), ("A loop", LOOP)]
    for title, session in [*sessions, ("Why the order matters", TWICE), ("A network", NETWORK)]:
        print(f"\n{title}\n{'-' * len(title)}")
        for line in session.strip().splitlines():
            print(f">>> {line}")
            console.push(line)
    for name, code in [("neuron", "stepper(out)"), ("network", "stepper(loss, by='neuron')")]:
        page = eval(code, variables).to_html(folder / f"{name}.html")  # the expressions stand in this file
        print(f"wrote {page} ({page.stat().st_size / 1024:.0f} KiB)", file=sys.stderr)


if __name__ == "__main__":
    main()
