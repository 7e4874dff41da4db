"""Numbers that are looked up: take, plain indices, static arguments, and .data inside a compiled function."""

import random

import numpy as np
import pytest

import microgradx as mx
from microgradx.replay.compile import compile

TABLE = [[mx.Value(0.1 * i + j) for j in range(3)] for i in range(5)]


def programs(f):
    return len({id(way.program.tape) for ways in f.recordings.values() for way in ways})


@pytest.mark.parametrize("count", [1, 2, 3, 7, 16])
def test_take_gives_the_row_and_its_derivative_for_every_index_by_one_recording(count):
    rows = [[float(k), float(-k)] for k in range(count)]

    def f(rows, i):
        a, b = mx.take(rows, i)
        return a * 2.0 + b * b

    c = compile(f)
    for i in range(count):
        assert c.value_and_grad(rows, i) == mx.value_and_grad(f)(rows, i)
        assert c(rows, i - count) == c(rows, i)
    assert [len(ways) for ways in c.recordings.values()] == [1]  # from the start and from the end


def test_take_is_exact_among_rows_that_are_not_finite_and_keeps_the_sign_of_zero():
    rows = [float("inf"), -0.0, float("nan"), 2.5]
    f = compile(lambda rows, i: mx.take(rows, i) * 1.0)
    assert [str(f(rows, i)) for i in range(4)] == ["inf", "-0.0", "nan", "2.5"]


def test_take_of_arrays_and_of_numbers_gives_what_indexing_gives():
    table = np.arange(6.0).reshape(3, 2)
    f = compile(lambda table, i: mx.take(table, i) * 2.0)
    assert [f(table, i).tolist() for i in (0, 2)] == [[0.0, 2.0], [8.0, 10.0]]
    assert mx.take([1.0, 2.0], 1) == 2.0
    assert mx.take(TABLE, np.int64(2)) is TABLE[2]
    assert compile(lambda i: mx.take(TABLE, i))(3)[1].data == TABLE[3][1].data


def test_take_differentiates_rows_that_were_computed():
    def f(w, i):
        return mx.take(mx.softmax([v * v for v in w]), i).log()

    w = [0.3, -0.8, 1.1]
    for i in range(3):
        assert compile(f).grad(w, i) == pytest.approx(mx.grad(f)(w, i), rel=1e-14)


@pytest.mark.parametrize(
    ("index", "error", "words"),
    [
        (5, IndexError, "take got the index 5, out of the reach of 5 rows: they are 0 to 4"),
        (-6, IndexError, "take got the index -6, out of the reach of 5 rows"),
    ],
)
def test_take_refuses_what_is_no_place_of_a_row_with_the_words_of_eager_evaluation(index, error, words):
    f = compile(lambda i: mx.sum(mx.take(TABLE, i)))
    with pytest.raises(error, match=words):
        mx.take(TABLE, index)
    for _ in range(2):
        with pytest.raises(error, match=words):
            f(index)
        assert f(1).data == sum(v.data for v in TABLE[1])


def test_take_says_which_fraction_it_got_and_that_there_are_no_rows():
    with pytest.raises(TypeError, match=r"take needs a whole number as its index, got 1\.5: pass an int"):
        compile(lambda i: mx.sum(mx.take(TABLE, i)))(1.5)
    for take in (lambda i: mx.take([], i), compile(lambda i: mx.take([], i))):
        with pytest.raises(IndexError, match="take got the index 0, but there are no rows"):
            take(0)


@pytest.mark.parametrize("index", [mx.Value(1.0), 1.0, "a"], ids=repr)
def test_take_refuses_an_index_that_is_not_whole(index):
    with pytest.raises(TypeError, match=r"take needs a whole number as its index, got .*: an index has no derivative"):
        mx.take(TABLE, index)
    with pytest.raises(TypeError, match="take needs a whole number as its index"):
        compile(lambda x: mx.take(TABLE, mx.Value(1.0))[0] * x)(1.0)


