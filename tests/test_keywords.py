"""Arguments that are called otherwise here, misspelled or left out: the error says what to write."""

import inspect

import pytest

from microgradx import hints, nn

X, Y = nn.data.xor()
GIVEN = {"loss": "mse", "optimizer": nn.SGD(lr=0.1), "epochs": 1}


def model():
    return nn.MLP(2, [3, 1], rng=0)


def fit(**changed):
    return nn.fit(model(), X, Y, **{**GIVEN, **changed})


OWNERS = {
    "fit": (fit, hints.FIT, nn.fit),
    "MLP": (lambda **named: nn.MLP(2, [1], **named), hints.NETWORK, nn.MLP),
    "SGD": (nn.SGD, hints.RULE, nn.SGD),
    "Adam": (nn.Adam, hints.RULE, nn.Adam),
    "moons": (nn.data.moons, hints.SET_OF_POINTS, nn.data.moons),
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
        (lambda: fit(optimzer=1), r"fit has no argument 'optimzer': did you mean optimizer=\?"),
        (lambda: fit(qqqq=1), r"fit has no argument 'qqqq': it takes model, X, y, loss, optimizer, epochs, "),
        (lambda: nn.fit(model(), X, Y), r'needs loss=, optimizer=, epochs=: write for example nn.fit\(model, X, y, loss="'),
        (lambda: nn.fit(model(), X, Y, epochs=2, loss="mse"), r"fit needs optimizer=: write for example"),
        (lambda: nn.fit(model(), X, Y, "mse"), r"do not fit \(too many positional arguments\): write for example nn.fit"),
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


def test_signatures_are_those_that_were_written():
    assert list(inspect.signature(nn.MLP).parameters)[:3] == ["inputs", "sizes", "activation"]
    assert inspect.signature(nn.SGD).parameters["lr"].default == 0.01
    assert inspect.signature(nn.fit).parameters["loss"].kind is inspect.Parameter.KEYWORD_ONLY
