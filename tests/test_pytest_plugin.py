"""The pytest plugin, run on suites of its own."""

import importlib.util
import json
import subprocess
import sys

import numpy  # noqa: F401  # loaded here once: a suite run in this process must not load it a second time
import pytest

from microgradx.testing import check_gradient, survivors

pytest_plugins = ["pytester"]

RIGHT = """
    import math
    from microgradx import nn
    from microgradx.testing import check_gradient, check_op, derivative_of
    from microgradx import OPS

    def test_fixture(gradcheck):
        assert gradcheck(lambda x, y: x * y.tanh() + x * x, at=(2.0, 0.5)).ok

    def test_function():
        check_gradient(lambda p: p["w"][0].sin() * p["b"] * p["w"][1], at={"w": [0.5, 0.7], "b": 3.0})

    def test_model():
        check_gradient(lambda model: model([0.3, -0.2]), nn.MLP(2, [3, 1], activation="tanh", rng=0))

    def test_large_model():
        check_gradient(lambda model: model([0.3, -0.2]), nn.MLP(2, [8, 8, 1], activation="tanh", rng=0))

    def test_comparison():
        assert math.cos(1.3) == derivative_of(math.sin)(1.3)
"""


def test_a_failed_comparison_says_both_numbers_and_what_the_ratio_means(pytester):
    pytester.makepyfile(
        """
        from microgradx.testing import derivative_of

        def test_cube():
            assert 6 * 1.3**2 == derivative_of(lambda x: x**3)(1.3)
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*is not the derivative at 1.3*", "*coded:    10.14*", "*measured: 5.07* ±*", "*off by:   1.0e+00*", "*hint:*twice*"]
    )


def test_comparisons_without_a_measured_derivative_keep_their_own_text(pytester):
    pytester.makepyfile("def test_list():\n    assert [1] == [2]")
    pytester.runpytest().stdout.fnmatch_lines(["*At index 0 diff: 1 != 2*"])


def test_a_right_suite_passes_with_a_section_in_the_summary(pytester):
    pytester.makepyfile(RIGHT)
    result = pytester.runpytest("--strict-markers")
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(["*- gradcheck -*", "checked 1?? derivatives, bounds within *e-* of the value where they agree"])


def test_every_mutant_of_a_right_suite_is_killed(pytester):
    pytester.makepyfile(RIGHT)
    pytester.runpytest("--gradcheck-mutate").assert_outcomes(passed=5)


def test_a_check_that_would_let_a_wrong_gradient_pass_fails_under_mutation(pytester):
    pytester.makepyfile(
        """
        import math

        def test_hidden_by_rounding(gradcheck):
            gradcheck(lambda x: 1e13 + math.sin(x), 1.0, grad=math.cos)
        """
    )
    pytester.runpytest().assert_outcomes(passed=1)
    result = pytester.runpytest("--gradcheck-mutate")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*would also pass with a wrong gradient*", "*x = 1: an error of 1e-4*would have passed*"])


def test_a_failure_shows_the_report_and_a_seed_that_repeats_it(pytester):
    pytester.makepyfile(
        """
        def test_wrong(gradcheck):
            gradcheck(lambda x: x**3, 1.3, grad=lambda x: x**2, samples=2, domain=(0.5, 2.0))
        """
    )
    first, second = pytester.runpytest(), pytester.runpytest()
    seeds = [line for line in first.stdout.lines if "evaluations, seed" in line]
    assert seeds == [line for line in second.stdout.lines if "evaluations, seed" in line] != []
    assert "raise_if_wrong" not in first.stdout.str()
    first.stdout.fnmatch_lines(["*3 wrong*", "*lambda> says*measured*"])
    pytester.runpytest("--gradcheck-seed=7").stdout.fnmatch_lines(["*seed 7*"])


def test_the_marker_and_the_ini_value_set_the_defaults_of_a_test(pytester):
    pytester.makeini("[pytest]\ngradcheck_rtol = 0.5")
    pytester.makepyfile(
        """
        import pytest

        def test_ini(gradcheck):
            assert gradcheck(lambda x: x * x, 1.5, grad=2.5).rtol == 0.5

        @pytest.mark.gradcheck(rtol=1e-3, seed=5, samples=1)
        def test_marker(gradcheck):
            report = gradcheck(lambda x: x * x, 1.5)
            assert (report.rtol, report.seed, len(report.rows)) == (1e-3, 5, 2)
        """
    )
    pytester.runpytest("--strict-markers").assert_outcomes(passed=2)


def test_an_ini_value_that_is_no_number_says_what_to_write(pytester):
    pytester.makeini("[pytest]\ngradcheck_rtol = tight")
    pytester.makepyfile("def test_any(gradcheck):\n    gradcheck(lambda x: x * x, 1.5)")
    pytester.runpytest().stdout.fnmatch_lines(["*gradcheck_rtol = 'tight' is not a number: write for example 1e-6*"])


def test_every_report_is_written_to_the_file_asked_for(pytester):
    pytester.makepyfile(RIGHT)
    pytester.runpytest("--gradcheck-report=reports/found.json")
    entries = json.loads((pytester.path / "reports" / "found.json").read_text())
    assert {entry["test"].split("::")[1] for entry in entries} == {
        "test_fixture",
        "test_function",
        "test_model",
        "test_large_model",
        "test_comparison",
    }
    assert all(entry["ok"] for entry in entries)
    assert [path.name for path in (pytester.path / "reports").iterdir()] == ["found.json"]


@pytest.mark.skipif(importlib.util.find_spec("xdist") is None, reason="xdist is not installed")
def test_worker_processes_hand_their_reports_to_the_main_one(pytester):
    pytester.makepyfile(RIGHT)
    result = pytester.runpytest_subprocess("-p", "xdist", "-n", "1", "--gradcheck-report=found.json", "--strict-markers")
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(["checked 1?? derivatives*"])
    assert len(json.loads((pytester.path / "found.json").read_text())) == 5


def test_the_plugin_loads_neither_numpy_nor_the_checks_until_used():
    code = "import microgradx.pytest_plugin, sys; print({'numpy', 'graphviz', 'microgradx.testing'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"


def test_mutants_of_a_direction_through_many_inputs_are_killed():
    report = check_gradient(lambda v: sum(x.sin() for x in v), [0.01 * k for k in range(1, 101)])
    assert report.rows[0].members > 1
    assert survivors(report) == []


def test_points_are_drawn_from_the_domain_and_try_its_edges():
    from hypothesis import find

    from microgradx.testing import points_in

    assert find(points_in((0.5, 2.0)), lambda x: x == 2.0) == 2.0
    assert find(points_in([(0.0, 1.0), (3.0, 4.0)]), lambda p: True)[1] >= 3.0
    assert set(find(points_in({"a": (0.0, 1.0)}), lambda p: True)) == {"a"}
    assert find(points_in((0.0, 4.0)), lambda x: 0.0 < x < 1e-200) >= 1e-290
    with pytest.raises(ValueError, match="is empty"):
        points_in((2.0, 1.0))


def test_the_first_test_that_imports_the_checks_is_mutated_too(pytester):
    pytester.makepyfile(
        """
        def test_hidden_by_rounding():
            import math
            from microgradx.testing import check_gradient
            check_gradient(lambda x: 1e13 + math.sin(x), 1.0, grad=math.cos)
        """
    )
    pytester.runpytest_subprocess("--gradcheck-mutate").assert_outcomes(failed=1)


def test_an_infinite_gradient_fails_in_the_fixture_too(pytester):
    pytester.makepyfile("def test_inf(gradcheck):\n    gradcheck(lambda x: x * x, 3.0, grad=float('inf'))")
    pytester.runpytest().assert_outcomes(failed=1)


WEAK = """
    import math
    from microgradx.testing import check_gradient

    def test_weak(gradcheck):
        gradcheck(lambda x: 1e12 + math.sin(x), 1.0, grad=math.cos)

    def test_zero():
        check_gradient(lambda x, y: x * x * y, (1.0, 0.0), grad=(0.0, 1.0))
"""


def test_counts_and_bounds_of_each_test_stand_in_the_summary_in_json_and_in_junit(pytester):
    pytester.makepyfile(WEAK)
    result = pytester.runpytest("--gradcheck-report=found.json", "--junitxml=junit.xml")
    result.stdout.fnmatch_lines(["checked 3 derivatives, 1 weak, bounds within *e-* of the value*", "*1 of 1 agree weakly*"])
    entries = json.loads((pytester.path / "found.json").read_text())
    assert [entry["counts"] for entry in entries] == [{"weak": 1}, {"agrees": 2}]
    assert entries[1]["worst_bound"] < 1e-6
    junit = (pytester.path / "junit.xml").read_text()
    for text in ('name="derivatives" value="2"', 'name="derivatives_weak" value="1"', 'name="derivatives_worst_bound" value="'):
        assert text in junit


def test_checks_that_a_passing_test_wants_to_fail_are_not_counted_as_wrong(pytester):
    pytester.makepyfile(
        """
        import pytest
        from microgradx.testing import WrongDerivative, check_gradient

        def test_doubled(gradcheck):
            with pytest.raises(WrongDerivative):
                gradcheck(lambda x, y: x * x * y, (1.0, 3.0), grad=(12.0, 1.0))
            gradcheck(lambda x: x * x, 1.0, grad=2.0)

        @pytest.mark.xfail
        def test_known(gradcheck):
            gradcheck(lambda x: x * x, 1.0, grad=3.0)

        def test_mistaken(gradcheck):
            gradcheck(lambda x: x * x, 1.0, grad=4.0)
        """
    )
    result = pytester.runpytest("-k", "not mistaken", "--junitxml=junit.xml")
    result.assert_outcomes(passed=1, xfailed=1, deselected=1)
    result.stdout.fnmatch_lines(["checked 1 derivatives, bounds within *, 2 checks failed as the tests want"])
    assert 'name="checks_wanted_to_fail" value="1"' in (pytester.path / "junit.xml").read_text()
    pytester.runpytest().stdout.fnmatch_lines(["checked 2 derivatives, 1 wrong, bounds within *, 2 checks failed as *"])


def test_a_failed_assert_equal_of_unittest_says_what_the_ratio_means(pytester):
    pytester.makepyfile(
        """
        import unittest
        from microgradx.testing import derivative_of

        class Cube(unittest.TestCase):
            def test_cube(self):
                self.assertEqual(derivative_of(lambda x: x**3)(1.3), 10.14)
        """
    )
    pytester.runpytest().stdout.fnmatch_lines(["*AssertionError: 5.07 ± *; the code is twice the measured value != 10.14"])


def test_an_injected_infinity_is_a_mutant_that_every_check_kills():
    from microgradx.testing.mutants import _faults

    report = check_gradient(lambda x: x * x, 3.0)
    assert {"infinity", "nan", "a huge value"} <= {name for name, _ in _faults(report.rows[0], report.rows)}
    assert survivors(report) == []


@pytest.mark.parametrize(
    ("test", "says"),
    [
        (
            "@pytest.mark.gradcheck(abs, 2.0, 1.0)\ndef test_it(gradcheck):\n    pass",
            "*takes keywords only, such as rtol=1e-4: what is checked*",
        ),
        ("@pytest.mark.gradcheck(rtol=1e-4)\ndef test_it():\n    pass", "*which this test does not take, so nothing is checked"),
        ("def test_it(gradcheck):\n    pass", "*takes the fixture gradcheck but never calls it, so nothing is checked"),
    ],
)
def test_a_marker_or_a_fixture_that_checks_nothing_fails_its_test(test, says, pytester):
    pytester.makepyfile(f"import pytest\n{test}")
    result = pytester.runpytest()
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"{says}: write def test_slope(gradcheck): gradcheck(f, at, grad)*"])


def test_a_marker_of_a_whole_module_may_stand_over_tests_without_derivatives(pytester):
    pytester.makepyfile("import pytest\npytestmark = pytest.mark.gradcheck(rtol=1e-4)\ndef test_other():\n    assert True")
    pytester.runpytest().assert_outcomes(passed=1)


def test_the_short_summary_says_which_number_is_wrong_and_the_report_once(pytester, monkeypatch):
    pytester.makepyfile(
        """
        def test_bad(gradcheck):
            gradcheck(lambda v: v[0] * v[1], [2.0, 3.0], [3.0, 2.5])

        def test_open(gradcheck):
            gradcheck(lambda x: float("nan"), 2.0, 1.0)
        """
    )
    monkeypatch.setenv("CI", "1")
    text = pytester.runpytest("-q").stdout.str()
    assert "::test_bad - WrongDerivative: v[1] is 2.5, measured 2" in text
    assert "::test_open - UnresolvedDerivative: x cannot be told" in text
    assert text.count("to see it again") == 2


def test_wrong_use_and_errors_of_the_tested_code_show_no_frames_of_the_package(pytester):
    pytester.makepyfile(
        """
        from microgradx.testing import check_gradient, derivative_of

        def test_length():
            check_gradient(lambda v: v[0] * v[1], [2.0, 3.0], lambda v: [1.0])

        def test_own_error():
            def slope(v):
                return missing(v)
            check_gradient(lambda v: v[0] * v[1], [2.0, 3.0], slope)

        def test_no_point():
            assert 1.0 == derivative_of(abs)
        """
    )
    result = pytester.runpytest("-q")
    result.stdout.fnmatch_lines(
        [
            "E*ValueError: <lambda> gave 1 number for 2 inputs: v?1? has none: give one for each, shaped alike",
            "E*NameError: name 'missing' is not defined",
            "E*derivative_of(f) gives one: call it at the point, derivative_of(f)(x)",
        ]
    )
    result.stdout.no_fnmatch_line("*/microgradx/testing/*")
    pytester.runpytest("-q", "--full-trace").stdout.fnmatch_lines(["*/microgradx/testing/*"])


def test_float32_that_agrees_weakly_says_with_which_rtol_it_would_not(pytester):
    pytester.makepyfile(
        """
        import numpy as np

        def check(gradcheck, **options):
            at = np.array([0.3, 0.5], dtype=np.float32)
            return gradcheck(lambda v: float(np.sum(np.sin(v))), at, np.cos, **options)

        def test_weak(gradcheck):
            assert "rtol=1e-05 asks for no more than f can show" in " ".join(str(check(gradcheck)).split())

        def test_strict(gradcheck):
            assert check(gradcheck, rtol=1e-5, strict=True).count("agrees") == 2
        """
    )
    pytester.runpytest().assert_outcomes(passed=2)