def test_take_refuses_rows_of_different_shapes():
    with pytest.raises(ValueError, match="take needs rows of one shape: row 0 is a list of 1, row 1 is a number"):
        compile(lambda i: mx.take([[1.0], 2.0], i))(0)


def test_a_whole_number_indexes_lists_and_arrays_and_counts():
    f = compile(lambda xs, i: xs[i] * 2.0)
    assert f.value_and_grad([1.0, 2.0], 1) == (4.0, [0.0, 2.0])
    assert f.value_and_grad([1.0, 2.0], 0) == (2.0, [2.0, 0.0])
    assert f.value_and_grad(np.array([1.0, 3.0]), np.int64(1))[0] == 6.0
    power = compile(lambda x, n: mx.prod([x] * n) if n else x)
    assert [power.grad(2.0, n) for n in (3, 2, 3)] == [12.0, 4.0, 12.0]
    ring = compile(lambda x, ks: sum(x[k] for k in ks))
    assert [ring([1.0, 2.0, 4.0], ks) for ks in ([0, 1], [2, 2], [0, 1])] == [3.0, 8.0, 3.0]
    assert compile(lambda x, key: {1: x, 2: -x}[key] * 1.0)(3.0, 2) == -3.0


def test_recordings_that_differ_in_the_leaves_they_read_are_one_program():
    f = compile(lambda i: (mx.sum(TABLE[i]) * 2.0).tanh())
    expected = [(mx.sum(row) * 2.0).tanh() for row in TABLE]
    for k, value in enumerate(expected):
        for row in TABLE:
            for v in row:
                v.grad = None
        assert f.backward(k) == f(k).data == pytest.approx(value.data, rel=1e-15)
        assert [all(v.reached for v in row) for row in TABLE] == [j == k for j in range(5)]
    assert (len(f.recordings), programs(f)) == (5, 1)


def test_a_list_a_tuple_and_an_array_share_one_program():
    f = compile(lambda v: v[0] * v[1].tanh() + v[2] ** 2)
    found = [f.value_and_grad(kind([1.0, 2.0, 3.0])) for kind in (list, tuple, np.array)]
    assert found[0][1] == list(found[1][1]) == found[2][1].tolist()
    assert [type(slopes) for _, slopes in found] == [list, tuple, np.ndarray]
    assert (len(f.recordings), programs(f)) == (3, 1)
    g = compile(lambda v: sum(v * 2))  # a list is repeated, an array is doubled
    assert [g([1.0, 2.0]), g((1.0, 2.0)), g(np.array([1.0, 2.0]))] == [6.0, 6.0, 6.0]
    assert programs(g) == 2


@pytest.mark.parametrize("word", ["ab", "ba", "cc"])
def test_a_static_argument_is_part_of_the_program(word):
    f = compile(lambda x, word, scale=1: x * TABLE["abc".index(word[0])][0].data * scale, static=("word", "scale"))
    expected = 2.0 * TABLE["abc".index(word[0])][0].data
    assert f(2.0, word).data == f(2.0, word=word).data == expected
    assert f(2.0, word, 3).data == f(2.0, word, scale=3).data == 3.0 * expected


def test_a_static_number_may_be_looked_at():
    steps = compile(lambda x, n: sum([x / k for k in range(1, n + 1)], 0.0) if n % 2 else float(n) * x, static="n")
    assert [steps.grad(1.0, n) for n in (1, 2, 3)] == [1.0, 2.0, 1.0 + 0.5 + 1.0 / 3.0]
    with pytest.raises(TypeError, match="holds no number, so there is no derivative by it"):
        steps.grad(1.0, 2, argnums=1)


