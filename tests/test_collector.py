"""What the engine asks of Python's garbage collector."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

import microgradx as mx
from microgradx import collector

DEFAULT = (700, 10, 10)
NODES = 300_000


@pytest.fixture(autouse=True)
def _thresholds_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = gc.get_threshold()
    monkeypatch.setattr(collector, "_NOBODYS", {DEFAULT[2]})
    gc.set_threshold(*DEFAULT)
    gc.collect()
    gc.freeze()  # what other tests hold would make full collections rarer too; it stays so, as the rest of the suite wants it
    yield
    gc.set_threshold(*before)


def chain(nodes: int = NODES) -> mx.Value:
    x = y = mx.Value(1.5)
    for _ in range(nodes):
        y = y + x
    return y


def full_collections() -> int:
    return gc.get_stats()[2]["collections"]


def test_a_large_graph_is_looked_through_once_at_most_when_it_is_built_again() -> None:
    chain().backward()
    gc.collect()
    before = full_collections()
    chain()
    assert full_collections() - before <= 1


def test_without_a_pass_over_a_large_graph_it_is_looked_through_again_and_again() -> None:
    before = full_collections()
    chain()
    assert full_collections() - before >= 3


class Cycle:
    """An object that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


def test_a_dropped_cycle_is_gone_before_a_second_graph_of_the_size_stands() -> None:
    collector.rarer_full_collections(NODES)
    cycle = Cycle()
    gone = weakref.ref(cycle)
    gc.collect()  # it is among the old objects now
    del cycle
    first, second = chain(), chain()
    assert gone() is None
    del first, second


def test_a_small_graph_leaves_the_thresholds_alone() -> None:
    chain(collector.LARGE - 2).backward()
    assert gc.get_threshold() == DEFAULT


def test_a_pass_of_any_kind_raises_the_third_threshold_only() -> None:
    y = chain()
    for look in (y.backward, lambda: mx.gradient(y, [y]), lambda: mx.topological_order(y)):
        gc.set_threshold(*DEFAULT)
        look()
        assert gc.get_threshold() == (700, 10, NODES // 7000)


def test_a_step_on_a_graph_that_stands_for_itself_alone_looks_through_it_rarely() -> None:
    for _ in range(2):
        chain(65_000).backward()
    gc.collect()
    before = full_collections()
    for _ in range(4):
        chain(65_000).backward()
    assert full_collections() - before <= 1


def test_a_collector_without_thresholds_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(gc, "get_threshold")
    x = y = mx.Value(2.0)
    for _ in range(collector.LARGE + 1):
        y = y * 1.0
    y.backward()
    assert x.grad == 1.0


def test_a_smaller_graph_does_not_lower_it_and_a_larger_one_raises_it_again() -> None:
    seen = []
    for nodes in (1_000_000, 500_000, 2_000_000):
        collector.rarer_full_collections(nodes)
        seen.append(gc.get_threshold()[2])
    assert seen == [142, 142, 285]


def test_an_older_threshold_of_the_engine_is_no_choice_of_the_program() -> None:
    collector.rarer_full_collections(300_000)
    older = gc.get_threshold()
    collector.rarer_full_collections(600_000)
    gc.set_threshold(*older)
    collector.rarer_full_collections(600_000)
    assert gc.get_threshold() == (700, 10, 85)


@pytest.mark.parametrize("chosen", [(700, 10, 5), (700, 10, 1000), (0, 10, 10), (700, 0, 10)])
def test_thresholds_that_the_program_chose_stay(chosen: tuple[int, int, int]) -> None:
    gc.set_threshold(*chosen)
    collector.rarer_full_collections(1_000_000)
    assert gc.get_threshold() == chosen


@pytest.mark.parametrize("enabled", [True, False])
def test_after_a_recording_the_collector_is_as_it_was(enabled: bool) -> None:
    seen = []

    def f(x: mx.Value) -> mx.Value:
        seen.append(gc.isenabled())
        return x * (1.0 / 0.0)

    if not enabled:
        gc.disable()
    try:
        mx.compile(lambda x: [seen.append(gc.isenabled()), x * x][1])(1.0)
        with pytest.raises(ZeroDivisionError):
            mx.compile(f)(1.0)
        assert gc.isenabled() is enabled
    finally:
        gc.enable()
    assert seen == [False, False]
