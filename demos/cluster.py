"""One sample recorded, 400,000 replayed: on this process, and on a cluster of two processes with the same bits.

Needs the extra `distributed`. On real machines pass the address of a Dask scheduler: `python demos/cluster.py tcp://host:8786`.
"""

import sys
from time import perf_counter

import numpy as np
from distributed import Client, LocalCluster

import microgradx as mx
from microgradx.replay.batch.distributed import Spread

HIDDEN, SAMPLES = 16, 400_000


def sample_loss(w, x, y):
    """Hinge loss of a 2-16-1 network on one sample, written for one number at a time."""
    hidden = [(w[3 * i] * x[0] + w[3 * i + 1] * x[1] + w[3 * i + 2]).tanh() for i in range(HIDDEN)]
    score = mx.dot(w[3 * HIDDEN : 4 * HIDDEN], hidden) + w[4 * HIDDEN]
    return (1.0 - y * score).relu()


def timed(what, run):
    start = perf_counter()
    value, slopes = run()
    print(f"{what:<32} value {value:.17g}  |gradient| {np.linalg.norm(slopes):.17g}  {1e3 * (perf_counter() - start):7.1f} ms")
    return value, slopes.tolist()


def main():
    random = np.random.default_rng(0)
    X = random.normal(size=(SAMPLES, 2))
    y = np.where(X[:, 0] * X[:, 1] > 0.0, 1.0, -1.0)
    w = random.uniform(-1.0, 1.0, size=4 * HIDDEN + 1)
    f = mx.compile(sample_loss, batch=("x", "y"))
    f.value_and_grad(w, X[:2], y[:2])

    here = timed("one process", lambda: f.value_and_grad(w, X, y))
    cluster = None if sys.argv[1:] else LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with Client(sys.argv[1] if cluster is None else cluster) as client:
        spread = Spread(f, client, X, y)
        timed("cluster, first call", lambda: spread.value_and_grad(w))
        there = timed("cluster, rows in place", lambda: spread.value_and_grad(w))
    if cluster is not None:
        cluster.close()
    print("same bits on both" if here == there else "THE RESULTS DIFFER")
    return 0 if here == there else 1


if __name__ == "__main__":
    sys.exit(main())
