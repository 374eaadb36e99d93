"""The exact densities are exact, and no classifier beats their ratio."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from hepml import data
from hepml.data.recipes.known_truth import GAUSS, MIX, RECIPE, RES
from hepml.data.simulate.densities import (
    FallingSpectrum,
    Gaussian,
    LinearGaussian,
    MassWithFeatures,
    Mixture,
    TruncatedGaussian,
)

PROBLEMS = {"gauss": GAUSS, "mix": MIX, "res": RES}
DENSITIES = {
    f"{name} {side}": getattr(problem, side)
    for name, problem in PROBLEMS.items()
    for side in ("signal", "background")
}
FALSE_ALARMS = 1e-3  # of all Kolmogorov-Smirnov tests of this file together
DRAWN = 20_000


@pytest.fixture(scope="module")
def table():
    return data.load("known_truth")


def columns_of(table, prefix):
    return [c for c in table if c.startswith(f"{prefix}_") and c != f"{prefix}_log_ratio"]


@pytest.mark.parametrize("density", [GAUSS.signal, GAUSS.background, *MIX.signal.parts])
def test_gaussians_are_scipy_s(density, rng):
    x = density.sample(50, rng) * 2
    oracle = stats.multivariate_normal(density.mean, density.covariance)
    np.testing.assert_allclose(density.log_prob(x), oracle.logpdf(x), rtol=1e-12)


def test_one_point_and_many_have_the_shapes_of_the_docstring(rng):
    for density in DENSITIES.values():
        x = density.sample(6, rng)
        assert density.log_prob(x[0]).shape == ()
        assert density.log_prob(x.reshape(2, 3, -1)).shape == (2, 3)
        np.testing.assert_allclose(
            density.log_prob(x.reshape(2, 3, -1)).ravel(), density.log_prob(x)
        )


def test_features_given_a_mass_are_scipy_s(rng):
    features = RES.background.features
    for mass in (2500.0, 3500.0, 6000.0):
        shift = np.log(mass / features.reference)
        mean = np.array(features.mean) + shift * np.array(features.slope)
        oracle = stats.multivariate_normal(mean, features.covariance)
        x = oracle.rvs(20, random_state=rng)
        found = features.log_prob(x, np.full(20, mass))
        np.testing.assert_allclose(found, oracle.logpdf(x), rtol=1e-12)


@pytest.mark.parametrize("width", [1.0, 105.0, 5000.0])
def test_the_truncated_gaussian_is_scipy_s(width):
    density = TruncatedGaussian(3500.0, width, 2500.0, 6000.0)
    ends = (2500 - 3500) / width, (6000 - 3500) / width
    x = np.linspace(2400, 6100, 99)
    oracle = stats.truncnorm(*ends, loc=3500, scale=width).logpdf(x)
    np.testing.assert_allclose(density.log_prob(x), oracle, rtol=1e-9)


@pytest.mark.parametrize("mean", [-40.0, 0.5, 40.0])
def test_a_truncated_gaussian_far_from_its_range_is_normalised(mean):
    """Differences of cumulative probabilities near 1 cancel; the tails must be taken apart."""
    density = TruncatedGaussian(mean, 10.0, 0.0, 1.0)
    assert integral(density, 0, 1) == pytest.approx(1, rel=1e-9)


def integral(density, low, high):
    value, _ = integrate.quad(
        lambda x: np.exp(density.log_prob(x)), low, high, epsabs=0, epsrel=1e-12, limit=500
    )
    return value


@pytest.mark.parametrize(("a", "b"), [(8.0, 4.0), (0.0, 2.0), (30.0, 8.0), (3.0, 1.5)])
def test_falling_spectra_are_normalised(a, b):
    density = FallingSpectrum(1000.0, 9000.0, 13_000.0, a, b)
    assert integral(density, 1000, 9000) == pytest.approx(1, rel=1e-11)


def test_a_power_law_has_its_closed_form():
    density = FallingSpectrum(1000.0, 9000.0, 13_000.0, 0.0, 4.0)
    x = np.array([1000.0, 2000.0, 9000.0])
    exact = 3 * x**-4.0 / (1000.0**-3 - 9000.0**-3)
    np.testing.assert_allclose(np.exp(density.log_prob(x)), exact, rtol=1e-12)


@pytest.mark.parametrize("mass", [RES.signal.mass, RES.background.mass])
def test_masses_are_normalised_and_nowhere_else(mass):
    near = np.clip([3000, 3500, 4000], mass.low, mass.high)
    parts = np.unique([mass.low, *near, mass.high])
    total = sum(integral(mass, a, b) for a, b in pairwise(parts))
    assert total == pytest.approx(1, rel=1e-11)
    assert (mass.log_prob([mass.low - 1e-6, mass.high + 1e-6, np.nan]) == -np.inf).all()


@pytest.mark.parametrize("density", [MIX.signal, MIX.background])
def test_mixtures_are_normalised(density):
    """The trapezoidal rule converges faster than any power on functions that die out."""
    axis, step = np.linspace(-10, 10, 401, retstep=True)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    assert np.exp(density.log_prob(grid)).sum() * step**2 == pytest.approx(1, rel=1e-12)


def test_a_joint_density_is_its_mass_times_its_features(rng):
    density = RES.background
    x = density.sample(20, rng)
    parts = density.mass.log_prob(x[:, 0]) + density.features.log_prob(x[:, 1:], x[:, 0])
    np.testing.assert_array_equal(density.log_prob(x), parts)
    x[:, 0] = -1
    assert (density.log_prob(x) == -np.inf).all()


def test_a_joint_density_is_normalised_in_a_mass_and_one_feature():
    """Correlations of mass and feature in two dimensions, where a grid still reaches."""
    features = LinearGaussian(3500.0, (0.1,), (2.0,), ((0.8,),))
    density = MassWithFeatures(RES.background.mass, features)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    mass, mass_weights = 4250 + 1750 * nodes, 1750 * weights
    axis, step = np.linspace(-9, 9, 201, retstep=True)
    grid = np.stack(np.meshgrid(mass, axis, indexing="ij"), axis=-1)
    total = mass_weights @ np.exp(density.log_prob(grid)).sum(axis=1) * step
    assert total == pytest.approx(1, rel=1e-10)


def normal_cdf(mean, variance):
    return stats.norm(mean, np.sqrt(variance)).cdf


def mixture_cdf(mixture, axis):
    cdfs = [normal_cdf(p.mean[axis], p.covariance[axis][axis]) for p in mixture.parts]
    return lambda x: sum(w * c(x) for w, c in zip(mixture.probabilities, cdfs, strict=True))


def spectrum_cdf(mass):
    """Cumulative Simpson rule on a fine grid: exact to 1e-9."""
    grid = np.linspace(mass.low, mass.high, 20_001)
    values = integrate.cumulative_simpson(np.exp(mass.log_prob(grid)), x=grid, initial=0)
    return lambda x: np.interp(x, grid, values)


def marginals():
    """Yield (name, draws, exact cumulative distribution)."""
    rng = np.random.default_rng(20240918)
    for side in ("signal", "background"):
        density = getattr(GAUSS, side)
        x = density.sample(DRAWN, rng)
        for i, mean in enumerate(density.mean):
            yield f"gauss {side} {i}", x[:, i], normal_cdf(mean, density.covariance[i][i])
        first, second = x[:, 0], x[:, 1]
        (a, c), (_, b) = np.array(density.covariance)[:2, :2]
        total = normal_cdf(density.mean[0] + density.mean[1], a + b + 2 * c)
        yield f"gauss {side} correlation", first + second, total
        mixture = getattr(MIX, side)
        x = mixture.sample(DRAWN, rng)
        for i in (0, 1):
            yield f"mix {side} {i}", x[:, i], mixture_cdf(mixture, i)
        joint = getattr(RES, side)
        x = joint.sample(DRAWN, rng)
        yield f"res {side} mass", x[:, 0], spectrum_cdf(joint.mass)
        residual = x[:, 1:] - joint.features.mean_at(x[:, 0])
        for i in range(4):
            variance = joint.features.covariance[i][i]
            yield f"res {side} {i}", residual[:, i], normal_cdf(0, variance)


def test_samples_follow_the_exact_marginals():
    p = {name: stats.kstest(x, cdf).pvalue for name, x, cdf in marginals()}
    assert len(p) == 28
    assert {name for name, value in p.items() if value < FALSE_ALARMS / len(p)} == set()


def test_marginals_tell_a_wrong_density_apart(rng):
    """The same test must see a resonance 2 % off, or it would prove nothing."""
    mass = TruncatedGaussian(3502.0, 107.1, 2500.0, 6000.0).sample(DRAWN * 10, rng)
    assert stats.kstest(mass, spectrum_cdf(RES.signal.mass)).pvalue < FALSE_ALARMS / 28


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_ratio_s_mean_over_background_is_one(name):
    """Expected: the integral of p_s; and its variance is finite, so the error means something."""
    problem, rng = PROBLEMS[name], np.random.default_rng(5)
    ratio = np.exp(problem.log_ratio(problem.background.sample(400_000, rng)))
    assert abs(ratio.mean() - 1) < 4 * ratio.std() / np.sqrt(len(ratio))
    assert ratio.std() / np.sqrt(len(ratio)) < 0.05


def test_the_variance_of_the_gaussian_ratio_is_finite():
    excess = 2 * np.linalg.inv(GAUSS.signal.covariance) - np.linalg.inv(GAUSS.background.covariance)
    assert np.linalg.eigvalsh(excess).min() > 0


@pytest.mark.parametrize("name", PROBLEMS)
def test_stored_ratios_follow_from_the_stored_columns(table, name):
    x = table[columns_of(table, name)].to_numpy(dtype=float)
    found = PROBLEMS[name].log_ratio(x)
    np.testing.assert_allclose(table[f"{name}_log_ratio"], found, rtol=1e-6, atol=1e-6)


@pytest.fixture(scope="module")
def halves(table):
    """Train and test rows: the table comes shuffled."""
    return table.iloc[: len(table) // 2], table.iloc[len(table) // 2 :]


def fitted(model, halves, name):
    """Log-odds that a trained model gives to test events."""
    train, test = halves
    columns = columns_of(train, name)
    scale = train[columns].std()
    with threadpool_limits(1):  # threads of a short fit mostly wait for each other
        model.fit(train[columns] / scale, train["Label"])
    p = model.predict_proba(test[columns] / scale)[:, 1]
    return np.log(p) - np.log1p(-p)


def boosted_trees():
    return HistGradientBoostingClassifier(max_iter=60, random_state=0)


def loss(log_odds, y):
    return np.logaddexp(0, np.where(y == 1, -log_odds, log_odds))


@pytest.mark.parametrize("name", PROBLEMS)
def test_boosted_trees_come_close_and_never_win(halves, name):
    """Cross-entropy event by event: the exact ratio with the right odds has the least mean."""
    _, test = halves
    y, exact = test["Label"].to_numpy(), test[f"{name}_log_ratio"].to_numpy(dtype=float)
    trees = fitted(boosted_trees(), halves, name)
    signal, background = (process.fraction for process in RECIPE.processes)
    worse = loss(trees, y) - loss(exact + np.log(signal / background), y)
    assert worse.mean() > -3 * worse.std() / np.sqrt(len(y))
    assert worse.mean() < 0.05
    best = roc_auc_score(y, exact)
    # Errors of the two on the same events nearly cancel; a tenth of one bounds what is left.
    error = 0.1 * np.sqrt(best * (1 - best) / min(np.bincount(y)))
    assert best - 0.02 < roc_auc_score(y, trees) < best + 3 * error


@pytest.mark.parametrize(
    ("name", "exact", "linear"), [("gauss", 0.90, 0.80), ("mix", 0.85, 0.50), ("res", 0.99, 0.96)]
)
def test_problems_are_of_the_intended_difficulty(halves, name, exact, linear):
    _, test = halves
    y = test["Label"]
    assert roc_auc_score(y, test[f"{name}_log_ratio"]) == pytest.approx(exact, abs=0.015)
    logistic = fitted(LogisticRegression(), halves, name)
    assert roc_auc_score(y, logistic) == pytest.approx(linear, abs=0.03)


def in_window(table):
    return table[(table["res_mass"] - 3500).abs() < 2 * RES.signal.mass.width]


def test_weights_are_the_expected_yields(table):
    sums = table.groupby("Label")["Weight"].sum()
    assert sums[1] == pytest.approx(218, rel=1e-5)
    assert sums[0] == pytest.approx(100_000, rel=1e-5)
    window = in_window(table).groupby("Label")["Weight"].sum()
    assert window[1] / np.sqrt(window[0]) == pytest.approx(2, abs=0.1)


def test_in_the_window_features_tell_more_than_the_mass(table):
    near = in_window(table)
    x, y = near[columns_of(near, "res")].to_numpy(dtype=float), near["Label"]
    mass = RES.signal.mass.log_prob(x[:, 0]) - RES.background.mass.log_prob(x[:, 0])
    assert roc_auc_score(y, mass) < 0.7
    assert roc_auc_score(y, RES.log_ratio(x) - mass) > 0.93


def test_a_naive_cut_on_features_sculpts_the_mass(halves):
    """One in twenty background events kept: those left are heavier, with no signal at all."""
    train, test = (half.drop(columns="res_mass") for half in halves)
    score = fitted(boosted_trees(), (train, test), "res")
    background = test["Label"].to_numpy() == 0
    everything = halves[1]["res_mass"].to_numpy(dtype=float)[background]
    kept = everything[score[background] > np.quantile(score[background], 0.95)]
    assert kept.mean() > everything.mean() + 5 * everything.std() / np.sqrt(len(kept))


def test_problems_are_independent_of_each_other_given_the_class(table):
    for _, own in table.groupby("Label"):
        r = own[["gauss_log_ratio", "mix_log_ratio", "res_log_ratio"]].corr().to_numpy()
        assert np.abs(r[np.triu_indices(3, 1)]).max() < 4 / np.sqrt(len(own))


def test_the_card_names_every_parameter():
    text = str(data.card("known_truth"))
    for parameter in (
        "energy = 13000.0",
        "a = 8.0",
        "b = 4.0",
        "width = 105.0",
        "expected = 218.0",
    ):
        assert f".{parameter}" in text
    assert "gauss.signal.covariance = [[0.5625" in text
    assert "fb^-1" not in text
    assert "cross-section" not in text


def test_densities_of_one_s_own_can_be_mixed(rng):
    unit = ((1.0, 0.0), (0.0, 1.0))
    mixture = Mixture((0.25, 0.75), (Gaussian((-9.0, 0.0), unit), Gaussian((9.0, 0.0), unit)))
    x = mixture.sample(4000, rng)
    assert (x[:, 0] < 0).mean() == pytest.approx(0.25, abs=0.03)
    assert mixture.log_prob([-9.0, 0.0]) == pytest.approx(np.log(0.25 / (2 * np.pi)))
