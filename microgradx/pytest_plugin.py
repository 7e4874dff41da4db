"""The pytest plugin: a fixture, a marker and options for derivative checks; it does nothing until a test checks one."""

from __future__ import annotations

import importlib
import json
import linecache
import sys
import zlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from .files import write_atomically

if TYPE_CHECKING:
    from .testing import Numeric, Report

CALLED = pytest.StashKey[bool]()
_HERE = str(Path(__file__).parent)
_CHECKS = str(Path(__file__).parent / "testing")
WEAK_SHOWN = 5  # tests in the summary
_Entries = list[dict[str, Any]]
MARKER = "gradcheck(rtol=, samples=, strict=, seed=, oracle=): defaults of the gradcheck fixture in this test"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options and the ini value."""
    group = parser.getgroup("gradcheck", "derivative checks (microgradx)")
    group.addoption("--gradcheck-seed", type=int, metavar="N", help="one seed for all tests instead of one for each")
    group.addoption("--gradcheck-report", metavar="PATH", help="write every derivative report to this JSON file")
    group.addoption(
        "--gradcheck-mutate", action="store_true", help="inject faults into gradients that passed: each must make its check fail"
    )
    parser.addini("gradcheck_rtol", "the relative error that derivative checks are to catch", default="1e-6")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and the collector of reports."""
    config.addinivalue_line("markers", MARKER)
    config.pluginmanager.register(Collector(config), "microgradx-collector")


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest) -> Callable[..., Report]:
    """`check_gradient` with this test's defaults: rtol from the ini file, a seed of its own, and what its marker says."""
    from .testing import check_gradient

    config, seed = request.config, request.config.getoption("--gradcheck-seed")
    defaults = {
        "rtol": _rtol(config.getini("gradcheck_rtol")),
        "seed": zlib.crc32(request.node.nodeid.encode()) if seed is None else seed,
    }
    for marker in reversed(list(request.node.iter_markers("gradcheck"))):
        defaults.update(marker.kwargs)

    def check(f: Callable[..., Any], at: Any, grad: Any = None, **options: Any) -> Report:
        __tracebackhide__ = True
        request.node.stash[CALLED] = True
        return check_gradient(f, at, grad, **{**defaults, **options})

    return check


