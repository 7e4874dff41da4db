"""Derivatives of C functions: declared, undeclared, with arrays, pointers and arguments that are written into."""

import ctypes
import math
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from microgradx.cli import main
from microgradx.testing import UnresolvedDerivative, WrongDerivative, check_gradient, check_jvp, derivative_of

SOURCE = """
#include <math.h>
double wave(double x) { return exp(-x) * sin(3 * x); }
double wave_slope(double x) { return exp(-x) * (3 * cos(3 * x) - sin(3 * x)); }
double wave_wrong(double x) { return exp(-x) * (3 * cos(3 * x) + sin(3 * x)); }
double energy(const double *x) { return x[0] * x[0] * x[1] + sin(x[2]); }
void energy_gradient(const double *x, double *g) { g[0] = 2 * x[0] * x[1]; g[1] = x[0] * x[0]; g[2] = cos(x[2]); }
double *energy_pointer(const double *x) { static double g[3]; energy_gradient(x, g); return g; }
"""
DOUBLES = ctypes.POINTER(ctypes.c_double)
compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
pytestmark = pytest.mark.skipif(compiler is None, reason="no C compiler here")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("c")
    (folder / "energy.c").write_text(SOURCE)
    library = folder / "libenergy.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "energy.c", "-o", library, "-lm"], cwd=folder, check=True)
    return library


@pytest.fixture
def lib(path):
    return ctypes.CDLL(str(path))  # each test its own, as declarations stay on it


@pytest.fixture
def declared(lib):
    for name in ("wave", "wave_slope", "wave_wrong"):
        getattr(lib, name).argtypes, getattr(lib, name).restype = [ctypes.c_double], ctypes.c_double
    lib.energy.argtypes, lib.energy.restype = [DOUBLES], ctypes.c_double
    lib.energy_gradient.argtypes, lib.energy_gradient.restype = [DOUBLES, DOUBLES], None
    return lib


def test_declared_functions_of_one_number_are_judged_as_any_others(declared):
    assert declared.wave_slope(1.3) == derivative_of(declared.wave)(1.3)
    assert check_gradient(declared.wave, 1.3, declared.wave_slope).summary() == "1 partial derivative: 1 right"
    with pytest.raises(WrongDerivative) as refused:
        check_gradient(declared.wave, 1.3, declared.wave_wrong)
    assert "check_gradient(wave, at=1.3, grad=wave_wrong)" in str(refused.value)
    assert "# wave_wrong is the C function of that name" in str(refused.value)


def test_arrays_of_ctypes_are_inputs_and_gradients(declared):
    def gradient(x):
        g = (ctypes.c_double * 3)()
        declared.energy_gradient(x, g)
        return g

    at = (ctypes.c_double * 3)(1.0, 2.0, 3.0)
    report = check_gradient(declared.energy, at, gradient)
    assert [row.path for row in report.rows] == ["x[0]", "x[1]", "x[2]"]
    assert report.count("agrees") == 3
    assert list(at) == [1.0, 2.0, 3.0]


def test_nested_arrays_of_ctypes_are_matrices():
    kind = ctypes.c_double * 2 * 2
    at = kind((1.0, 2.0), (3.0, 4.0))
    report = check_gradient(
        lambda m: m[0][0] * m[1][1] - m[0][1] * m[1][0], at, lambda m: [[m[1][1], -m[1][0]], [-m[0][1], m[0][0]]]
    )
    assert report.rows[3].path == "m[1][1]"
    assert report.ok


