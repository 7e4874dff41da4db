"""What to write instead of an argument, or of the name of a loss or an activation, that other libraries have."""

from __future__ import annotations

FIT = {
    **dict.fromkeys(("lr", "learning_rate", "rate"), "optimizer=nn.Adam(lr=0.01), as the rate is the optimizer's"),
    **dict.fromkeys(("validation_data", "val_data", "val", "eval_set"), "validation=(X, y), or the share to hold out"),
    **dict.fromkeys(("validation_split", "validation_fraction"), "validation=0.2, the share of rows to hold out"),
    **dict.fromkeys(("epoch", "n_epochs", "num_epochs", "max_iter", "iterations", "steps"), "epochs=100"),
    "verbose": "progress=True, or False for no bar; print(history) shows the run as a table",
    **dict.fromkeys(("rng", "random_state"), "seed=0"),
    **dict.fromkeys(("batch", "batchsize", "bs", "minibatch_size"), "batch_size=32"),
    "shuffle": "batch_size=32: the rows are then shuffled anew in each epoch, by seed=",
    **dict.fromkeys(("metrics", "metric"), "accuracy=nn.accuracy, or any function of outputs and targets"),
    **dict.fromkeys(("criterion", "loss_fn", "loss_function", "objective"), 'loss="mse", or a function of outputs and targets'),
    **dict.fromkeys(("opt", "optim", "optimiser", "solver"), "optimizer=nn.Adam(lr=0.01)"),
    "early_stopping": "patience=10, with validation=(X, y)",
    **dict.fromkeys(("clip_grad", "clipnorm", "max_norm"), "clip=1.0"),
    **dict.fromkeys(("scheduler", "lr_scheduler"), "schedule=nn.schedules.cosine(...), or any function of the epoch"),
    "callback": "callbacks=[function]",
}

WEIGHTS = {
    **dict.fromkeys(("seed", "random_state", "random_seed"), "rng=1"),
    **dict.fromkeys(("act", "nonlin", "nonlinearity", "hidden_activation"), 'activation="tanh", or "linear" for none'),
    "use_bias": "bias=False for none",
    **dict.fromkeys(("initializer", "kernel_initializer", "weights"), 'init="he", or a list with one matrix per layer'),
    **dict.fromkeys(("in_features", "n_inputs", "nin", "input_size", "input_dim"), "inputs=2"),
    "dropout": "nn.Sequential(nn.Layer(2, 16), nn.Dropout(0.5), nn.Layer(16, 1)), as dropout is a module",
}

LAYER = {
    **WEIGHTS,
    **dict.fromkeys(("out_features", "n_outputs", "nout", "neurons", "units", "output_size", "output_dim"), "outputs=3"),
}

NETWORK = {
    **WEIGHTS,
    **dict.fromkeys(("hidden", "hidden_layer_sizes", "layers", "hidden_sizes", "units"), "sizes=[16, 1], the last one too"),
    **dict.fromkeys(("output_activation", "out_activation", "last_activation"), 'output="sigmoid"'),
}

ROW_MODULE = {
    **dict.fromkeys(("p", "rate", "prob", "keep_prob"), "probability=0.5, the share that is dropped"),
    **dict.fromkeys(("num_features", "features", "embedding_dim", "dim", "size"), "width=3"),
    **dict.fromkeys(("num_embeddings", "vocab_size", "input_dim"), "count=10"),
    "momentum": "follow=0.1, the share of a new sample",
    "eps": "epsilon=1e-5",
    **dict.fromkeys(("seed", "random_state"), "rng=1"),
}

RULE = {
    **dict.fromkeys(("learning_rate", "rate", "eta", "alpha", "step_size"), "lr=0.01"),
    **dict.fromkeys(("params", "model"), "parameters=model.parameters(), or none for nn.fit"),
    "eps": "epsilon=1e-8",
    **dict.fromkeys(("beta1", "beta2", "beta_1", "beta_2"), "betas=(0.9, 0.999)"),
    **dict.fromkeys(("decay", "l2"), "weight_decay=1e-4"),
}

SET_OF_POINTS = {
    **dict.fromkeys(("random_state", "rng"), "seed=1"),
    **dict.fromkeys(("n_samples", "samples", "size"), "n=100"),
    **dict.fromkeys(("std", "sigma"), "noise=0.1"),
}


BACKWARD = {
    "retain_graph": "y.backward() as often as is wanted: a graph stays as it is",
    "create_graph": "microgradx.gradient(y, [x], create_graph=True), whose results can be differentiated again",
    **dict.fromkeys(("gradient", "grad", "grad_output", "grad_tensors"), "seed=2.0"),
    "inputs": "microgradx.gradient(y, [x]), which leaves every .grad as it was",
}

TRANSFORM = {
    **dict.fromkeys(
        ("create_graph", "outputs", "inputs"),
        "microgradx.gradient(y, [x], create_graph=True) for the slopes of a Value; grad(grad(f)) for second derivatives of f",
    ),
    "retain_graph": "microgradx.gradient(y, [x]): a graph stays as it is",
    **dict.fromkeys(("argnum", "wrt"), "argnums=0, the place of an argument, or (0, 1)"),
    **dict.fromkeys(("grad_outputs", "seed"), "microgradx.vjp(f, x), whose second result takes a cotangent"),
}

ZERO_GRAD = {"set_to_none": "zero_grad(), which makes every parameter unreached"}

