"""Arguments that are called otherwise here, misspelled or left out: the error says what to write."""

import inspect

import pytest

import microgradx as mx
from microgradx import Value, argument_hints, nn

X, Y = nn.data.xor()
GIVEN = {"loss": "mse", "optimizer": nn.SGD(lr=0.1), "epochs": 1}


def model():
    return nn.MLP(2, [3, 1], rng=0)


def fit(**changed):
    return nn.fit(model(), X, Y, **{**GIVEN, **changed})


x = Value(2.0, "x")


def among_rows(ours):
    return {key: write for key, write in argument_hints.ROW_MODULE.items() if ours in write}


OWNERS = {
    "fit": (fit, argument_hints.FIT, nn.fit),
    "Layer": (lambda **named: nn.Layer(2, 3, **named), argument_hints.LAYER, nn.Layer),
    "Neuron": (lambda **named: nn.Neuron(2, **named), argument_hints.WEIGHTS, nn.Neuron),
    "backward": ((x * x).backward, argument_hints.BACKWARD, (x * x).backward),
    "grad": (lambda **named: mx.grad(x, [x], **named), argument_hints.TRANSFORM, mx.grad),
    "value_and_grad": (lambda **named: mx.value_and_grad(abs, **named), argument_hints.TRANSFORM, mx.value_and_grad),
    "zero_grad": (nn.MLP(2, [1]).zero_grad, argument_hints.ZERO_GRAD, nn.SGD().zero_grad),
    "load": (nn.load, argument_hints.LOAD, nn.load),
    "draw": (lambda **named: mx.draw(x, **named), argument_hints.DRAWING, mx.draw),
    "animate": (lambda **named: mx.animate(x, **named), argument_hints.ANIMATION, mx.animate),
    "compile": (mx.compile, argument_hints.COMPILED, mx.compile),
    "check_gradient": (mx.check_gradient, argument_hints.CHECK, mx.check_gradient),
    "Question": (mx.teach.Question, argument_hints.QUESTION, mx.teach.Question),
    "Derivative": (mx.teach.Derivative, argument_hints.DERIVATIVE, mx.teach.Derivative),
    "Sheet": (mx.teach.Sheet, argument_hints.EXERCISE_SHEET, mx.teach.Sheet),
    "Embedding": (nn.Embedding, among_rows("width"), nn.Embedding),
    "Dropout": (nn.Dropout, among_rows("prob"), nn.Dropout),
    "BatchNorm": (nn.BatchNorm, among_rows("eps"), nn.BatchNorm),
    "MLP": (lambda **named: nn.MLP(2, [1], **named), argument_hints.NETWORK, nn.MLP),
    "SGD": (nn.SGD, argument_hints.RULE, nn.SGD),
    "Adam": (nn.Adam, argument_hints.RULE, nn.Adam),
    "moons": (nn.data.moons, argument_hints.SET_OF_POINTS, nn.data.moons),
}