@pytest.mark.parametrize(
    "look",
    [
        lambda xs, n: xs[n - 1],
        lambda xs, n: sum(xs[k] for k in range(n - 1)),
        lambda xs, n: sum(xs[: n // 2]),
        lambda xs, n: xs[-n],
        lambda xs, n: xs[n] * xs[n + 1],
        lambda xs, n: xs[int(n / 2)],
    ],
)
def test_an_index_that_is_calculated_takes_a_static_argument_and_its_error_says_so(look):
    xs = [3.0, 1.0, 4.0, 1.5, 9.0]
    with pytest.raises(TypeError, match=r'for (what is calculated from one|an index or a count).* compile\(f, static="n"\)'):
        compile(look)(xs, 3)
    static = compile(look, static="n")
    assert [static(xs, n) for n in (2, 3, 2)] == [look(xs, n) for n in (2, 3, 2)]


def test_a_count_that_varies_is_told_what_is_recorded_once_for_all_counts():
    xs, told = [0.1 * k for k in range(200)], []
    for static, advice in [((), r"where\(n > k, xs\[k\], 0\.0\) with every k"), ("n", "what is static has a program of its own")]:
        f = compile(lambda xs, n: sum(x * x for x in xs[:n]), static=static)
        with pytest.warns(RuntimeWarning, match=advice):
            told = [f.grad(xs, n) for n in range(1, 40)]
    once = compile(lambda xs, n: sum(mx.where(n > k, x, 0.0) * x for k, x in enumerate(xs)))
    assert [once.grad(xs, n) for n in range(1, 40)] == told
    assert len(once.recordings) == 1


@pytest.mark.parametrize("pair", [(1, True), (0.0, -0.0), (2, 2.0), ((1, (2,)), (1.0, (2,))), ((0.0,), (-0.0,)), (0, 0.0)])
@pytest.mark.parametrize("held", [lambda x: x, lambda x: frozenset([x])])
def test_static_arguments_that_are_equal_but_not_the_same_have_programs_of_their_own(pair, held):
    f = compile(lambda x, key: x * float(len(repr(key))), static="key")
    for key in map(held, (*pair, *pair)):
        assert f(1.0, key) == f(1.0, key=key) == float(len(repr(key)))
    assert len(f.recordings) == 4


@pytest.mark.parametrize(
    ("key", "instead"),
    [([1], "a tuple"), ((1, [2]), "a tuple"), ({1: 2}, "a tuple of its items"), ({1}, "a frozenset"), (np.ones(2), "a tuple")],
)
def test_a_static_argument_that_cannot_be_hashed_is_refused_by_its_name(key, instead):
    f = compile(lambda x, key: x, static="key")
    told = rf"^the static argument key must be hashable, as it is the key of a recording: unhashable type: .*; write {instead}$"
    for ask in (f, f.grad):
        with pytest.raises(TypeError, match=told):
            ask(1.0, key)


class Scale:
    """An object that is hashed by identity and holds a number."""

    def __init__(self):
        self.k = 2.0


def test_a_static_object_may_hold_numbers():
    scale = Scale()
    assert compile(lambda x, scale: x * scale.k, static="scale").value_and_grad(3.0, scale) == (6.0, 2.0)
    with pytest.raises(TypeError, match=r"Scale\.k is 2\.0 in an object given as an argument"):
        compile(lambda x, scale: x * scale.k)(3.0, scale)


def test_static_names_are_those_of_arguments():
    with pytest.raises(ValueError, match=r"static names \['k'\], the function has the arguments \['x', 'n'\]"):
        compile(lambda x, n: x, static=("n", "k"))
    with pytest.raises(TypeError, match="a batch has no static arguments"):
        compile(lambda x, n: x, batch="x", static="n")


class Powers:
    """A method whose exponent is static."""

    def __init__(self):
        self.w = mx.Value(2.0)

    def power(self, x, n):
        return self.w * x**n if n > 1 else x

    power = compile(power, static="n")


def test_a_method_may_have_static_arguments():
    powers = Powers()
    assert [powers.power.grad(3.0, n).data for n in (2, 3)] == [12.0, 54.0]
    assert powers.power.grad(3.0, 1) == 1.0


def test_data_of_a_number_being_recorded_is_the_number_cut_off():
    w = mx.Value(3.0)

    def f(x):
        return x.data * x + w.data * x

    c = compile(f)
    assert c.value_and_grad(2.0) == (10.0, 5.0)
    w.data = 4.0
    assert c.value_and_grad(2.0) == (12.0, 6.0)
    assert mx.grad(c)(mx.Value(2.0)).data == 6.0


def test_a_softmax_with_its_largest_taken_out_by_data_is_recorded():
    def softmax(logits):
        largest = mx.max([v.data for v in logits])
        exps = [(v - largest).exp() for v in logits]
        total = sum(exps)
        return [e / total for e in exps]

    r = random.Random(1)
    c = compile(lambda v: softmax(v)[1].log())
    for _ in range(20):
        v = [r.gauss(0, 2) for _ in range(5)]
        assert c.value_and_grad(v)[1] == pytest.approx(mx.grad(lambda v: mx.log_softmax(v)[1])(v), abs=1e-14)
    assert sum(map(len, c.recordings.values())) == 1


def test_a_loss_that_also_gives_its_accuracy_is_differentiated():
    def loss(w, xs, ys):
        scores = [w[0] * x + w[1] for x in xs]
        right = sum((s.data > 0.0) == (y > 0.0) for s, y in zip(scores, ys, strict=True)) / len(ys)
        return mx.mean([(1.0 - y * s).relu() for s, y in zip(scores, ys, strict=True)]), right

    c = compile(loss)
    data = ([-1.0, 0.5, 2.0], [-1.0, -1.0, 1.0])
    (value, right), slopes = c.value_and_grad([1.0, 0.1], *data, has_aux=True)
    assert right == pytest.approx(2.0 / 3.0)
    assert value == pytest.approx(1.7 / 3.0)
    assert slopes == pytest.approx([-0.5 / 3.0, 2.0 / 3.0])


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (lambda x: TABLE[x], r"an index or a count .* its own among the arguments: look up by take\(rows, i\), or choose"),
        (lambda x: float(x), r"a plain float .* Leave float\(\.\.\.\) out and give the value itself; x\.detach\(\) cuts it off"),
        (lambda x: int(x), r"branch with `if x > 0` or where"),
    ],
)
def test_looks_that_are_refused_name_the_remedy(look, words):
    with pytest.raises(TypeError, match=words):
        compile(look)(1.0)


