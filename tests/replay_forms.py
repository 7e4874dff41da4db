"""Programs in one form, from the first run on, whatever would be fast."""

from contextlib import ExitStack, contextmanager
from unittest import mock

import pytest

from microgradx.replay.run import array_program, runner, tiers
from microgradx.replay.run.llvm import AVAILABLE
from microgradx.replay.run.row_by_row import Loop
from microgradx.replay.run.tiers import FORMS

needs_llvmlite = pytest.mark.skipif(not AVAILABLE, reason="the extra `native` is not installed")
NARROW = ["loop", "source", *(pytest.param(name, marks=needs_llvmlite) for name in ("interpreter", "native"))]


@contextmanager
def only(form):
    """Inside, programs that are recorded take `form`: "array" or the name of a narrow one."""
    wanted = [kind for kind in FORMS if kind.name == form]
    calls = 1e-9 if form == "array" else 1e18
    with ExitStack() as stack:
        stack.enter_context(mock.patch.multiple(array_program, CALL_NS=calls, ELEMENT_NS=0.0))
        stack.enter_context(mock.patch.object(runner, "CALL_NS", calls))
        for kind in wanted:
            answers = {"cost": lambda cls, layout: 1e-6, "making": lambda cls, layout, closely=True: 0.0}
            for name, answer in answers.items():
                stack.enter_context(mock.patch.object(kind, name, classmethod(answer)))
        stack.enter_context(mock.patch.object(tiers, "FORMS", [Loop, *wanted]))
        yield
