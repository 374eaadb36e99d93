"""The lesson's bounds against analytic oracles, its goals, and its recorded run."""

import json
import re

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from hepml import stats
from hepml.data.recipes.known_truth import GAUSS, MIX, RES
from hepml_lessons import recording
from hepml_lessons.recipes import ROOT, recipe


def quadratic(signal, background):
    """Return A, g and c of ln(p_s / p_b) = x·A x + g·x + c for two normal (mean, covariance)."""
    (mean_s, cov_s), (mean_b, cov_b) = signal, background
    inverse_s, inverse_b = np.linalg.inv(cov_s), np.linalg.inv(cov_b)
    c = 0.5 * (mean_b @ inverse_b @ mean_b - mean_s @ inverse_s @ mean_s)
    c += 0.5 * (np.linalg.slogdet(cov_b)[1] - np.linalg.slogdet(cov_s)[1])
    return 0.5 * (inverse_b - inverse_s), inverse_s @ mean_s - inverse_b @ mean_b, c


def characteristic(t, form, mean, covariance):
    """E exp(i t Q) of Q = x·A x + g·x + c for normal x; ``t`` of shape (k,)."""
    A, g, c = form
    root = np.linalg.cholesky(covariance)
    values, turn = np.linalg.eigh(root.T @ A @ root)
    slope = turn.T @ root.T @ (2 * A @ mean + g)
    constant = mean @ A @ mean + g @ mean + c
    scale = 1 - 2j * np.multiply.outer(t, values)
    exponent = 1j * t * constant - 0.5 * t**2 * (slope**2 / scale).sum(axis=-1)
    return np.exp(exponent - 0.5 * np.log(scale).sum(axis=-1))


def above_zero(phi):
    """P(D > 0) from the characteristic function of D (J. Gil-Pelaez, Biometrika 38 (1951) 481)."""

    def integrand(t):
        return phi(np.array([t]))[0].imag / t

    return 0.5 + sum(quad(integrand, *ends, limit=400)[0] for ends in ((1e-9, 3), (3, 200))) / np.pi


def normal(density):
    return np.array(density.mean), np.array(density.covariance)


def exact_gauss():
    signal, background = normal(GAUSS.signal), normal(GAUSS.background)
    form = quadratic(signal, background)
    return above_zero(
        lambda t: characteristic(t, form, *signal) * characteristic(t, form, *background).conj()
    )


def exact_mix(rings=600, rays=1440, most=9.0):
    """Sort cells of a polar grid by the ratio; none of it is what the lesson does."""
    nodes, steps = np.polynomial.legendre.leggauss(rings)
    radius, steps = most / 2 * (nodes + 1), most / 2 * steps
    angle = (np.arange(rays) + 0.5) * (2 * np.pi / rays)
    points = radius[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    area = (radius * steps)[:, None] * (2 * np.pi / rays)
    s, b = (np.exp(d.log_prob(points)) * area for d in (MIX.signal, MIX.background))
    assert s.sum() == pytest.approx(1, abs=1e-9)
    order = np.argsort(MIX.log_ratio(points), axis=None)
    s, b = s.ravel()[order], b.ravel()[order]
    return float(s @ (np.cumsum(b) - b / 2))


@pytest.fixture(scope="module")
def printed():
    """Text that the cells of the executed lesson print."""
    notebook = json.loads((ROOT / "notebooks" / "best-classifier.ipynb").read_text())
    outputs = [o for cell in notebook["cells"] for o in cell.get("outputs", ())]
    return "\n".join("".join(o.get("text", ())) for o in outputs)


def printed_bound(printed, name):
    value, error = re.search(rf"{name} +bound: AUC = ([\d.]+) ± ([\d.]+)", printed).groups()
    return float(value), float(error)


def test_the_characteristic_function_gives_the_closed_form_of_equal_widths():
    signal = np.array([1.0, 0.5]), np.eye(2)
    background = np.zeros(2), np.eye(2)
    form = quadratic(signal, background)
    found = above_zero(
        lambda t: characteristic(t, form, *signal) * characteristic(t, form, *background).conj()
    )
    assert found == pytest.approx(norm.cdf(np.sqrt(1.25 / 2)), abs=1e-8)


@pytest.mark.parametrize(("name", "oracle"), [("gauss", exact_gauss), ("mix", exact_mix)])
def test_the_printed_bound_is_the_analytic_one(printed, name, oracle):
    value, error = printed_bound(printed, name)
    assert value == pytest.approx(oracle(), abs=1e-3)
    assert abs(value - oracle()) < 4 * error


def test_boxes_give_the_exact_auc_of_mix(printed):
    boxes = float(re.search(r"Exact AUC of mix, by adding up boxes: ([\d.]+)", printed)[1])
    assert boxes == pytest.approx(exact_mix(), abs=2e-5)


def test_the_printed_bound_of_res_is_that_of_many_more_events(printed):
    value, error = printed_bound(printed, "res")
    rng = np.random.default_rng(99)
    draw = recipe("best-classifier")["draw"]
    found = []
    for _ in range(5):
        X, y = draw(RES, 400_000, rng)
        found.append(stats.auc(y, RES.log_ratio(X)))
    many = np.mean(found)
    assert value == pytest.approx(many, abs=1e-3)
    assert abs(value - many) < 4 * np.hypot(error, np.std(found) / 5**0.5)


def test_trees_and_network_come_within_three_thousandths(printed):
    for model in ("trees", "network"):
        assert f"{model}: within 0.003 of the exact AUC on all three problems: True" in printed


def test_the_recorded_curves_fall_and_reach_the_goal():
    recorded = recording("best-classifier")
    assert {"command", "versions", "recorded", "data"} <= recorded.keys()
    for curves in recorded["curves"].values():
        for model in ("trees", "network"):
            first, *_, last = curves[model]
            assert last["events"] >= 200_000
            assert last["mean"] < 0.002
            assert last["mean"] < first["mean"] / 5
        flat = [point["mean"] for point in curves["linear"]]
        assert min(flat) > 0.01


def test_the_recipe_learns_on_few_events():
    lesson = recipe("best-classifier")
    rng = np.random.default_rng(5)
    X, y = lesson["draw"](GAUSS, 2000, rng)
    X_test, y_test = lesson["draw"](GAUSS, 20_000, rng)
    exact = GAUSS.log_ratio(X_test)
    scores = {
        "linear": lesson["log_odds"](lesson["linear"]().fit(X, y), X_test),
        "trees": lesson["log_odds"](lesson["trees"](2000, 1, threads=1).fit(X, y), X_test),
        "network": lesson["log_odds"](lesson["Network"](1, epochs=3).fit(X, y), X_test),
        "exact": exact,
    }
    lacks = lesson["below_bound"](y_test, scores, exact, rng, repeats=5)
    assert lacks["exact"] == (0.0, 0.0)
    for name in ("linear", "trees", "network"):
        lack, error = lacks[name]
        assert 0 < lack < 0.15
        assert 0 < error < 0.01
