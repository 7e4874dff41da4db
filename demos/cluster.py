"""One sample recorded, two million replayed: by one thread, by two, and on a cluster of two processes, with the same bits.

Needs the extra `distributed`. On real machines pass the address of a Dask scheduler: `python demos/cluster.py tcp://host:8786`.
Machines whose processors are of another kind may differ in the last bits, as matrix products are added up otherwise there.
"""

import argparse
import os
import sys
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from distributed import Client, LocalCluster

import microgradx as mx
from microgradx.replay.batch.distributed import Spread

HIDDEN, SAMPLES = 16, 2_000_000


def sample_loss(w, x, y):
    """Hinge loss of a 2-16-1 network on one sample, written for one number at a time."""
    hidden = [(w[3 * i] * x[0] + w[3 * i + 1] * x[1] + w[3 * i + 2]).tanh() for i in range(HIDDEN)]
    score = mx.dot(w[3 * HIDDEN : 4 * HIDDEN], hidden) + w[4 * HIDDEN]
    return (1.0 - y * score).relu()


def on_disk(path, rows):
    """The same rows in a file, of which each process reads its own."""
    file = np.memmap(path, dtype=float, mode="w+", shape=rows.shape)
    file[:] = rows
    file.flush()
    return file


def timed(what, run):
    """The result as a list that tells every bit, and the seconds of the second call: the first one prepares."""
    run()
    start = perf_counter()
    value, slopes = run()
    seconds = perf_counter() - start
    print(f"{what:<24} value {value:.17g}  |gradient| {np.linalg.norm(slopes):.17g}  {1e3 * seconds:7.1f} ms")
    return [value, *slopes.tolist()], seconds


def main(folder, address):
    random = np.random.default_rng(0)
    X = on_disk(f"{folder}/X", random.normal(size=(SAMPLES, 2)))
    y = on_disk(f"{folder}/y", np.where(X[:, 0] * X[:, 1] > 0.0, 1.0, -1.0))
    w = random.uniform(-1.0, 1.0, size=4 * HIDDEN + 1)
    f = mx.compile(sample_loss, batch=("x", "y"), chunk=4096)
    both = mx.compile(sample_loss, batch=("x", "y"), chunk=4096, threads=2)

    here, alone = timed("one thread", lambda: f.value_and_grad(w, X, y))
    two, threads = timed("two threads", lambda: both.value_and_grad(w, X, y))
    cluster = None if address else LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with Client(address if cluster is None else cluster) as client:
        spread = Spread(f, client, X, y)
        there, processes = timed("cluster, rows in place", lambda: spread.value_and_grad(w))
    if cluster is not None:
        cluster.close()
    for what, seconds in (("two threads", threads), ("the cluster", processes)):
        print(f"{what}: {alone / seconds:.1f} times as fast as one thread")
    if max(threads, processes) > 0.8 * alone and hasattr(os, "getloadavg"):
        print(f"Two at a time gain little here: {os.cpu_count()} cores have {os.getloadavg()[0]:.1f} programs that want to run.")
    print("same bits on all" if here == two == there else "THE RESULTS DIFFER")
    return 0 if here == two == there else 1


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="microgradx demo cluster", description=__doc__)
    options.add_argument("address", nargs="?", help="a scheduler that is running, such as tcp://host:8786 (two workers here)")
    with TemporaryDirectory() as folder:
        sys.exit(main(folder, options.parse_args().address))
