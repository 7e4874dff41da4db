"""The 2-2-2 network of the spreadsheet: its loss E, all eight gradients, 46 epochs, and six learning rates in one picture."""

from comparison import Comparison
from microgradx import nn

GRADIENTS = [
    0.0001882556669401121, 0.0003765113338802242, 0.0002248134625761188, 0.0004496269251522376,
    0.07215707291213626, 0.07269074519194478, -0.04245525009260471, -0.04276924828006376,
]  # fmt: skip
UPDATED = [
    0.14990587216652995, 0.1998117443330599, 0.24988759326871193, 0.29977518653742385,
    0.3639214635439319, 0.41365462740402764, 0.5212276250463024, 0.5713846241400319,
]  # fmt: skip
WORKBOOK = {  # learning rate 0.5: epoch -> E
    0: 0.24251985734837728, 1: 0.23549537787349017, 5: 0.20893767274108918, 10: 0.1794637189063516,
    20: 0.1330460012427903, 30: 0.1008656321612144, 40: 0.07879694808686463, 45: 0.07043112418279011,
}  # fmt: skip
SCREENSHOTS = {0.1: 0.1853, 0.2: 0.1414, 0.5: 0.0704, 0.8: 0.0425, 1.0: 0.0327, 2.0: 0.0139}

X, targets, weights = nn.data.spreadsheet()
table = Comparison()


def network(bias=False):
    return nn.MLP(2, [2, 2], activation="sigmoid", output="sigmoid", init=weights, bias=bias)


def trained(model, rate, epochs, parameters=None):  # E before each update, and one more entry for E after the last
    return nn.fit(model, X, targets, loss="half_squared_error", optimizer=nn.SGD(parameters, lr=rate), epochs=epochs + 1).loss


print("Two inputs (0.05, 0.10), two hidden sigmoid neurons h1, h2, two sigmoid outputs o1, o2, no biases.")
print("w1, w2 lead into h1; w3, w4 into h2; w5, w6 into o1; w7, w8 into o2. w1 to w8: 0.15 0.20 0.25 0.30 0.40 0.45 0.50 0.55.")
print("E, the loss, is (target - output)^2 / 2, added over both outputs (targets 0.01 and 0.99).")
print("An epoch is a pass over the data: here one sample, so one update (or step) of all eight weights.")
print("The workbook and the screenshots are published on GitHub by pavisj (end2-nlp-pavithra).")
model = network()
(error := nn.half_squared_error(model(X[0]), targets[0])).backward()
table.section("1. Before training", reference="published workbook")
table.row("E", WORKBOOK[0], error.data)
for number, (parameter, slope) in enumerate(zip(model.parameters(), GRADIENTS, strict=True), 1):
    table.row(f"dE/dw{number}", slope, parameter.grad)

table.section("2. After one update: new weight = old weight - 0.5 * dE/dw", reference="published workbook")
nn.SGD(model.parameters(), lr=0.5).step()
for number, (parameter, updated) in enumerate(zip(model.parameters(), UPDATED, strict=True), 1):
    table.row(f"w{number}", updated, parameter.data)

table.section("3. E while training with learning rate 0.5", what="epoch (= updates so far)", reference="published workbook")
losses = trained(network(), 0.5, 45)
for epoch, published in WORKBOOK.items():
    table.row(str(epoch), published, losses[epoch])

table.section("4. E after 45 epochs for each learning rate, rounded to 4 decimals", reference="published screenshot")
runs = {f"learning rate {rate}": trained(network(), rate, 45) for rate in SCREENSHOTS}
for (name, run), published in zip(runs.items(), SCREENSHOTS.values(), strict=True):
    table.row(name, published, round(run[45], 4), within=0.0)

table.section(
    "5. Matt Mazur's published example: the same network with biases 0.35 (hidden) and 0.60 (outputs), which are not trained",
    reference="separate formula",
)
biased = network(bias=True)
for name, parameter in biased.named_parameters():
    if name.endswith(".b"):
        parameter.data = 0.35 if name.startswith("layers[0]") else 0.60
only_weights = [parameter for name, parameter in biased.named_parameters() if ".w[" in name]
before, after = trained(biased, 0.5, 1, only_weights)
table.row("E before training", 0.2983711087600027, before)
table.row("E after one update of the weights", 0.29102777369359933, after)
print("He prints 0.291027924 for the second value; the formulas give 0.291027774.")

print()
title = "Spreadsheet network: loss at six learning rates"
table.picture("learning_rates.png", lambda path: nn.plots.losses(runs, path, log=False, title=title, ylabel="E (loss)"))
table.verdict("On this one sample a larger rate is simply faster; none of these six rates is too large.")