def test_a_forgotten_restype_is_refused_with_the_line_to_write(lib):
    lib.wave.argtypes = lib.wave_wrong.argtypes = [ctypes.c_double]
    says = r"wave is a C function whose result is read as c_int, .*: write wave\.restype = ctypes\.c_double"
    for check in (
        lambda: check_gradient(lib.wave, 1.3, lib.wave_wrong),
        lambda: derivative_of(lib.wave)(1.3),
        lambda: check_gradient(lambda x: lib.wave(x), 1.3, 0.0),
        lambda: derivative_of(lambda x: lib.wave(x))(1.3),
    ):
        with pytest.raises(TypeError, match=says):
            check()
    lib.wave.restype = ctypes.c_double
    with pytest.raises(TypeError, match=r"write wave_wrong\.restype"):
        check_gradient(lib.wave, 1.3, lib.wave_wrong)


def test_a_result_read_in_single_precision_agrees_with_nothing(declared):
    declared.wave.restype = ctypes.c_float
    for x in (0.5, 1.3, 2.0, 2.7):
        assert all(derivative_of(declared.wave)(x) != coded for coded in (999.0, declared.wave_slope(x)))
    with pytest.raises((WrongDerivative, UnresolvedDerivative)):
        check_gradient(declared.wave, 1.3, 999.0)


def test_forgotten_argtypes_are_told(lib):
    lib.wave.restype = ctypes.c_double
    for check in (lambda: check_gradient(lib.wave, 1.3, 0.0), lambda: derivative_of(lib.wave)(1.3)):
        with pytest.raises(TypeError, match=r"was not told what it takes .*: write wave\.argtypes = \[ctypes\.c_double\]"):
            check()


def test_a_forgotten_gradient_is_told(declared):
    says = r"wave cannot be called with Values \(.*\): if it computes with floats, give its gradient too, with grad="
    with pytest.raises(TypeError, match=says):
        check_gradient(declared.wave, 1.3)

    def wave(x):
        return declared.wave(x)

    with pytest.raises(TypeError, match=says):
        check_gradient(wave, 1.3)


def test_a_gradient_that_writes_into_an_argument_is_answered_with_its_wrapper(declared):
    says = r"(?s)energy_gradient takes 2 arguments, and is called as f is, with 1.*def gradient\(x\):.*energy_gradient\(x, g\)"
    with pytest.raises(TypeError, match=says):
        check_gradient(declared.energy, (ctypes.c_double * 3)(1.0, 2.0, 3.0), declared.energy_gradient)
    with pytest.raises(TypeError, match=r"(?s)<lambda> takes 2 arguments.*your_function\(x, g\)"):
        check_gradient(lambda x: x * x, 2.0, lambda x, g: None)


def test_a_pointer_is_answered_with_as_array(declared):
    declared.energy_pointer.argtypes, declared.energy_pointer.restype = [DOUBLES], DOUBLES
    with pytest.raises(TypeError, match=r"LP_c_double is a pointer.*numpy\.ctypeslib\.as_array\(pointer, \(5,\)\)"):
        check_gradient(declared.energy, (ctypes.c_double * 3)(1.0, 2.0, 3.0), declared.energy_pointer)


def test_inputs_in_another_form_than_the_function_takes_are_named(declared):
    with pytest.raises(TypeError, match=r"energy is a C function of LP_c_double, and cannot be called with \[1\.0, 2\.0, 3\.0\]"):
        check_gradient(declared.energy, [1.0, 2.0, 3.0], [4.0, 1.0, -1.0])


def test_ints_of_any_function_are_not_silently_without_a_slope():
    with pytest.raises(UnresolvedDerivative, match=r"f gives whole numbers \(int\): write float"):
        check_gradient(lambda x: int(1e3 * x), 12.34, 0.0)
    report = check_gradient(lambda x: 3, 12.34, 0.0)
    assert report.count("weak") == 1
    assert "restype = ctypes.c_double if C code" in str(report)
    assert derivative_of(lambda x: math.floor(x))(12.34) != 0.0
    assert derivative_of(lambda x: max(0, x))(-1.0) == 0.0


def test_a_gradient_of_nothing_asks_for_its_return():
    with pytest.raises(TypeError, match=r"<lambda> returned None, not a gradient: is a return missing\?"):
        check_gradient(lambda x: x * x, 2.0, lambda x: None)