LOAD = {
    **dict.fromkeys(("model", "module", "net"), "into=model"),
    **dict.fromkeys(("file", "filename", "f"), 'path="model.json"'),
    **dict.fromkeys(("optim", "opt"), "optimizer=nn.Adam(), which gets what was saved"),
}

DRAWING = {
    **dict.fromkeys(("format", "filename", "file", "outfile", "to_file"), 'draw(y).save("graph.svg")'),
    **dict.fromkeys(("dpi", "size", "figsize", "width", "height"), 'for_="slide", or for_=(width, height) in pixels'),
    **dict.fromkeys(("direction", "orientation", "dir"), 'rankdir="LR" or "TB"'),
    **dict.fromkeys(("params", "labels"), "names={name: value}"),
    **dict.fromkeys(("show_attrs", "fields"), 'show=("name", "value")'),
    **dict.fromkeys(("style", "colors", "colours", "dark"), 'theme="dark"'),
    **dict.fromkeys(("max_depth", "levels"), "depth=3"),
    **dict.fromkeys(("fold", "level", "collapse", "expand"), 'detail="layers", or detail="full" for every value'),
    **dict.fromkeys(("page", "medium", "target"), 'for_="slide"'),
}

ANIMATION = {
    **dict.fromkeys(("speed", "fps", "duration", "interval", "delay"), "seconds=1.0, how long each step stands"),
    **dict.fromkeys(("filename", "file"), 'path="pass.svg"'),
    **dict.fromkeys(("style", "colors", "colours", "dark"), 'theme="dark"'),
}

COMPILED = {
    **dict.fromkeys(("static_argnums", "static_argnames"), 'static="n", the name of an argument that is a setting'),
    **dict.fromkeys(("mode", "backend", "fullgraph", "dynamic", "jit_compile"), "compile(f): its form is chosen by cost"),
    **dict.fromkeys(("vmap", "in_axes", "batch_size"), 'batch="x", the name of the argument that holds many samples'),
    **dict.fromkeys(("reduction", "out_axes"), 'reduce="mean" or "sum", or reduce=None for the result of each sample'),
    **dict.fromkeys(("weights", "sample_weight"), 'c * loss(w, x, y), with batch=("x", "y", "c"), reduce="sum"'),
    **dict.fromkeys(("workers", "n_jobs", "num_threads"), "threads=2"),
}

CHECK = {
    **dict.fromkeys(("eps", "epsilon", "h", "delta", "step"), "nothing: the step is found from the rounding noise of f"),
    **dict.fromkeys(("tol", "tolerance", "reltol"), "rtol=1e-6"),
    **dict.fromkeys(("atol", "abstol"), "rtol=1e-6 alone: what rounding hides is measured and added"),
    **dict.fromkeys(("hessian", "hess_fn"), "hess=h, or order=2"),
    **dict.fromkeys(("gradient", "jac", "jacobian", "fprime"), "grad=g, a function or numbers"),
    **dict.fromkeys(("x", "x0", "inputs", "point", "args"), "at=1.3, or at=(x, y) for two arguments"),
    **dict.fromkeys(("n", "trials", "points"), "samples=10"),
    **dict.fromkeys(("rng", "random_state"), "seed=0"),
    "nondet_tol": "nothing: f is called twice at one point, and must give the same bits",
}

MEANT = {
    **dict.fromkeys(("bce", "binary_crossentropy", "bce_with_logits", "log_loss"), "binary_cross_entropy"),
    **dict.fromkeys(("ce", "categorical_crossentropy", "sparse_categorical_crossentropy", "nll"), "cross_entropy"),
    **dict.fromkeys(("l2", "mean_squared_error", "squared_error"), "mse"),
    **dict.fromkeys(("l1", "mean_absolute_error"), "mae"),
    "svm": "hinge",
    "swish": "silu",
    "logistic": "sigmoid",
    **dict.fromkeys(("identity", "none"), "linear"),
    "kaiming": "he",
    "kaiming_normal": "he_normal",
    "kaiming_uniform": "he_uniform",
    "random": "uniform",
    "zero": "zeros",
}
"""What other libraries call our losses, activations and starting rules."""

QUESTION = {
    **dict.fromkeys(("pts", "marks", "score", "worth", "weight", "credit"), "points=2"),
    **dict.fromkeys(("inputs", "values", "at", "ranges", "variables"), 'numbers={"a": 2, "b": (-5, 5)}'),
    **dict.fromkeys(("expression", "expr", "formula", "function", "f"), 'graph="a*b + c", or a function of Values'),
    **dict.fromkeys(("wrt", "fields", "asks", "gradients"), 'ask=["a"]'),
    **dict.fromkeys(("title", "label"), 'name="product"'),
    **dict.fromkeys(("answer", "answers", "solution", "solutions"), "nothing: the grader computes them"),
}

DERIVATIVE = {
    **dict.fromkeys(("pts", "marks", "score", "worth", "weight", "credit"), "points=2"),
    **dict.fromkeys(("title", "label"), 'name="slope"'),
    **dict.fromkeys(("function", "graph", "fn"), "f=lambda x: x.tanh()"),
    **dict.fromkeys(("domain", "range", "interval"), "low=-2.0, high=2.0"),
}

EXERCISE_SHEET = {
    "name": 'title="Week 3"',
    **dict.fromkeys(("attempts", "max_tries"), "tries=3"),
    **dict.fromkeys(("student", "students"), 'sheet.paper("anna") has the numbers of one student'),
}
