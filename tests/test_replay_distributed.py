"""The same program on a cluster: the bits of one machine for any number of workers, also when a worker dies."""

import os
import signal

import numpy as np
import pytest

import microgradx as mx
from microgradx.bench.case import sum_of
from microgradx.replay.compile import compile

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore")  # what the cluster says about ports and dying workers is its own affair


def loss(w, x, y):
    """A small regression on one sample."""
    return (sum_of([(a * b).tanh() for a, b in zip(w, x, strict=True)]) - y) ** 2


def slow_or_die(flag):
    """On a worker: leave a mark the first time and die, so that the task is run again elsewhere."""
    if not os.path.exists(flag):
        with open(flag, "w"):
            pass
        os.kill(os.getpid(), signal.SIGKILL)
    return 0.0


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as running:
        yield running


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    r = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("data")
    X = np.memmap(folder / "x", dtype=np.float64, mode="w+", shape=(5000, 4))
    X[:] = r.normal(size=X.shape)
    X.flush()
    return r.normal(size=4), X, r.normal(size=5000)


def test_branches_on_parameters_are_followed_on_the_cluster(cluster):
    from microgradx.replay.batch.distributed import Spread

    x = np.arange(10.0)
    f = compile(lambda w, x: w * x if w > 0.0 else -2.0 * w * x, batch="x", reduce="sum", chunk=4)
    with distributed.Client(cluster) as client:
        spread = Spread(f, client, x)
        assert [spread.value_and_grad(w) for w in (1.0, -1.0, 2.0)] == [(45.0, 45.0), (90.0, -90.0), (90.0, 45.0)]


def test_every_number_of_workers_gives_the_bits_of_one_machine(cluster, data):
    from microgradx.replay.batch.distributed import Spread

    w, X, y = data
    f = compile(loss, batch=("x", "y"), chunk=128)
    value, slopes = f.value_and_grad(w, X, y)
    with distributed.Client(cluster) as client:
        spread = Spread(f, client, X, y)
        found = spread.value_and_grad(w)
        assert (found[0], found[1].tolist()) == (value, slopes.tolist())
        assert spread(w) == value
        leaves = [mx.Value(x) for x in w]
        whole = spread(leaves) * 2.0 + leaves[0]  # a node of an eager graph
        assert mx.gradient(whole, leaves)[1:] == (2.0 * slopes[1:]).tolist()
        assert whole.data == 2.0 * value + w[0]
        spread.parts = [(0, 5000)]  # as one worker would do it
        spread.rows = [client.submit(list, [X[:], y], pure=False)]
        found = spread.value_and_grad(w)
        assert (found[0], found[1].tolist()) == (value, slopes.tolist())


def test_a_killed_worker_is_survived(cluster, data, tmp_path):
    from microgradx.replay.batch.distributed import Spread

    w, X, y = data
    f = compile(loss, batch=("x", "y"), chunk=128)
    value, slopes = f.value_and_grad(w, X, y)
    with distributed.Client(cluster) as client:
        spread = Spread(f, client, X, y)
        spread.value_and_grad(w)
        client.submit(slow_or_die, str(tmp_path / "died"), pure=False).result()  # kills the worker that holds half of the rows
        found = spread.value_and_grad(w)
        assert (tmp_path / "died").exists()
        assert (found[0], found[1].tolist()) == (value, slopes.tolist())


@pytest.mark.parametrize("count", [1, 37, 1000, 4999])
def test_a_minibatch_on_the_cluster_has_the_bits_of_one_on_one_machine(cluster, data, count):
    from microgradx.replay.batch.distributed import Spread

    w, X, y = data
    f = compile(loss, batch=("x", "y"), chunk=64)
    rows = np.random.default_rng(count).integers(-5000, 5000, size=count)
    value, slopes = f.value_and_grad(w, X[rows], y[rows])
    mask = np.zeros(5000, dtype=bool)
    mask[rows] = True
    with distributed.Client(cluster) as client:
        spread = Spread(f, client, X, y)
        found = spread.value_and_grad(w, rows=rows)
        assert (found[0], found[1].tolist()) == (value, slopes.tolist())
        assert spread(w, rows=rows.tolist()) == value
        few = (rows[:9] % 100).astype(np.uint8)
        assert spread(w, rows=few) == spread(w, rows=-100 + few.astype(int) - 4900) == f(w, X[few], y[few])
        assert spread(w, rows=mask) == f(w, X[mask], y[mask])
        assert spread(w) == f(w, X, y)


def test_samples_that_are_not_there_or_go_another_way_are_named_by_the_cluster(cluster):
    from microgradx.replay.batch.distributed import Spread

    x = np.arange(10.0)
    f = compile(lambda w, x: w * x if x < 7.0 else -2.0 * w * x, batch="x", reduce="sum", chunk=2)
    with distributed.Client(cluster) as client:
        spread = Spread(f, client, x)
        assert spread(1.0, rows=[1, 5, 6]) == 12.0
        assert spread.value_and_grad(1.0, rows=[9, 7]) == (-32.0, -32.0)
        with pytest.raises(TypeError, match=r"sample 2 takes another way .* at .*test_replay_distributed\.py"):
            spread(1.0, rows=[1, 5, 8])
        with pytest.raises(IndexError, match="rows has 10, and the samples are 0 to 9"):
            spread(1.0, rows=[0, 10])
        with pytest.raises(ValueError, match=r"rows=\[\] chooses no samples: give at least one"):
            spread(1.0, rows=[])
        assert Spread(compile(lambda w, x: {"a": w * x, "b": x}, batch="x"), client, x)(2.0) == {"a": 9.0, "b": 4.5}
        for wrong in ([0.5], 3, [True, False], [[1]]):
            with pytest.raises(TypeError, match="pass an array of the numbers of samples, or a mask of all 10"):
                spread(1.0, rows=wrong)
        with pytest.raises(ValueError, match=r"\['x'\] differ from sample to sample"):
            spread.value_and_grad(1.0, argnums=1)
        with pytest.raises(ValueError, match="a cluster sends back sums, not the result of each sample"):
            Spread(compile(lambda w, x: w * x, batch="x", reduce=None), client, x)


def test_wrong_data_is_named(cluster, data):
    from microgradx.replay.batch.distributed import Spread

    _, X, y = data
    f = compile(loss, batch=("x", "y"))
    with distributed.Client(cluster) as client:
        with pytest.raises(ValueError, match="batch arguments x, y, got 1 arrays"):
            Spread(f, client, X)
        with pytest.raises(ValueError, match=r"have \[5000, 10\] samples"):
            Spread(f, client, X, y[:10])
        with pytest.raises(TypeError, match=r"x is <list_iterator .*>: pass an array with one sample per row"):
            Spread(f, client, iter([X]), y)
        with pytest.raises(ValueError, match="x has no samples: give at least one"):
            Spread(f, client, X[:0], y[:0])
