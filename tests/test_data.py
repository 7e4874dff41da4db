"""The data sets: their points are bit for bit the published ones, and splitting and batching lose no row."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx.nn import data

# SHA-256 of the float64 points, row by row, little endian, as scikit-learn 1.9.1 and numpy 2.4.6 make them.
DIGESTS = {
    (data.circles, 300, 0.05, 1): "91191c9807c45ed201f81fd023bc92ee9a4b67312900d816b5816ee572423c47",
    (data.circles, 100, 0.05, 2): "8b98e93439732f9e0c737baf4c92a54f383ee24340ef7cd390136a05bca22c24",
    (data.moons, 100, 0.1, 1337): "59d014d2ae70550613a2d20c0c264fba2bc002f43ac3fd2839e36cbb9098d1ce",
}


def digest(points):
    return hashlib.sha256(np.ascontiguousarray(points, dtype="<f8").tobytes()).hexdigest()


@pytest.mark.parametrize(("recipe", "expected"), DIGESTS.items(), ids=lambda v: getattr(v[0], "__name__", "")[:8])
def test_points_are_bit_identical_to_the_published_ones(recipe, expected):
    make, n, noise, seed = recipe
    points, labels = make(n, noise=noise, seed=seed)
    assert digest(points) == expected
    assert points.shape == (n, 2)
    assert labels.sum() == n // 2


def test_the_digest_notices_one_changed_bit():
    points, _ = data.moons()
    points[0, 0] = np.nextafter(points[0, 0], 2.0)
    assert digest(points) != DIGESTS[data.moons, 100, 0.1, 1337]


def test_first_labels_are_the_published_ones():
    assert data.circles(300)[1][:12].tolist() == [1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0]
    assert data.circles(100, seed=2)[1][:12].tolist() == [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]
    assert data.moons()[1][:12].tolist() == [0, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0]


def test_no_noise_puts_every_point_on_its_circle():
    points, labels = data.circles(50, noise=0.0)
    assert np.hypot(*points.T) == pytest.approx(np.where(labels == 1, 0.8, 1.0))


def test_spiral_arms_share_the_points_and_end_at_radius_one():
    points, labels = data.spirals(91, noise=0.0, classes=3)
    assert np.bincount(labels).tolist() == [31, 30, 30]
    assert np.hypot(*points.T).max() == pytest.approx(1.0)


def test_gates_answer_as_their_names_say():
    answers = {name: data.gates(name)[1].tolist() for name in ("and", "or", "nand", "nor", "xor")}
    assert answers == {
        "and": [0, 0, 0, 1],
        "or": [0, 1, 1, 1],
        "nand": [1, 1, 1, 0],
        "nor": [1, 0, 0, 0],
        "xor": [0, 1, 1, 0],
    }
    assert data.xor()[1].tolist() == answers["xor"]


def test_an_unknown_gate_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"no gate 'not': write one of 'and', 'or', 'nand', 'nor', 'xor'"):
        data.gates("not")


def test_spreadsheet_holds_w1_to_w8_row_by_row():
    inputs, targets, (hidden, output) = data.spreadsheet()
    assert inputs.shape == targets.shape == (1, 2)
    assert [*hidden.ravel(), *output.ravel()] == [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]


@settings(derandomize=True, deadline=None)
@given(n=st.integers(2, 60), share=st.floats(0.05, 0.95), size=st.integers(1, 70), seed=st.integers(0, 2**32 - 1))
def test_splitting_and_batching_keep_every_row_exactly_once(n, share, size, seed):
    X, y = np.arange(n).reshape(n, 1), np.arange(n)
    batches = list(data.minibatches(X, y, size, seed))
    assert sorted(np.concatenate([labels for _, labels in batches])) == list(range(n))
    assert all((rows[:, 0] == labels).all() for rows, labels in batches)
    if np.ceil(share * n) < n:
        X_train, X_test, y_train, y_test = data.train_test_split(X, y, share, seed)
        assert len(X_test) == np.ceil(share * n)
        assert sorted([*y_train, *y_test]) == list(range(n))
        assert (X_train[:, 0] == y_train).all()
        assert (X_test[:, 0] == y_test).all()


def test_one_stream_shuffles_every_epoch_anew_and_one_seed_repeats_it():
    X, y = data.circles(20)
    stream = np.random.RandomState(0)
    first, second = (next(data.minibatches(X, y, 20, stream))[0] for _ in range(2))
    again = next(data.minibatches(X, y, 20, 0))[0]
    assert (first == again).all()
    assert not (first == second).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: data.circles(1), r"n=1: two classes need at least 2 points"),
        (lambda: data.moons(10, noise=-0.1), r"noise=-0\.1: a standard deviation is a finite number, 0 or more"),
        (lambda: data.spirals(10, classes=1), r"classes=1 with n=10: spirals needs at least 2 classes"),
        (lambda: data.minibatches([[1.0], [2.0]], [0], 1), r"X of shape \(2, 1\) and y of shape \(1,\): each row of X"),
        (lambda: data.minibatches([], [], 1), r"at least 1 row"),
        (lambda: data.minibatches([[1.0]], [0], 0), r"size=0: a batch needs at least 1 row"),
        (
            lambda: data.train_test_split([[1.0], [2.0]], [0, 1], 0.0),
            r"test_size=0\.0 of 2 rows leaves no row on one side",
        ),
    ],
)
def test_bad_input_names_the_argument_and_the_fix(call, message):
    with pytest.raises(ValueError, match=message):
        call()