def looked_up_often(look_up):
    """A function that looks up the same rows several times and uses what it found in several places, beside the rows."""

    def f(rows, i, j):
        a, b, c = look_up(rows, i), look_up(rows, j), look_up(rows, i)
        first = mx.dot(a, b) + rows[0][0] * a[0] + mx.tanh(c[1]) * rows[1][0]
        return first * a[1] + mx.sum([c[0], b[1], a[0] * c[1]]) / (1.0 + first * first) + mx.exp(a[0]) * rows[-1][1]

    return f


@pytest.mark.parametrize("take", [mx.take, lambda rows, i: rows[i]])
def test_a_row_looked_up_often_has_eager_bits_forward_and_by_a_plain_index_backward_too(take):
    r, f = random.Random(0), looked_up_often(take)
    c, differ = compile(f), 0
    for _ in range(60):
        rows, along = [[[r.gauss(0.0, 1.0) for _ in range(2)] for _ in range(3)] for _ in range(2)]
        i, j = r.choice([(0, -1), (1, 1), (-3, 0)])
        assert c.jvp((rows, i, j), (along, None, None)) == mx.jvp(lambda rows, i=i, j=j: f(rows, i, j), (rows,), (along,))
        found, expected = c.grad(rows, i, j), mx.grad(f)(rows, i, j)
        assert np.allclose(found, expected, rtol=1e-13, atol=1e-15)
        differ += found != expected
    assert (differ > 0) == (take is mx.take)