@pytest.mark.parametrize(("owner", "word"), [(owner, word) for owner, (_, words, _) in OWNERS.items() for word in words])
def test_the_word_of_another_library_is_answered_with_ours_which_exists(owner, word):
    call, words, function = OWNERS[owner]
    with pytest.raises(TypeError) as caught:
        call(**{word: 1})
    assert str(caught.value) == f"{owner} has no argument {word!r}: write {words[word]}"
    known = set(inspect.signature(function).parameters)
    assert word not in known
    ours, is_ours, _ = words[word].partition("=")
    assert not is_ours or "(" in ours or ours in known | {"betas", "epsilon"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.fit(model(), X, Y, optimzer=1), r"fit has no argument 'optimzer': did you mean optimizer=\?"),
        (lambda: fit(qqqq=1), r"fit has no argument 'qqqq': it takes model, X, y, loss, optimizer, epochs, "),
        (lambda: nn.fit(model(), X, Y), r'needs loss=, optimizer=, epochs=: write for example nn.fit\(model, X, y, loss="'),
        (lambda: nn.fit(model(), X, Y, epochs=2, loss="mse"), r"fit needs optimizer=: write for example"),
        (lambda: nn.fit(model(), X, Y, "mse"), r"do not fit \(fit.. takes 3 positional .*: write for example nn.fit"),
        (lambda: nn.MLP([2, 4, 1]), r"MLP needs sizes=: write for example MLP\(2, \[4, 1\]\)"),
        (lambda: nn.MLP([2, 4, 1], activation="tanh"), r"write for example MLP\(2, \[4, 1\]\)"),
        (lambda: nn.MLP(3), r"MLP needs sizes=: write for example MLP\(3, \[16, 1\]\)"),
        (lambda: nn.MLP(), r"MLP needs inputs=, sizes=: write for example MLP\(2, \[16, 1\]\)"),
        (lambda: nn.SGD(0.1), r"got 0.1: write SGD\(model.parameters\(\), lr=...\), or SGD\(lr=0.1\) for nn.fit"),
        (lambda: fit(seed="x"), r"seed='x' is not a seed: write a whole number"),
        (lambda: fit(seed="x", validation=0.25), r"seed='x' is not a seed: write a whole number"),
        (lambda: nn.data.moons(seed="a"), r"seed='a' is not a seed: write a whole number"),
        (lambda: nn.data.train_test_split(X, Y, seed=-1), r"seed=-1 is not a seed: write a whole number from 0"),
        (lambda: nn.data.minibatches(X, Y, 2, seed="a"), r"seed='a' is not a seed"),
        (lambda: nn.Layer(2), r'Layer needs outputs=: write for example nn.Layer\(2, 3, "tanh"\)'),
        (lambda: nn.Neuron(2, rnq=1), r"Neuron has no argument 'rnq': did you mean rng=\?"),
        (lambda: nn.load(model(), "m.json"), r"load takes the path first: write nn.load\('m.json', into=model\)"),
        (lambda: nn.load(model()), r"load takes the path first: write nn.load\('model.json', into=model\)"),
        (lambda: nn.save("m.json", model()), r"save takes the model first: write nn.save\(model, 'm.json'\)"),
        (lambda: x.backward(retain=True), r"backward has no argument 'retain': it takes seed"),
        (lambda: nn.SGD().zero_grad(none=True), r"zero_grad has no argument 'none': it takes none"),
        (lambda: mx.grad(x * x), r"grad takes a function, got Value\(.*: write gradient\(y, \[x\]\) for the slopes of a Value"),
        (lambda: mx.hessian(lambda v: v[0], [1.0]), r"argnums=\[1.0\] must be the place .* behind it: hessian\(f\)\(x\)"),
        (lambda: mx.jacobian(lambda v: v, x), r"argnums=Value.* must be the place .* behind it: jacobian\(f\)\(x\)"),
        (lambda: mx.jvp(2.0, (1.0,), (1.0,)), r"jvp takes a function, got 2.0"),
        (lambda: mx.vjp(x, 1.0), r"vjp takes a function, got Value"),
    ],
)
def test_what_does_not_fit_is_answered_with_what_to_write(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("rule", [nn.SGD, nn.Adagrad, nn.RMSProp, nn.Adam, nn.AdamW])
def test_the_name_of_an_optimizer_stands_for_one_with_its_usual_rate(rule):
    assert fit(optimizer=rule.__name__.lower(), epochs=3) == fit(optimizer=rule(), epochs=3)


def test_the_name_of_no_optimizer_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="optimizer='adma' is not known: did you mean 'adam'"):
        fit(optimizer="adma")


def test_an_error_within_a_call_that_fits_is_its_own():
    def wrong(outputs, targets):
        return outputs.missing

    with pytest.raises(AttributeError, match="missing"):
        fit(loss=wrong)


def test_an_error_of_the_same_kind_from_inside_a_call_that_fits_is_its_own():
    with pytest.raises(TypeError, match="unsupported operand"):
        mx.check_gradient(lambda x: None + x, 1.0)
    with pytest.raises(TypeError, match="unsupported operand"):
        fit(loss=lambda outputs, targets: None + 1)


def test_signatures_are_those_that_were_written():
    assert list(inspect.signature(nn.MLP).parameters)[:3] == ["inputs", "sizes", "activation"]
    assert inspect.signature(nn.SGD).parameters["lr"].default == 0.01
    assert inspect.signature(nn.fit).parameters["loss"].kind is inspect.Parameter.KEYWORD_ONLY


def test_an_argument_that_was_given_is_not_what_another_one_means():
    with pytest.raises(TypeError, match=r"no argument 'modes': did you mean order=\?$"):
        mx.check_gradient(abs, 1.0, modes=["rev"])
    for given, named in (((abs, 1.0), {"order": 2, "modes": ["rev"]}), ((abs, 1.0, 1.0), {"gradd": 1.0})):
        with pytest.raises(TypeError, match=r"no argument '\w+': (?!did you mean (order|grad)=)"):
            mx.check_gradient(*given, **named)


def test_a_value_as_a_seed_is_answered_with_its_number():
    y = x * x
    told = r"the seed of a pass is a plain number, not Value\(data=3\.0, grad=0\.0\): write backward\(seed=3\.0\)$"
    with pytest.raises(TypeError, match=told):
        y.backward(Value(3.0))
    assert not y.reached
