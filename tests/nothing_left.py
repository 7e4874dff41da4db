"""What a piece of work leaves behind for Python's collector."""

import gc
from collections.abc import Callable, Collection


def assert_nothing_left(work: Callable[[], object], kinds: Collection[str]) -> None:
    """Fail if work, done once more, leaves objects of these classes that only the collector would free."""

    def alive() -> int:
        return sum(type(x).__name__ in kinds for x in gc.get_objects())

    work()
    gc.disable()
    try:
        before = alive()
        work()
        assert alive() == before
    finally:
        gc.enable()