def _rtol(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise pytest.UsageError(f"gradcheck_rtol = {text!r} is not a number: write for example 1e-6") from None


def pytest_assertrepr_compare(config: pytest.Config, op: str, left: Any, right: Any) -> list[str] | None:
    """What `assert mine == derivative_of(f)(x)` says when it fails."""
    module = sys.modules.get("microgradx.testing.numeric")
    if module is None or op != "==":
        return None
    if any(getattr(side, "__qualname__", "") == "derivative_of.<locals>.derivative" for side in (left, right)):
        return ["a number is compared with a function", "derivative_of(f) gives one: call it at the point, derivative_of(f)(x)"]
    measured, coded = (left, right) if isinstance(left, module.Numeric) else (right, left)
    if not isinstance(measured, module.Numeric) or not hasattr(coded, "__float__"):
        return None
    return list(module.explained(float(coded), measured))


class Collector:
    """Takes in the reports of every test for the summary, the report file and the mutants."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.mutate = config.getoption("--gradcheck-mutate")
        self.entries: _Entries = []
        if self.mutate or config.getoption("--gradcheck-report"):
            importlib.import_module("microgradx.testing")  # else a test that imports it itself would run unwatched

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Refuse a marker that would have no effect: the test would pass with nothing checked."""
        fixtures = getattr(item, "fixturenames", ())
        if any(marker.args for marker in item.iter_markers("gradcheck")):
            _refuse("the marker gradcheck takes keywords only, such as rtol=1e-4: what is checked is said to the fixture")
        if any(marker.name == "gradcheck" for marker in item.own_markers) and "gradcheck" not in fixtures:
            _refuse("the marker gradcheck sets defaults of the fixture, which this test does not take, so nothing is checked")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Watch the checks of one test; afterwards, with --gradcheck-mutate, fail it if an injected fault would have passed."""
        takes = "gradcheck" in getattr(getattr(item, "_fixtureinfo", None), "argnames", ())
        check = sys.modules.get("microgradx.testing.concluded")
        numeric = sys.modules.get("microgradx.testing.numeric")
        if check is None or numeric is None:
            return (yield)
        reports: list[Report] = []

        def compared(measured: Numeric, coded: float) -> None:
            reports.append(check.report_of(coded, measured))

        check.REPORT_WATCHERS.append(reports.append)
        numeric.COMPARISON_WATCHERS.append(compared)
        passes = item.get_closest_marker("xfail") is not None
        try:
            result = yield
            passes = True
        except Exception as error:
            if not self.config.getoption("fulltrace"):
                _without_inner_frames(error)
            raise
        finally:
            check.REPORT_WATCHERS.remove(reports.append)
            numeric.COMPARISON_WATCHERS.remove(compared)
            found = [{"test": item.nodeid, "expected": report.ok or passes, **json.loads(report.to_json())} for report in reports]
            item.user_properties += _properties(found)
            self.entries += found
        if takes and not item.stash.get(CALLED, False):
            _refuse("this test takes the fixture gradcheck but never calls it, so nothing is checked")
        if self.mutate:
            self._fail_for_survivors(reports)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        """In the short summary, the worst row instead of the beginning of the whole report."""
        result = yield
        found = getattr(call.excinfo.value, "report", None) if call.excinfo else None
        crash = getattr(result.longrepr, "reprcrash", None)
        if crash is not None and hasattr(found, "headline"):
            crash.message = f"{call.excinfo.typename}: {found.headline()}"  # type: ignore[union-attr]  # it has a report
        return result

    def _fail_for_survivors(self, reports: list[Report]) -> None:
        from .testing.mutants import survivors

        alive = [f"{report.name}: {line}" for report in reports if report.ok for line in survivors(report)]
        if alive:
            listed = "\n  ".join(alive[:10])
            pytest.fail(
                f"this test passes, but would also pass with a wrong gradient (--gradcheck-mutate):\n  {listed}\n"
                "choose a point where the derivative is not hidden by rounding or equal to another, or a smaller rtol",
                pytrace=False,
            )

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand the reports to the main process, or write them."""
        output = getattr(self.config, "workeroutput", None)
        path = self.config.getoption("--gradcheck-report")
        if output is not None:
            output["gradcheck"] = json.dumps(self.entries)
        elif path:
            write_atomically(Path(path), json.dumps(self.entries, indent=1).encode())

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take over what a worker process of xdist has collected."""
        self.entries += json.loads(getattr(node, "workeroutput", {}).get("gradcheck", "[]"))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """A section, if any derivative was checked: how they came out, and which tests have agreement that is weak.

        A check that fails in a test that passes, as inside pytest.raises, is one that the test wants to fail: it is counted as
        that, and its derivatives are not.
        """
        if not self.entries:
            return
        meant, wanted = _parted(self.entries)
        counts = _added_up(meant)
        weak: dict[str, list[int]] = {}
        for entry in meant:
            tally = weak.setdefault(entry["test"], [0, 0])
            tally[0] += entry["counts"].get("weak", 0)
            tally[1] += sum(entry["counts"].values())
        odd = [f"{n:,} {verdict}" for verdict, n in counts.items() if verdict != "agrees"]
        worst = [f"bounds within {bound:.0e} of the value where they agree" for bound in _worst_bound(meant)]
        failed = [f"{len(wanted):,} check{'s' * (len(wanted) != 1)} failed as the tests want"] if wanted else []
        terminalreporter.section("gradcheck", sep="-")
        terminalreporter.write_line(", ".join([f"checked {sum(counts.values()):,} derivatives", *odd, *worst, *failed]))
        for test, (few, all_) in sorted(weak.items(), key=lambda item: -item[1][0])[:WEAK_SHOWN]:
            if few:
                terminalreporter.write_line(f"  {few:,} of {all_:,} agree weakly in {test}")


def _refuse(why: str) -> NoReturn:
    """Fail the test, and show what to write."""
    pytest.fail(f"{why}: write def test_slope(gradcheck): gradcheck(f, at, grad)", pytrace=False)


def _without_inner_frames(error: BaseException | None) -> None:
    """Take the frames of this package out of the traceback of a check's error: wrong use, or what the tested code raised.

    The traceback of an error that no line here raises on purpose stays whole, and with --full-trace every one does.
    """
    while error is not None:
        frames = list(_frames(error.__traceback__))
        inner = [tb.tb_frame.f_code.co_filename.startswith(_HERE) for tb in frames]
        last = frames[-1] if frames else None
        line = linecache.getline(last.tb_frame.f_code.co_filename, last.tb_lineno) if last and inner[-1] else "raise"
        checks = any(tb.tb_frame.f_code.co_filename.startswith(_CHECKS) for tb in frames)
        if checks and line.lstrip().startswith("raise"):
            chain: TracebackType | None = None
            for tb, skipped in zip(reversed(frames), reversed(inner), strict=True):
                chain = chain if skipped else TracebackType(chain, tb.tb_frame, tb.tb_lasti, tb.tb_lineno)
            error.__traceback__ = chain
        error = error.__cause__


def _frames(tb: TracebackType | None) -> Iterator[TracebackType]:
    while tb is not None:
        yield tb
        tb = tb.tb_next


def _parted(entries: _Entries) -> tuple[_Entries, _Entries]:
    """The reports that should be right, and those that were wanted to fail."""
    wanted = [entry for entry in entries if entry["expected"] and not entry["ok"]]
    return [entry for entry in entries if entry["ok"] or not entry["expected"]], wanted


def _added_up(entries: _Entries) -> dict[str, int]:
    """How many derivatives of all reports have each verdict."""
    counts: dict[str, int] = {}
    for entry in entries:
        for verdict, n in entry["counts"].items():
            counts[verdict] = counts.get(verdict, 0) + n
    return counts


def _worst_bound(entries: _Entries) -> list[float]:
    """The largest bound of all reports, if one has any."""
    return sorted(entry["worst_bound"] for entry in entries if isinstance(entry["worst_bound"], float))[-1:]


def _properties(entries: _Entries) -> list[tuple[str, object]]:
    """What JUnit's file and other reports say of the derivatives of one test."""
    if not entries:
        return []
    meant, wanted = _parted(entries)
    counts = _added_up(meant)
    found: list[tuple[str, object]] = [("derivatives", sum(counts.values()))]
    found += [(f"derivatives_{verdict}", n) for verdict, n in counts.items()]
    found += [("derivatives_worst_bound", bound) for bound in _worst_bound(meant)]
    return [*found, ("checks_wanted_to_fail", len(wanted))] if wanted else found
