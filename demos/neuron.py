"""One neuron: the weighted sum, the bias as a weight, gates by a threshold, and the gate that no single unit can learn."""

from microgradx import nn
from microgradx.nn.comparison import Comparison

table = Comparison()
print("A neuron multiplies each input by its weight, adds the products and a bias, and applies an activation function:")
print("    z = w1*x1 + w2*x2 + bias,   output = activation(z)")

table.section(
    "1. The first hidden neuron of the spreadsheet: inputs 0.05 and 0.10, weights 0.15 and 0.20, no bias", reference="by hand"
)
linear, sigmoid = (nn.Neuron(2, activation, init=[[0.15, 0.20]], bias=False) for activation in ("linear", "sigmoid"))
table.row("z = 0.15*0.05 + 0.20*0.10", 0.0275, linear([0.05, 0.10]).data)
table.row("output = sigmoid(z)", 0.5068745667645342, sigmoid([0.05, 0.10]).data)

table.section("2. A bias is one more weight, w0, on an input x0 that is always +1", reference="with a bias", here="with w0")
with_bias = nn.Neuron(2, "sigmoid", init=[[0.15, 0.20]])
with_bias.b.data = 0.35
with_w0 = nn.Neuron(3, "sigmoid", init=[[0.15, 0.20, 0.35]], bias=False)
out, same = with_bias([0.05, 0.10]), with_w0([0.05, 0.10, 1.0])
out.backward()
same.backward()
table.row("output", out.data, same.data, within=0.0)
table.row("d(output)/d(bias) and d(output)/d(w0)", with_bias.b.grad, with_w0.w[2].grad, within=0.0)

ROWS = [(0, 0), (0, 1), (1, 0), (1, 1)]
table.section("3. Threshold units: output 1 when z >= 0, else 0.  Answers to 00, 01, 10, 11", reference="truth table")


def unit(bias, w1, w2):
    """A neuron with these weights that answers 1 when z >= 0, else 0."""
    neuron = nn.Neuron(2, "step", init=[[w1, w2]])
    neuron.b.data = bias
    return neuron


def answers(neuron):
    return [int(neuron(row).data) for row in ROWS]


table.row("AND: weights 1 and 1, bias -1.5", [0, 0, 0, 1], answers(unit(-1.5, 1.0, 1.0)))
table.row("OR:  weights 1 and 1, bias -0.5", [0, 1, 1, 1], answers(unit(-0.5, 1.0, 1.0)))
table.row("z exactly 0 (weights 0, bias 0)", [1, 1, 1, 1], answers(unit(0.0, 0.0, 0.0)))


def learn(gate, epochs=100):
    """Rosenblatt's rule from zero weights: after each wrong answer add (target - answer) * input to every weight."""
    neuron, updates = unit(0.0, 0.0, 0.0), 0
    for _ in range(epochs):
        wrong = 0
        for row, target in zip(ROWS, nn.data.gates(gate)[1].tolist(), strict=True):
            error = target - neuron(row).data
            if error:
                wrong += 1
                neuron.b.data += error
                for weight, x in zip(neuron.w, row, strict=True):
                    weight.data += error * x
        updates += wrong
        if not wrong:
            return f"{[int(p.data) for p in (neuron.b, *neuron.w)]}, {updates} updates"
    return f"never ({epochs} epochs)"


table.section(
    "4. Learning a gate: [bias, w1, w2] by the perceptron rule from zeros, updating after each wrong row", reference="expected"
)
table.row("AND", "[-3, 2, 1], 11 updates", learn("and"))
table.row("OR", "[-1, 1, 1], 5 updates", learn("or"))
table.row("XOR", "never (100 epochs)", learn("xor"))
table.verdict("One straight line cannot separate XOR; AND and OR it can.")