def test_several_numbers_are_not_one():
    with pytest.raises(
        TypeError, match=r"derivative_of takes one number, not array\(\[1\., 2\.\]\): .*check_gradient\(f, at, grad\)"
    ):
        derivative_of(np.sum)(np.array([1.0, 2.0]))


def test_functions_that_take_no_numbers_of_mpmath_are_left_to_floats(declared):
    def rough(x):
        return 1e7 + declared.wave(x)

    assert check_gradient(rough, 1.3, declared.wave_slope).ok


def test_the_command_line_names_the_inputs_and_passes_arrays_as_the_function_takes_them(path, capsys):
    (path.parent / "wave.py").write_text(
        f"import ctypes\n"
        f"lib = ctypes.CDLL({str(path)!r})\n"
        f"wave, slope, energy = lib.wave, lib.wave_slope, lib.energy\n"
        f"for f in (wave, slope):\n"
        f"    f.argtypes, f.restype = [ctypes.c_double], ctypes.c_double\n"
        f"energy.argtypes, energy.restype = [ctypes.POINTER(ctypes.c_double)], ctypes.c_double\n"
        f"def gradient(x):\n"
        f"    g = (ctypes.c_double * 3)()\n"
        f"    lib.energy_gradient(x, g)\n"
        f"    return g\n"
    )
    file = str(path.parent / "wave.py")
    assert main(["check", f"{file}:wave", "time=1.3", "--grad", f"{file}:slope"]) == 0
    assert "\n  time" in capsys.readouterr().out
    assert main(["check", f"{file}:energy", "x=1,2,3", "--grad", f"{file}:gradient"]) == 0
    assert "3 partial derivatives: 3 right" in capsys.readouterr().out
    assert main(["check", f"{file}:wave", "time=1.3"]) == 2
    assert "give its gradient too, with grad= or on the command line --grad FILE:NAME" in capsys.readouterr().err
    assert main(["check", f"{file}:wave", "--grad", f"{file}:slope"]) == 2
    assert "takes 1 argument(s), got 0" in capsys.readouterr().err


def test_the_example_of_the_guide_compiles_and_passes(tmp_path, monkeypatch):
    guide = (Path(__file__).parent.parent / "microgradx" / "testing" / "README.md").read_text()
    (source,), (code,) = (re.findall(rf"```{kind}\n(.*?)```", guide, re.DOTALL) for kind in ("c", "py"))
    (tmp_path / "price.c").write_text(source)
    monkeypatch.chdir(tmp_path)
    (build,) = re.findall(r"^gcc (.*)$", guide, re.MULTILINE)
    subprocess.run([compiler, *build.split()], check=True)
    names: dict[str, object] = {}
    exec(code, names)
    names["test_gradient"]()
    names["lib"].price_gradient = lambda x, g: None
    with pytest.raises(WrongDerivative):
        names["test_gradient"]()


def test_an_error_inside_a_product_of_two_arguments_is_its_own():
    with pytest.raises(TypeError, match="must be real number, not str"):
        check_jvp(lambda v: v[0], [2.0], lambda v, d: math.sin("d"))


def test_an_audit_finds_pairs_of_declared_c_functions_and_reads_no_addresses(path, capsys):
    (path.parent / "waves.py").write_text(
        f"import ctypes\n"
        f"lib = ctypes.CDLL({str(path)!r})\n"
        f"wave, wave_prime, energy, energy_gradient = lib.wave, lib.wave_slope, lib.energy, lib.energy_gradient\n"
        f"for f in (wave, wave_prime):\n"
        f"    f.argtypes, f.restype = [ctypes.c_double], ctypes.c_double\n"
    )
    assert main(["audit", str(path.parent / "waves.py")]) == 0
    assert "1 pair, 6 points judged" in capsys.readouterr().out
