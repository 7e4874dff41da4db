"""Numbers that a compiled function keeps from its recording, and what it would clear: refused where a replay would be wrong."""

import numpy as np
import pytest

import microgradx as mx
from microgradx import Value, nn

KEPT = "a number of a recording that is over was used"


@pytest.fixture
def kept():
    """A number that a compiled function put into a list while it was recorded."""
    found = []
    f = mx.compile(lambda x: (found.append(x), x * x)[1])
    assert (f(3.0), f.grad(3.0)) == (9.0, 6.0)
    return found[0]


@pytest.mark.parametrize(
    "use",
    [
        lambda x: x * 2.0, lambda x: 2.0 - x, lambda x: x * x, lambda x: -x, lambda x: x > 1.0, bool, float, mx.tanh,
        lambda x: x.data, lambda x: Value(2.0) * x, lambda x: mx.sum([1.0, x]), lambda x: mx.where(x, 1.0, 2.0),
        lambda x: mx.grad(lambda a: a * x)(2.0), lambda x: mx.compile(lambda a: a + x)(1.0),
        lambda x: mx.compile(lambda a: x * a)(1.0), lambda x: mx.compile(lambda a: x)(1.0),
        lambda x: mx.compile(lambda a: mx.dot([a, a], [x, a]))(1.0), lambda x: mx.compile(lambda a: a * a)(x),
        lambda x: mx.compile(lambda a: mx.softmax([a, a])[0] + mx.softmax([a, x])[0])(1.0),
    ],
)  # fmt: skip
def test_a_number_of_a_recording_that_is_over_is_refused_wherever_it_is_used(kept, use):
    with pytest.raises(TypeError, match=KEPT):
        use(kept)


def test_a_state_that_a_method_keeps_is_refused_at_the_next_recording():
    class Recurrent:
        state = 0.0

        def step(self, x):
            self.state = mx.tanh(0.5 * self.state + x)
            return self.state

    step = mx.compile(Recurrent().step)
    assert step(0.1) == np.tanh(0.1)
    with pytest.raises(TypeError, match=f"{KEPT}.*pass it as an argument of the next call"):
        step(0.2)


def test_a_number_of_a_recording_that_failed_is_refused_too():
    found = []

    def f(x):
        found.append(x)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        mx.compile(f)(1.0)
    with pytest.raises(TypeError, match=KEPT):
        found[0] + 1.0


@pytest.mark.parametrize("clear", ["optimizer", "model", "None"])
def test_gradients_cannot_be_cleared_inside_as_no_replay_would_clear_them(clear):
    model = nn.MLP(1, [1], rng=0)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.0)
    first = model.parameters()[0]
    clearing = {"optimizer": optimizer.zero_grad, "model": model.zero_grad, "None": lambda: setattr(first, "grad", None)}[clear]

    def loss(x):
        clearing()
        return model([x]) ** 2

    with pytest.raises(TypeError, match=r"\.grad was assigned at .*a replay assigns nothing\. Clear gradients before or after"):
        mx.compile(loss).backward(1.5)
