"""Wrong derivatives that these checks found in released libraries, each shown again with the version that has it.

Run `python tests/benchmarks/released_faults.py` after `pip install scipy==1.17.1 scikit-learn==1.9.1 statsmodels==0.15.0`; what
is not installed is left out. Each line says what the library gives, what was measured, and a second way to the same answer.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.metadata import version
from itertools import pairwise

import numpy as np

from microgradx.testing import DerivativeError, check_gradient, derivative_of


def shown(library: str, what: str, check: Callable[[], object], second: str) -> None:
    """Print one fault, or that it is mended in the installed version."""
    title = f"{library} {version(library)}  {what}"
    try:
        check()
    except DerivativeError as error:
        row = error.report.worst_first()[0]
        print(f"{title}\n    {row.path}: {row.coded:.8g}, measured {row.numeric!r}\n    {row.hint}\n    {second}")
    else:
        print(f"{title}\n    right in this version")


def scipy_faults() -> None:
    """Derivatives by degrees, integrals that lose their digits, and a function that is another one below a point."""
    import mpmath
    from scipy import special

    shown(
        "scipy", "special.mathieu_cem",
        lambda: check_gradient(lambda x: special.mathieu_cem(2, 2.0, x)[0], 40.0, lambda x: special.mathieu_cem(2, 2.0, x)[1]),
        "the argument is in degrees, the derivative is by radians",
    )  # fmt: skip
    true = mpmath.quad(lambda t: mpmath.struveh(0, t), mpmath.linspace(0, 80, 41))
    shown(
        "scipy", "special.itstruve0 at 80", lambda: check_gradient(special.itstruve0, 80.0, special.struve(0, 80.0)),
        f"itstruve0(80) is {special.itstruve0(80.0):.6g}, the integral by mpmath {float(true):.6g}",
    )  # fmt: skip
    shown(
        "scipy", "special.itairy, slope at 4 against airy",
        lambda: check_gradient(lambda x: special.itairy(x)[0], 4.0, lambda x: special.airy(x)[0]),
        f"Ai(4) by mpmath is {float(mpmath.airyai(4)):.6g}",
    )  # fmt: skip
    (a, da), (b, db) = special.obl_rad1(1, 2, 1, 1.947), special.obl_rad2(1, 2, 1, 1.947)
    shown(
        "scipy", "special.obl_rad2(1, 2, 1, x) below x = 1.975",
        lambda: check_gradient(lambda x: special.obl_rad2(1, 2, 1, x)[0], 1.947, lambda x: special.obl_rad2(1, 2, 1, x)[1]),
        f"the Wronskian with obl_rad1 is {a * db - da * b:.6g}, it should be 1/(x*x + 1) = {1.0 / (1.947**2 + 1.0):.6g}",
    )  # fmt: skip


def sklearn_faults() -> None:
    """A loss that is a mean over outputs beside a gradient that is not, and t-SNE in three dimensions."""
    from sklearn.manifold import _t_sne
    from sklearn.neural_network import MLPRegressor

    rng = np.random.RandomState(0)
    x, y = rng.randn(12, 3), rng.randn(12, 2)
    net = MLPRegressor(hidden_layer_sizes=(4,), activation="tanh", solver="lbfgs", alpha=0.0, max_iter=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net.fit(x, y)
    packed = np.concatenate([p.ravel() for p in net.coefs_ + net.intercepts_])

    def loss(p: np.ndarray) -> tuple[float, np.ndarray]:
        units = [3, 4, 2]
        activations = [x, *(np.empty((len(x), n)) for n in units[1:])]
        deltas = [np.empty_like(a) for a in activations[1:]]
        coef_grads = [np.empty((a, b)) for a, b in pairwise(units)]
        intercept_grads = [np.empty(b) for b in units[1:]]
        ones = np.ones(len(x))
        found = net._loss_grad_lbfgs(p.copy(), x, y, ones, activations, deltas, coef_grads, intercept_grads)
        return float(found[0]), np.array(found[1])

    shown(
        "scikit-learn", "MLPRegressor with 2 outputs", lambda: check_gradient(lambda p: loss(p)[0], packed, lambda p: loss(p)[1]),
        "the loss is a mean over outputs, the gradient a sum",
    )  # fmt: skip
    n, dimensions = 8, 3
    p = rng.rand(n * (n - 1) // 2)
    p /= 2.0 * p.sum()
    start = rng.randn(n * dimensions)
    shown(
        "scikit-learn", 'TSNE(method="exact"), 3 components',
        lambda: check_gradient(
            lambda v: float(_t_sne._kl_divergence(v, p, dimensions - 1, n, dimensions)[0]), start,
            lambda v: _t_sne._kl_divergence(v, p, dimensions - 1, n, dimensions)[1],
        ),
        "with 2 components, where the exponent of the kernel is 1, the same code is right",
    )  # fmt: skip


def statsmodels_faults() -> None:
    """Two Hessians from which standard errors are computed, and the slope of a kernel."""
    from statsmodels.discrete.count_model import ZeroInflatedPoisson
    from statsmodels.discrete.discrete_model import NegativeBinomialP
    from statsmodels.nonparametric.kernels import d_gaussian, gaussian

    shown(
        "statsmodels", "nonparametric.kernels.d_gaussian",
        lambda: check_gradient(lambda x: gaussian(1.5, 2.8, x), 2.9, lambda x: d_gaussian(1.5, 2.8, x)),
        f"the slope by hand is (2.8 - 2.9) / 1.5**2 times the kernel, {-0.1 / 1.5**2 * gaussian(1.5, 2.8, 2.9):.6g}",
    )  # fmt: skip
    rng = np.random.RandomState(1)
    exog = np.column_stack([np.ones(200), rng.randn(200)])
    counts = rng.poisson(np.exp(0.5 + 0.4 * exog[:, 1])) * (rng.rand(200) > 0.3)
    inflated = ZeroInflatedPoisson(counts, exog, exog_infl=exog)
    shown(
        "statsmodels", "ZeroInflatedPoisson.hessian, inflate x main",
        lambda: check_gradient(inflated.loglike, np.array([-0.7, 0.2, 0.5, 0.3]), inflated.score, hess=inflated.hessian),
        "the score is right: only the Hessian, from which standard errors come, is not",
    )  # fmt: skip
    negative = NegativeBinomialP(counts, exog, p=1.5)
    shown(
        "statsmodels", "NegativeBinomialP(p=1.5).hessian, main x alpha",
        lambda: check_gradient(negative.loglike, np.array([0.4, 0.3, 0.6]), negative.score, hess=negative.hessian),
        f"the slope of score[0] by alpha: {derivative_of(lambda a: negative.score(np.array([0.4, 0.3, a]))[0])(0.6)!r}",
    )  # fmt: skip


if __name__ == "__main__":
    for library, faults in (("scipy", scipy_faults), ("sklearn", sklearn_faults), ("statsmodels", statsmodels_faults)):
        try:
            __import__(library)
        except ImportError:
            print(f"{library} is not installed")
            continue
        faults()
