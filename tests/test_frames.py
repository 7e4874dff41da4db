"""Tables of other libraries: converted at every door, never read by the labels of their columns."""

import copy

import numpy as np
import pytest

import microgradx as mx
from microgradx import nn
from microgradx.containers import looked_into

X, Y = nn.data.moons(60, seed=1)


class Frame:
    """As a DataFrame: iterated, it gives the labels of its columns, which are whole numbers here."""

    def __init__(self, table):
        self.table = np.array(table)
        self.shape, self.columns = self.table.shape, range(self.table.shape[-1])

    def to_numpy(self):
        return self.table.copy()

    def __iter__(self):
        return iter(self.columns)

    def __len__(self):
        return len(self.table)


class Framed(Frame):
    """With numpy's protocol as well, dimensions, and no dtype."""

    ndim = 2

    def __array__(self, dtype=None, copy=None):
        return self.table.astype(dtype or float)


class Tensor:
    """As a tensor that is differentiated: it gives an array once it is detached only."""

    def __init__(self, table, tracked=True):
        self.table, self.tracked = np.array(table), tracked

    def detach(self):
        return Tensor(self.table, False)

    def __array__(self, dtype=None, copy=None):
        if self.tracked:
            raise RuntimeError("detach it first")
        return self.table

    def __iter__(self):
        return iter(["a", "b"])

    def __len__(self):
        return len(self.table)


def pandas_frame(table):
    pandas = pytest.importorskip("pandas")
    return (pandas.DataFrame if np.ndim(table) == 2 else pandas.Series)(np.array(table), index=range(7, 7 + len(table)))


KINDS = pytest.mark.parametrize("kind", [Frame, Framed, Tensor, pandas_frame])


def model():
    return nn.MLP(2, [4, 1], activation="tanh", rng=0)


def numbers(outputs):
    return [out.data for out in outputs]


@KINDS
def test_a_model_answers_to_the_rows_of_a_table_and_not_to_its_labels(kind):
    made = kind(X)
    assert numbers(model()(made)) == numbers(model()(X))
    assert model().predict(made).tolist() == model().predict(X).tolist()
    assert numbers(nn.Layer(2, 3, rng=0)(kind(X[0]))) == numbers(nn.Layer(2, 3, rng=0)(X[0]))
    assert nn.plots.activations(model(), made) == nn.plots.activations(model(), X)
    assert nn.Neuron(2, rng=0)(kind(X[0])).data == nn.Neuron(2, rng=0)(X[0]).data
    chain = nn.Sequential(nn.Layer(2, 1, rng=0))
    assert numbers(chain(made)) == numbers(chain(X))


@KINDS
def test_training_takes_tables_and_gives_the_same_numbers(kind):
    def trained(X, y, validation):
        own = model()
        given = {"loss": "binary_cross_entropy", "optimizer": nn.Adam(lr=0.1), "epochs": 4, "progress": False}
        return nn.fit(own, X, y, validation=validation, **given)

    wanted = trained(X, Y, (X[:9], Y[:9]))
    assert trained(kind(X), kind(Y), (kind(X[:9]), kind(Y[:9]))) == wanted
    assert trained(kind(X), kind(Y), 0.25) == trained(X, Y, 0.25)


@KINDS
def test_data_are_split_by_rows(kind):
    for made, wanted in zip(nn.data.train_test_split(kind(X), kind(Y)), nn.data.train_test_split(X, Y), strict=True):
        np.testing.assert_array_equal(made, wanted)


@KINDS
def test_pictures_and_pages_take_tables(kind):
    pytest.importorskip("matplotlib")
    wanted = nn.plots.decision_boundary(model(), X, Y, points=9)
    assert nn.plots.decision_boundary(model(), kind(X), kind(Y), points=9).png() == wanted.png()
    page = nn.play(model(), kind(X), kind(Y), epochs=2)
    assert page.html == nn.play(model(), X, Y, epochs=2).html


@KINDS
def test_a_table_within_reach_of_a_drawing_is_passed_over(kind):
    table = kind(X)
    outputs = model()(table)
    assert "svg" in str(mx.draw(outputs[0], detail="neurons")._repr_mimebundle_())
    assert looked_into(copy.copy(table)) is None


def test_names_in_a_table_are_refused_by_the_words_for_a_list():
    with pytest.raises(ValueError, match=r"y\[0\] holds 'cat', a name: number the classes"):
        nn.fit(model(), Frame(X), Frame(["cat"] * len(X)), loss="mse", optimizer=nn.SGD(lr=0.1), epochs=1)
