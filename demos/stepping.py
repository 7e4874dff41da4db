"""A session with the stepper: by hand through a neuron, then through a 2-16-16-1 network, whose pass becomes a web page.

Run `python demos/stepping.py [FOLDER]`: the session is printed, the pages are written to the folder (a new temporary one).
"""

import sys
import tempfile
from code import InteractiveConsole
from pathlib import Path

NEURON = """
from microgradx import Value, explain, formula, stepper, why
x1, x2, w1, w2 = Value(2.0), Value(0.0), Value(-3.0), Value(1.0)
b = Value(6.8813735870195432)
n = x1*w1 + x2*w2 + b
o = n.tanh()
print(formula(o))
s = stepper(o)
s
s.next()
s.guess(n=0.5, b=1)
s.next(2)
s.until("w1")
s.prev().where()
s.list()
explain(o, w1)
why(o, w2)
s.commit()
w1.grad, x1.grad
stepper(o).goto("w1")
"""

NETWORK = """
from microgradx.nn import MLP
model = MLP(2, [16, 16, 1], rng=3)
score = model([1.0, -0.5])
loss = (1 - score).relu()
s = stepper(loss, by="neuron")
s.next(3)
s.layers()
explain(loss, "layers[0].neurons[1].w[0]", k=3)
why(loss, "layers[0].neurons[0].w[0]")
stepper(loss, by="layer").next(4)
"""

TWICE = """
a = Value(1.0)
b = a + a
c = b + b
stepper(c).next(2)
stepper(c).naive()
"""


def main() -> None:
    """Type every line at a console, as a reader would, and write the two pages."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="stepping-"))
    variables: dict[str, object] = {"__name__": "__console__"}
    console = InteractiveConsole(variables)
    for title, session in [("A neuron", NEURON), ("Why the order matters", TWICE), ("A network", NETWORK)]:
        print(f"\n{title}\n{'-' * len(title)}")
        for line in session.strip().splitlines():
            print(f">>> {line}")
            console.push(line)
    for name, code in [("neuron", "stepper(o)"), ("network", "stepper(loss, by='neuron')")]:
        page = eval(code, variables).to_html(folder / f"{name}.html")  # the expressions stand in this file
        print(f"wrote {page} ({page.stat().st_size / 1024:.0f} KiB)", file=sys.stderr)


if __name__ == "__main__":
    main()
