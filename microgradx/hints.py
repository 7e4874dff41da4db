"""What to write instead of a name that other libraries have, or that is misspelled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .nearest import did_you_mean

DRAW = "microgradx.draw(y) draws the graph of y, microgradx.tree(y) prints it"
PARAMETER = "every Value is one: write Value(2.0) as an attribute of a nn.Module"
ACTIVATION = 'an activation is named where the layer is made: nn.Layer(2, 3, "relu"), or called: microgradx.relu(x)'
FLOATS = "numbers are Python floats on the processor, there is nothing to move or convert"
LISTS = "a plain list, such as [a, b] or [Value(0.0) for _ in range(3)], or a numpy array of Values"
OWN_RULE = 'microgradx.primitive("cube", "{} ** 3", lambda a: a**3, lambda a, out: 3.0 * a * a) states value and derivative'
OWN_LAYER = "write it as a nn.Module of your own, with Values as attributes: microgradx demo gpt --code is an example"

MODULE = {
    **dict.fromkeys(("draw_dot", "plot", "visualize", "render", "graph", "show", "make_dot", "plot_model"), DRAW),
    "trace": "microgradx.topological_order(y) lists what y is made of",
    **dict.fromkeys(("jit", "function", "script"), "microgradx.compile(f) records f and replays it"),
    **dict.fromkeys(("vmap", "pmap"), 'microgradx.compile(f, batch="x") takes many samples at once'),
    **dict.fromkeys(("gradcheck", "check", "check_grad", "check_grads"), "microgradx.check_gradient(f, at) checks derivatives"),
    "derivative_of": "microgradx.testing.derivative_of(f)(x) measures a derivative",
    "check_op": "microgradx.testing.check_op(op) checks an operation",
    "zero_grad": "x.grad = None forgets one gradient, model.zero_grad() those of a model",
    **dict.fromkeys(
        ("tensor", "Tensor", "Variable", "array", "constant", "as_tensor", "from_numpy"),
        "microgradx.Value(2.0) is one number with a gradient",
    ),
    "Parameter": PARAMETER,
    **{
        name: f"it is microgradx.nn.{name}"
        for name in ("MLP", "Neuron", "Layer", "Module", "SGD", "Adam", "AdamW", "fit", "mse", "cross_entropy", "Sequential",
                     "binary_cross_entropy", "Dropout", "Embedding", "predict", "accuracy")
    },
    "play": "microgradx.stepper(y).show() is a page of a graph to play on, microgradx.nn.play(model, X, y) one of a training",
    "train": "microgradx.nn.fit(model, X, y, loss=..., optimizer=..., epochs=...)",
    **dict.fromkeys(("stack", "cat", "concat", "zeros", "ones", "rand", "randn"), LISTS),
    **dict.fromkeys(("device", "float32", "float64"), FLOATS),
    **dict.fromkeys(("pi", "e", "inf", "nan"), "it is in Python's math"),
    **dict.fromkeys(("argmax", "argmin"), "max(range(len(xs)), key=lambda k: xs[k].data), or min(...)"),
    **dict.fromkeys(("custom_gradient", "custom_vjp", "custom_jvp", "Function"), OWN_RULE),
    **dict.fromkeys(("step_through", "debug"), "microgradx.stepper(y) walks the backward pass of y"),
    **dict.fromkeys(("tape", "Tape", "record", "Engine"), "microgradx.compile(f) keeps a recording of f"),
    "hessian_vector_product": "microgradx.hvp(f, primals, tangents)",
    "jacobian_vector_product": "microgradx.jvp(f, primals, tangents)",
    "relu6": "microgradx.clip(x, 0.0, 6.0)",
    **dict.fromkeys(("Linear", "Dense"), 'microgradx.nn.Layer(2, 3, "linear") is a layer of neurons'),
    **dict.fromkeys(("save", "load"), "microgradx.nn.save(model, path) and microgradx.nn.load(path) write and read a model"),
    **dict.fromkeys(("jacfwd", "jacrev"), "microgradx.jacobian(f) gives all slopes of all results"),
    "lax": "a plain Python loop: microgradx.compile(f) finds the steps that repeat",
    **dict.fromkeys(("numpy", "random"), "numpy itself: its functions take Values, np.exp(x) is one"),
    **dict.fromkeys(("stop_gradient", "stop_grad"), "x.detach() is a value that is cut off from the graph"),
    **dict.fromkeys(("enable_grad", "set_grad_enabled", "inference_mode"), "everything is recorded outside microgradx.no_grad()"),
    **dict.fromkeys(("autograd", "elementwise_grad", "GradientTape"), "microgradx.grad(f) is the derivative of f; y.backward()"),
    "backward": "y.backward() adds to the .grad of everything y is made of",
    **dict.fromkeys(("first_bad", "find_nan"), "microgradx.origin(y) names the first number that is not finite"),
    **dict.fromkeys(("set_detect_anomaly", "debug_nans"), "with microgradx.detect_anomaly(): names the first nan or inf"),
    **dict.fromkeys(("matmul", "mm", "einsum"), "microgradx.dot(ws, xs), or A @ v for numpy arrays of Values"),
    **dict.fromkeys(("seed", "manual_seed"), "models take rng=0; random.seed(0) holds for those without"),
    **dict.fromkeys(("clamp", "clip_by_value"), "microgradx.clip(x, low=0.0, high=1.0)"),
    **dict.fromkeys(("ln", "swish", "logistic", "identity"), "write log, silu, sigmoid, or nothing at all"),
    **dict.fromkeys(("frexp", "modf"), "write x - microgradx.trunc(x), or .data for the number"),
    "isclose": "math.isclose(x.data, y.data): whether two numbers are close has no derivative",
    "ldexp": "x * microgradx.exp2(n)",
    **dict.fromkeys(("nextafter", "ulp"), "write math's function of x.data: it has no derivative"),
}

VALUE = {
    **dict.fromkeys(("item", "numpy", "tolist", "value"), "x.data is the number"),
    **dict.fromkeys(("cpu", "cuda", "to", "float", "double", "half"), FLOATS),
    "children": "y.parents are what y was made from",
    "name": "x.label is what it is called",
    **dict.fromkeys(("requires_grad", "requires_grad_"), "every Value has a gradient; x.detach() is cut off from the graph"),
    "retain_grad": "every value of a pass keeps its .grad",
    **dict.fromkeys(("color", "colour"), "a dict of your own holds what belongs to a value: colours[y] = 'red'"),
    "zero_grad": "for x in microgradx.topological_order(y): x.grad = None; model.zero_grad() for those of a model",
    "gradient": "x.grad after y.backward(), or microgradx.gradient(y, [x])",
    **dict.fromkeys(("draw", "draw_dot", "plot", "show"), DRAW),
    "clone": "+x is a new node with the same number, copy.copy(x) a copy of the graph",
    "grad_fn": "y.op is the operation that made y, None for a leaf",
    "is_leaf": "y.op is None for a leaf",
    **dict.fromkeys(("add_", "sub_", "mul_", "div_", "copy_", "fill_"), "x.data = 2.0 assigns a number; x + y is a new Value"),
    **dict.fromkeys(
        ("shape", "size", "ndim", "T", "dim", "device", "view", "reshape", "unsqueeze", "squeeze", "flatten"),
        "a Value is one number; lists and arrays hold several",
    ),
    **dict.fromkeys(("sum", "mean", "prod", "std", "var"), "it is a function: microgradx.sum([a, b]), microgradx.mean([a, b])"),
    "register_hook": "microgradx.stepper(y) shows what arrives at each value",
}

KEYWORDS = {
    **dict.fromkeys(("name", "names", "lable", "Label", "title"), "label= is what it is called: Value(2.0, label='w')"),
    "grad": "x.grad = 1.0 assigns it",
    "requires_grad": VALUE["requires_grad"],
    **dict.fromkeys(("dtype", "device"), FLOATS),
}
"""What to write instead of an argument that a Value is not made with."""

NN = {
    **dict.fromkeys(("Linear", "Dense", "LinearLayer"), 'nn.Layer(2, 3, "linear") is a layer, nn.MLP(2, [3, 1]) a network'),
    **dict.fromkeys(("ReLU", "Tanh", "Sigmoid", "GELU", "SiLU", "LeakyReLU", "ELU", "Softplus", "functional"), ACTIVATION),
    "Softmax": "leave the output linear: nn.cross_entropy has the softmax inside; microgradx.softmax(xs) is the function",
    "MSELoss": "nn.mse(outputs, targets)",
    "L1Loss": "nn.mae(outputs, targets)",
    **dict.fromkeys(("CrossEntropyLoss", "NLLLoss"), "nn.cross_entropy(logits, targets)"),
    **dict.fromkeys(("BCELoss", "BCEWithLogitsLoss"), "nn.binary_cross_entropy(logits, labels)"),
    "Parameter": PARAMETER,
    **dict.fromkeys(("ModuleList", "ModuleDict", "ParameterList"), "a plain list or dict as an attribute of a nn.Module does"),
    **dict.fromkeys(("DataLoader", "Dataset", "TensorDataset"), "nn.fit(model, X, y, batch_size=...) takes lists and arrays"),
    **dict.fromkeys(("Trainer", "learn", "train_step"), "nn.fit(model, X, y, loss=..., optimizer=..., epochs=...)"),
    "summary": "microgradx.layers(model(x)) has a line for each layer",
    **dict.fromkeys(("Conv1d", "Conv2d", "RNN", "LSTM", "GRU", "Transformer", "MultiheadAttention", "LayerNorm"), OWN_LAYER),
    **dict.fromkeys(("Net", "Network", "mlp"), "nn.MLP(2, [16, 1])"),
    "Flatten": "rows are plain lists of numbers: leave it out",
    "BatchNorm1d": "nn.BatchNorm(3)",
    "F": ACTIVATION,
    **dict.fromkeys(("clip_grad_norm_", "clip_grad_norm"), "nn.clip_gradients(model.parameters(), max_norm)"),
    **dict.fromkeys(("lr_scheduler", "StepLR", "CosineAnnealingLR"), "nn.schedules has them"),
    **dict.fromkeys(("state_dict", "load_state_dict"), "nn.save(model, path) and nn.load(path, into=model)"),
    **{
        name: f"nn.data.{name}"
        for name in ("train_test_split", "moons", "circles", "spirals", "gates", "xor", "spreadsheet", "minibatches")
    },
    **{name: "nn.data." + name[5:] for name in ("make_moons", "make_circles")},
    **{name: f"nn.plots.{name}" for name in ("decision_boundary", "histograms", "frames", "descent", "loss_shape")},
}

STEPPER = {
    **dict.fromkeys(("back", "previous", "undo"), "s.prev() goes back one step"),
    **dict.fromkeys(("reset", "restart", "start"), "s.goto(0) goes to the start"),
    **dict.fromkeys(("run", "end"), "s.cont() goes on to the next break, or to the end"),
    **dict.fromkeys(("help", "commands"), "s.interact() opens a prompt in which help lists what there is"),
    **dict.fromkeys(("quit", "exit", "close"), "nothing is open: a stepper changes nothing until s.commit()"),
    **dict.fromkeys(("forward", "backward"), "s.next() and s.prev() walk the pass that stepper(y) recorded"),
    **dict.fromkeys(("html", "save", "page"), 's.to_html("pass.html") writes a page'),
    **dict.fromkeys(("print", "info"), "print(s) shows where it is, s.full() all of a step"),
    **dict.fromkeys(("up", "down"), "s.prev() and s.next() go towards the output and towards the inputs"),
    "stop": "s.break_on(...) sets where cont() stops",
    "play": "s.show() is a page to play on, in a notebook; s.to_html('pass.html') writes it",
    "breakpoint": "s.break_on(...) sets where cont() stops",
}

MODEL = {
    **dict.fromkeys(("fit", "partial_fit", "train_on_batch"), "nn.fit(model, X, y, loss=..., optimizer=..., epochs=...)"),
    **dict.fromkeys(("summary", "describe"), "microgradx.layers(model(x)) has a line for each layer, print(model) its shape"),
    **dict.fromkeys(("save", "to_json", "save_weights"), 'nn.save(model, "model.json")'),
    **dict.fromkeys(("load", "load_weights", "from_file"), 'nn.load("model.json"), or nn.load("model.json", into=model)'),
    **dict.fromkeys(("state_dict", "load_state_dict"), "nn.save(model, path) and nn.load(path, into=model)"),
    "predict_proba": "microgradx.sigmoid(model.predict(X)), if the model gives one logit for each row",
    "predict_classes": "model.predict(X) > 0.0 for one logit, model.predict(X).argmax(axis=1) for an output for each class",
    **dict.fromkeys(("score", "evaluate", "accuracy"), "nn.accuracy(model.predict(X), y)"),
    **dict.fromkeys(("train", "eval"), "nn.fit trains, nn.predict asks; with nn.training(): dropout and batch statistics are on"),
    **dict.fromkeys(("weights", "params", "get_weights", "coefs_", "coef_"), "model.parameters(), or model.named_parameters()"),
    **dict.fromkeys(("count_params", "num_parameters", "n_params"), "len(model.parameters())"),
    **dict.fromkeys(("forward", "call", "apply"), "model(x), and a model of your own has a method __call__(self, x)"),
    "backward": "loss.backward(), of the number that was made from the outputs",
    "compile": "nn.fit takes loss and optimizer; microgradx.compile(model) replays its calls",
    **dict.fromkeys(("draw", "plot", "show", "visualize"), "microgradx.draw(model(x))"),
    **dict.fromkeys(("to", "cuda", "cpu", "double"), FLOATS),
}

HISTORY = {
    **dict.fromkeys(("losses", "train_loss", "training_loss"), "history.loss"),
    **dict.fromkeys(("acc", "accuracies", "train_accuracy"), "history.accuracy"),
    **dict.fromkeys(("val_loss", "val_losses", "test_loss", "validation_losses"), "history.validation_loss"),
    **dict.fromkeys(("val_accuracy", "val_acc", "test_accuracy"), "history.validation_accuracy"),
    **dict.fromkeys(("history", "keys", "items"), "history.loss, history.accuracy ... are lists; print(history) a table"),
    **dict.fromkeys(("epoch", "epochs"), "range(len(history.loss))"),
    **dict.fromkeys(("lr", "rates", "learning_rates"), "history.learning_rate"),
    **dict.fromkeys(("gradients", "grad_norm", "grad_norms"), "history.gradient_norms, by layer"),
    **dict.fromkeys(("best_epoch", "best_loss"), "history.best is the epoch, where something is validated"),
    **dict.fromkeys(("show", "draw"), "history.plot()"),
}

DRAWING_NAMES = {
    **dict.fromkeys(("show", "display", "plot"), "drawing.view() opens it; in a notebook a drawing shows itself"),
    **dict.fromkeys(("write", "savefig", "export", "to_file"), 'drawing.save("graph.svg")'),
    "to_svg": "drawing.svg()",
    **dict.fromkeys(("to_png", "to_pdf"), 'drawing.save("graph.png"), or .pdf'),
    "animate": 'microgradx.animate(y, "pass.svg")',
}

PICTURE = {
    **dict.fromkeys(("save", "write", "to_file"), 'picture.savefig("picture.png"), or path= when it is drawn'),
    **dict.fromkeys(("to_svg", "to_html"), "picture.svg()"),
    "to_png": "picture.png()",
    **dict.fromkeys(("display", "view"), "picture.savefig(path); in a notebook a picture shows itself"),
}

PAPER = {
    **dict.fromkeys(("save", "write", "to_html", "html", "export"), 'paper.page().save("anna.html")'),
    **dict.fromkeys(("show", "display", "open"), "paper.page() is shown in a notebook, print(paper) as text"),
    **dict.fromkeys(("answers", "solutions", "solution", "key", "answer_key"), "print(paper.solved()) has the right answers"),
    **dict.fromkeys(("check", "score", "mark", "points"), "paper.grade(answers).points"),
    "questions": "paper.tasks has them with their numbers",
}

SHEET = {
    **dict.fromkeys(("page", "html"), 'sheet.paper("anna").page()'),
    **dict.fromkeys(("save", "write", "to_html", "export"), 'sheet.paper("anna").page().save("anna.html")'),
    **dict.fromkeys(("answers", "solutions", "solution", "key", "solved"), 'print(sheet.paper("anna").solved())'),
    **dict.fromkeys(("student", "students", "for_"), 'sheet.paper("anna") has the numbers of one student'),
    **dict.fromkeys(("check", "score", "mark"), 'sheet.grade(answers, "anna")'),
}

GRADE = {
    **dict.fromkeys(("score", "total", "sum"), "grade.points"),
    **dict.fromkeys(("max", "max_points", "maximum", "of"), "grade.most"),
    **dict.fromkeys(("save", "write", "to_csv", "to_json"), 'teach.write_grades([grade], "grades.csv")'),
    **dict.fromkeys(("hints", "told", "verdicts"), "print(grade), or grade.marks"),
}


def missing_name(owner: str, name: str, write: Mapping[str, str], known: Iterable[str]) -> AttributeError:
    """The error for a name that is not there: what to write instead, else the nearest names.

    >>> missing_name("a Value", "item", VALUE, [])
    AttributeError("a Value has no attribute 'item': x.data is the number")
    >>> missing_name("a stepper", "nxt", STEPPER, ["next", "prev"])
    AttributeError("a stepper has no attribute 'nxt': did you mean next?")
    """
    if name in write:
        return AttributeError(f"{owner} has no attribute {name!r}: {write[name]}")
    hint = did_you_mean(name, known, most=3, alike=0.7) if name[:1] != "_" else ""
    return AttributeError(f"{owner} has no attribute {name!r}{f': {hint}' if hint else ''}")
