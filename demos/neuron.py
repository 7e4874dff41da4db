"""One neuron: the weighted sum, the bias as a weight, gates by a threshold, and the gate that no single unit can learn."""

from comparison import Comparison
from microgradx import nn

table = Comparison()
print("A neuron multiplies each input by its weight, adds the products and a bias, and applies an activation function:")
print("    z = w1*x1 + w2*x2 + bias,   output = activation(z)")

table.section(
    "1. The first hidden neuron of the network in the spreadsheet demo: inputs 0.05 and 0.10, weights 0.15 and 0.20, no bias",
    reference="separate formula",
)
linear, sigmoid = (nn.Neuron(2, activation, init=[[0.15, 0.20]], bias=False) for activation in ("linear", "sigmoid"))
table.row("z = 0.15*0.05 + 0.20*0.10", 0.0275, linear([0.05, 0.10]).data)
table.row("output = sigmoid(z)", 0.5068745667645342, sigmoid([0.05, 0.10]).data)

table.section(
    "2. A bias is one more weight, w0, on an input x0 that is always +1",
    "Inputs 0.05 and 0.10, weights 0.15 and 0.20 again, and a bias of 0.35; or w0 = 0.35 on a third input, 1. Sigmoid as before.",
    reference="with a bias",
    here="with w0",
)
with_bias = nn.Neuron(2, "sigmoid", init=[[0.15, 0.20]])
with_bias.b.data = 0.35
with_w0 = nn.Neuron(3, "sigmoid", init=[[0.15, 0.20, 0.35]], bias=False)
out, same = with_bias([0.05, 0.10]), with_w0([0.05, 0.10, 1.0])
out.backward()
same.backward()
table.row("output", out.data, same.data, within=0.0)
table.row("slope of the output for the bias, and for w0", with_bias.b.grad, with_w0.w[2].grad, within=0.0)

ROWS = [(0, 0), (0, 1), (1, 0), (1, 1)]
table.section("3. Output 1 when z >= 0, else 0: answers to the inputs (0,0), (0,1), (1,0), (1,1)", reference="expected")


def unit(bias, w1, w2):
    neuron = nn.Neuron(2, "step", init=[[w1, w2]])
    neuron.b.data = bias
    return neuron


def answers(neuron):
    return [int(neuron(row).data) for row in ROWS]


table.row("AND: weights 1 and 1, bias -1.5", [0, 0, 0, 1], answers(unit(-1.5, 1.0, 1.0)))
table.row("OR:  weights 1 and 1, bias -0.5", [0, 1, 1, 1], answers(unit(-0.5, 1.0, 1.0)))
table.row("z exactly 0 counts as 1 (weights 0, bias 0)", [1, 1, 1, 1], answers(unit(0.0, 0.0, 0.0)))


def learn(gate, epochs=100):
    """The perceptron rule from zero weights, until a whole pass over the rows has no wrong answer."""
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
    return f"not in {epochs} epochs"


table.section(
    "4. Learning a gate from zeros: [bias, w1, w2] at the end, and how many updates it took",
    "Perceptron rule: after a wrong answer, new weight = old weight + (target - answer) * input; the input of the bias is 1.",
    "Learning rate 1; rows in the order above; an epoch is one pass over the 4 rows; it stops after an epoch without an error.",
    reference="expected",
)
table.row("AND", "[-3, 2, 1], 11 updates", learn("and"))
table.row("OR", "[-1, 1, 1], 5 updates", learn("or"))
table.row("XOR", "not in 100 epochs", learn("xor"))
table.picture("activation.png", lambda path: nn.plots.activation("step", "sigmoid", "tanh", "relu", path=path))
table.verdict("One straight line can separate AND and OR, but not XOR.")
